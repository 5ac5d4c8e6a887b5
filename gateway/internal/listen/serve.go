package listen

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/wire"
)

// serveConn serves one connection's requests, one after the other.
func (s *Server) serveConn(nc net.Conn) error {
	c := nc.(*conn) // every listener is a listener of ours
	// The pipeline sees to its own panics. One in the reading or writing of HTTP costs
	// this connection, and a line says so.
	defer func() {
		if v := recover(); v != nil {
			_ = s.pipeline.Malformed(s.clientIP(c.RemoteAddr(), nil), pipeline.Panicked(v))
		}
	}()
	for s.next(c) && s.one(c) {
		c.enter(idle)
	}
	return nil
}

// next waits for a request's first byte. An empty line before a request is passed
// over (RFC 9112 §2.2).
func (s *Server) next(c *conn) bool {
	if s.draining.Load() {
		return false
	}
	b, err := c.br.Peek(1)
	if err != nil {
		return false
	}
	c.enter(head)
	if b[0] == '\r' {
		if b, err := c.br.Peek(2); err == nil && b[1] == '\n' {
			_, _ = c.br.Discard(2)
		}
	}
	return true
}

// one serves one request, and says whether the connection may bring another.
func (s *Server) one(c *conn) bool {
	c.answered = false
	text, err := wire.ReadHead(c.br)
	c.enter(busy)
	if err == nil {
		m, f := parseHead(text)
		if f == nil {
			return s.reply(c, m)
		}
		err = f
	}
	if err == io.EOF { // nothing but an empty line
		return false
	}
	c.unread.Store(true)
	return s.write(c, s.pipeline.Malformed(s.clientIP(c.RemoteAddr(), nil), malformed(err)), &message{}, nil)
}

// malformed says what was wrong with a head.
func malformed(err error) *fault.Fault {
	var f *fault.Fault
	var n net.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, wire.ErrTooLarge):
		return fault.Newf(fault.BadRequest, "the request's headers have more than %d KiB: send fewer or shorter ones", wire.MaxHead>>10)
	case errors.As(err, &n) && n.Timeout():
		return fault.Newf(fault.BadRequest, "the request's headers took more than %v to arrive", headTimeout).Because(err)
	}
	return unreadable(err)
}

func (s *Server) reply(c *conn, m message) bool {
	if m.Target == "/healthz" {
		return s.write(c, healthy(), &m, nil)
	}
	m.TLS = c.secure
	in := pipeline.Incoming{
		Raw: m.Raw, Length: int(m.length), Provider: c.provider,
		ClientIP:  s.clientIP(c.RemoteAddr(), m.Headers),
		Interrupt: c.interrupt, Watch: c.watch,
	}
	if !m.old {
		in.Interim = c.interim
	}
	var b *body
	if m.length != 0 {
		b = newBody(c, &m)
		in.Body, in.Trailers = b, b.trailers
	}
	return s.write(c, s.pipeline.Serve(in), &m, b)
}

// body is a request's body. Where the agent waits for leave to send it, the first
// Read gives that leave: a request that is refused is never asked for its body.
type body struct {
	wire.Body
	conn   *conn
	expect atomic.Bool
	small  bool // it may be read to its end for nothing
	// Another goroutine may read while the answer's head is made.
	begun, whole atomic.Bool
}

// drainable is what may be read of a body that nobody wanted, so that the
// connection can go on.
const drainable = 256 << 10

func newBody(c *conn, m *message) *body {
	b := &body{conn: c, small: m.length > 0 && m.length <= drainable}
	if m.length == wire.Chunked {
		b.Body = wire.NewChunked(c.br)
	} else {
		b.Body = wire.NewFixed(c.br, m.length)
	}
	b.expect.Store(m.expects())
	return b
}

func (b *body) Read(p []byte) (int, error) {
	if !b.begun.Load() {
		b.begun.Store(true)
		if b.expect.Swap(false) {
			b.conn.interim(100, "Continue", nil)
		}
	}
	n, err := b.Body.Read(p)
	if b.Body.Whole() {
		b.whole.Store(true)
	}
	return n, err
}

func (b *body) trailers() []request.Header {
	if c, ok := b.Body.(*wire.ChunkedBody); ok {
		return c.Trailers()
	}
	return nil
}

// leaves says that the connection can go on after the answer: the body was read
// to its end, or is small and nobody has begun it.
func (b *body) leaves() bool {
	return b == nil || b.whole.Load() || b.small && !b.begun.Load() && !b.expect.Load()
}

// drain reads what is left of it, when nobody reads it any more.
func (b *body) drain() bool {
	if b == nil || b.whole.Load() {
		return true
	}
	if b.leaves() {
		_ = b.conn.SetReadDeadline(time.Now().Add(lingerTimeout))
		b.conn.readSet = time.Now()
		if _, err := io.Copy(io.Discard, b.Body); err == nil && b.Body.Whole() {
			return true
		}
	}
	b.conn.unread.Store(true)
	return false
}
