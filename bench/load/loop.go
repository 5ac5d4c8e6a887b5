package load

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// stall is how long any peer may be silent before a run fails.
const stall = 10 * time.Second

// Options are those of one run.
type Options struct {
	Address     string // host:port
	Request     []byte // head and body, as they go on the wire
	Connections int
	Warm        time.Duration // not counted
	Measure     time.Duration
	Begin       func() // called when the warm-up has ended; may be nil
}

// poll serves many sockets from one thread.
type poll struct {
	epoll int
	conns []*conn
	byFD  map[int32]*conn
}

// conn is a connection in a poll, with what it has of an answer.
type conn struct {
	socket
	buf   []byte
	inner dechunker
	head  head
}

// open connects o.Connections sockets.
func open(o Options) (p *poll, err error) {
	p = &poll{byFD: map[int32]*conn{}}
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	for range o.Connections {
		s, err := dial(o.Address)
		if err != nil {
			p.close()
			return nil, err
		}
		c := &conn{socket: s}
		p.conns = append(p.conns, c)
		p.byFD[int32(s)] = c
		if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, int(s), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s)}); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (p *poll) close() {
	for _, c := range p.conns {
		c.close()
	}
	_ = unix.Close(p.epoll)
}

// run hands each connection with something to read to step, until the time is
// over. A warm-up goes before.
func (p *poll) run(o Options, step func(c *conn) error) (measured time.Duration, err error) {
	// One thread, so that the kernel needn't wake another for each answer.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, err := p.until(time.Now().Add(o.Warm), step); err != nil {
		return 0, err
	}
	if o.Begin != nil {
		o.Begin()
	}
	return p.until(time.Now().Add(o.Measure), step)
}

func (p *poll) until(end time.Time, step func(c *conn) error) (time.Duration, error) {
	begin := time.Now()
	last := begin
	events := make([]unix.EpollEvent, max(len(p.conns), 1))
	for now := begin; now.Before(end); now = time.Now() {
		n, err := unix.EpollWait(p.epoll, events, int(max(end.Sub(now).Milliseconds(), 1)))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return 0, err
		}
		for _, e := range events[:max(n, 0)] {
			if err := step(p.byFD[e.Fd]); err != nil {
				return 0, err
			}
			last = now
		}
		if time.Since(last) > stall {
			return 0, fmt.Errorf("nothing came for %s", stall)
		}
	}
	return time.Since(begin), nil
}

// Closed sends requests on all connections, on each the next one as soon as the
// answer is there, and gives how many answers a second came. Any answer but a
// whole 200 fails it.
func Closed(o Options) (perSecond float64, err error) {
	p, err := open(o)
	if err != nil {
		return 0, err
	}
	defer p.close()
	for _, c := range p.conns {
		if err := c.write(o.Request); err != nil {
			return 0, err
		}
	}
	answers := 0
	begin := o.Begin
	o.Begin = func() {
		answers = 0
		if begin != nil {
			begin()
		}
	}
	scratch := make([]byte, 64<<10)
	took, err := p.run(o, func(c *conn) error {
		n, err := c.read(scratch)
		if err != nil || n == 0 {
			return errors.Join(errors.New("the connection ended"), err)
		}
		answer := scratch[:n]
		if len(c.buf) > 0 {
			c.buf = append(c.buf, answer...)
			answer = c.buf
		}
		done, err := whole(answer)
		if err != nil {
			return err
		}
		if !done {
			c.buf = append(c.buf[:0], answer...)
			return nil
		}
		c.buf = c.buf[:0]
		answers++
		return c.write(o.Request)
	})
	return float64(answers) / took.Seconds(), err
}

// errCut is a connection that ended within an answer.
var errCut = fmt.Errorf("the answer was cut: %w", io.ErrUnexpectedEOF)
