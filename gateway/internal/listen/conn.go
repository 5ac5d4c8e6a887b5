package listen

import (
	"bufio"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// conn is an agent's connection, above TLS where there is any. It can tell that
// an agent has gone while nothing is written to it, and neither its reads nor its
// writes can hang for ever.
type conn struct {
	net.Conn
	provider string          // whose listener it came in by
	secure   bool            // TLS
	raw      syscall.RawConn // of the socket itself; nil where there is none
	br       *bufio.Reader   // reads from conn

	// When each deadline was set last; zero for none.
	readSet, writeSet time.Time

	mu    sync.Mutex
	phase phase
	since time.Time // when the phase, or the wait for an upstream, began
	abort func()    // ends what the agent is waiting for

	out      sync.Mutex // held while an interim answer is written
	answered bool       // the final answer's head has begun

	gone   atomic.Bool // the agent has
	unread atomic.Bool // a body was not read to its end
}

// phase is what a connection waits for.
type phase uint8

const (
	fresh phase = iota // its first byte
	idle               // another request's first byte
	head               // the rest of a head
	busy               // a request is being served
)

// connBuffer holds most heads, and is what an idle connection costs.
const connBuffer = 4 << 10

func newConn(c net.Conn, socket net.Conn, provider string) *conn {
	w := &conn{Conn: c, provider: provider, secure: c != socket, since: time.Now()}
	if s, ok := socket.(syscall.Conn); ok {
		w.raw, _ = s.SyscallConn()
	}
	w.br = bufio.NewReaderSize(w, connBuffer)
	return w
}

// enter begins a phase.
func (c *conn) enter(p phase) {
	now := time.Now()
	c.mu.Lock()
	c.phase, c.since = p, now
	c.mu.Unlock()
	if p == idle && !c.readSet.IsZero() {
		c.readSet = time.Time{}
		_ = c.SetReadDeadline(time.Time{})
	}
}

// Read bounds the wait for a piece of a body; how long a head may take is looked
// after by Server.look, which costs a request nothing.
func (c *conn) Read(p []byte) (int, error) {
	if c.phase == busy { // only the serving goroutine changes it, and none reads meanwhile
		if err := move(&c.readSet, c.SetReadDeadline); err != nil {
			return 0, err
		}
		if c.unread.Load() { // interrupted, maybe just before the deadline was moved on
			return 0, os.ErrDeadlineExceeded
		}
	}
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	if err := move(&c.writeSet, c.SetWriteDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// move moves a deadline on, at most once a second: setting one costs more than
// reading the clock.
func move(set *time.Time, deadline func(time.Time) error) error {
	now := time.Now()
	if now.Sub(*set) < time.Second {
		return nil
	}
	*set = now
	return deadline(now.Add(stallTimeout))
}

// interim sends an interim answer, unless the final one has begun.
func (c *conn) interim(status int, reason string, headers []request.Header) {
	c.out.Lock()
	defer c.out.Unlock()
	if !c.answered {
		_, _ = c.Write(append(appendHead(nil, status, reason, headers), "\r\n"...))
	}
}

// watch notes what to abort when the agent has gone; nil for nothing.
func (c *conn) watch(abort func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.abort = abort; abort != nil {
		c.since = time.Now()
		if c.gone.Load() {
			abort()
		}
	}
}

// look ends a wait that has taken too long, and aborts what the agent waits for
// if it has gone. Requests that have only just begun are left alone, so that
// short ones cost nothing here.
func (c *conn) look(now time.Time, idleTimeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waited := now.Sub(c.since)
	switch c.phase {
	case fresh, head:
		if waited > headTimeout {
			c.wake()
		}
	case idle:
		if idleTimeout > 0 && waited > idleTimeout {
			c.wake()
		}
	case busy:
		if c.abort != nil && waited >= lookEvery && c.closed() {
			c.gone.Store(true)
			c.abort()
			c.abort = nil
		}
	}
}

// wake ends a read that hangs; the connection is then not used again.
func (c *conn) wake() { _ = c.SetReadDeadline(time.Unix(1, 0)) }

// rest ends the connection if it waits for a request.
func (c *conn) rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == fresh || c.phase == idle {
		c.wake()
	}
}

// interrupt ends a read of a body that hangs.
func (c *conn) interrupt() {
	c.unread.Store(true)
	c.wake()
}

// closed asks the kernel: a TCP connection whose peer has sent its end is in
// CLOSE_WAIT, whatever lies unread before it; on a unix socket an empty read says
// the same. A client that only shut its sending side down counts as gone, as it
// does for other proxies.
func (c *conn) closed() bool {
	if c.raw == nil {
		return false
	}
	gone := false
	_ = c.raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			const established = 1
			gone = info.State != established
			return
		}
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		gone = n == 0 && err == nil || err == unix.ECONNRESET
	})
	return gone
}

// Close lingers where the agent may still be sending: to close at once would
// reset the connection, and the reset could overtake the answer.
func (c *conn) Close() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.sending() {
		_ = half.CloseWrite()
		_ = c.SetReadDeadline(time.Now().Add(lingerTimeout))
		buf := make([]byte, 16<<10)
		for total := 0; total < lingerBytes; {
			n, err := c.Conn.Read(buf)
			total += n
			if err != nil {
				break
			}
		}
	}
	return c.Conn.Close()
}

// sending says that there is unread input of the agent's, or more to come.
func (c *conn) sending() bool {
	if c.unread.Load() {
		return true
	}
	if c.raw == nil {
		return false
	}
	unread := 0
	_ = c.raw.Control(func(fd uintptr) { unread, _ = unix.IoctlGetInt(int(fd), unix.SIOCINQ) })
	return unread > 0
}
