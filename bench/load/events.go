package load

import (
	"bytes"
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// Stamp begins the data of each event: behind it, in decimal, is Now of when the
// upstream wrote it.
const Stamp = `data: {"sent":`

// Now is the machine's monotonic clock in nanoseconds: the same in all of its
// processes, so that one can time what another sent.
func Now() int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) // it can't fail for this clock
	return t.Nano()
}

// Events opens one stream on each connection and reads events from all until the
// time is over. It gives each event's time from the upstream's write to here, in
// microseconds, and the events a second.
func Events(o Options) (micros []float64, perSecond float64, err error) {
	p, err := open(o)
	if err != nil {
		return nil, 0, err
	}
	defer p.close()
	for _, c := range p.conns {
		if err := c.write(o.Request); err != nil {
			return nil, 0, err
		}
	}
	begin := o.Begin
	o.Begin = func() {
		micros = micros[:0]
		if begin != nil {
			begin()
		}
	}
	scratch := make([]byte, 64<<10)
	took, err := p.run(o, func(c *conn) error {
		n, err := c.read(scratch)
		if err != nil || n == 0 {
			return errors.Join(errors.New("a stream ended"), err)
		}
		if err := c.streamed(scratch[:n]); err != nil {
			return err
		}
		micros, err = c.events(micros)
		return err
	})
	return micros, float64(len(micros)) / took.Seconds(), err
}

// streamed takes in what came on a stream: buf then holds undecoded text of
// events, or the start of a head.
func (c *conn) streamed(p []byte) (err error) {
	if c.head.size == 0 {
		c.buf = append(c.buf, p...)
		if c.head, err = readHead(c.buf); err != nil || c.head.size == 0 {
			return err
		}
		if c.head.length >= 0 {
			return errors.New("a stream of known length")
		}
		p, c.buf = bytes.Clone(c.buf[c.head.size:]), c.buf[:0]
	}
	c.buf, err = c.inner.feed(c.buf, p)
	return err
}

// events takes the whole events out of buf.
func (c *conn) events(micros []float64) ([]float64, error) {
	if c.head.size == 0 {
		return micros, nil
	}
	now := Now()
	rest := c.buf
	for {
		event, after, whole := bytes.Cut(rest, []byte("\n\n"))
		if !whole {
			c.buf = append(c.buf[:0], rest...)
			return micros, nil
		}
		rest = after
		value, ok := bytes.CutPrefix(event, []byte(Stamp))
		if !ok {
			return micros, errors.New("an event without its time: " + strconv.Quote(string(event)))
		}
		digits, _, _ := bytes.Cut(value, []byte(","))
		sent, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil {
			return micros, err
		}
		micros = append(micros, float64(now-sent)/1e3)
	}
}
