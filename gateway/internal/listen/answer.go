package listen

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/wire"
)

// An answer's pieces are small until one fills its buffer: an idle stream then
// costs little, and a download is fast.
const (
	smallPiece = 4 << 10
	largePiece = 64 << 10
)

var smallPieces = sync.Pool{New: func() any { b := make([]byte, smallPiece); return &b }}
var largePieces = sync.Pool{New: func() any { b := make([]byte, largePiece); return &b }}

// healthy is the answer that says that the broker serves.
func healthy() pipeline.Reply {
	return pipeline.Reply{
		Status: 200, Length: len("ok\n"), Body: io.NopCloser(strings.NewReader("ok\n")),
		Headers: []request.Header{{Name: "Content-Type", Value: "text/plain"}},
	}
}

// write writes the reply to m, whose body is b or nil. It ends the exchange, and
// says whether the connection may bring another request.
func (s *Server) write(c *conn, r pipeline.Reply, m *message, b *body) bool {
	streams := r.Body != nil && r.Length < 0
	keep := !r.Close && m.keeps() && b.leaves() && !(streams && m.old) && !s.draining.Load() && m.Method != ""
	c.out.Lock()
	c.answered = true
	c.out.Unlock()
	piece := smallPieces.Get().(*[]byte)
	w := writer{conn: c, buf: *piece, chunked: streams && !m.old}
	w.buf = appendHead(w.buf[:0], r.Status, r.Reason, r.Headers)
	w.frame(&r, m, keep)
	err := w.send(&r)
	smallPieces.Put(piece)
	w.end(&r)
	return b.drain() && keep && err == nil
}

func appendHead(b []byte, status int, reason string, headers []request.Header) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(append(append(b, ' '), reason...), "\r\n"...)
	for _, h := range headers {
		b = append(append(append(append(b, h.Name...), ": "...), h.Value...), "\r\n"...)
	}
	return b
}

// writer writes one answer. buf holds the head until it is written.
type writer struct {
	conn    *conn
	buf     []byte
	chunked bool
}

// frame ends the head with what frames the body and the connection. An answer
// without a body may say how long one would be (RFC 9110 §8.6), but 204 may not.
func (w *writer) frame(r *pipeline.Reply, m *message, keep bool) {
	switch {
	case w.chunked:
		w.buf = append(w.buf, "Transfer-Encoding: chunked\r\n"...)
	case r.Length >= 0 && r.Status != 204:
		w.buf = append(strconv.AppendInt(append(w.buf, "Content-Length: "...), int64(r.Length), 10), "\r\n"...)
	}
	switch {
	case !keep:
		w.buf = append(w.buf, "Connection: close\r\n"...)
	case m.old:
		w.buf = append(w.buf, "Connection: keep-alive\r\n"...)
	}
	w.buf = append(w.buf, "\r\n"...)
}

// end ends the exchange: its line is in the access log before the agent has the
// last byte, and so an agent finds there what it has had. Doing it again does
// nothing.
func (w *writer) end(r *pipeline.Reply) {
	w.conn.watch(nil)
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

var errShort = errors.New("the body is shorter than its length")

// send writes head and body. The head goes out with the body's first bytes where
// those are there already.
func (w *writer) send(r *pipeline.Reply) error {
	if r.Body == nil || r.Length == 0 {
		w.end(r)
		return w.flush()
	}
	if w.chunked || r.Slow || r.Length < 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if w.chunked {
		return w.chunks(r)
	}
	return w.plain(r)
}

// flush writes the head alone.
func (w *writer) flush() error {
	_, err := w.conn.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// plain writes the body as it is: its length, or where that isn't known to its
// end.
func (w *writer) plain(r *pipeline.Reply) error {
	head := len(w.buf)
	if cap(w.buf)-head < smallPiece/2 {
		w.buf = append(make([]byte, 0, head+smallPiece), w.buf...)
	}
	buf := w.buf[:cap(w.buf)]
	var large *[]byte
	defer func() {
		if large != nil {
			largePieces.Put(large)
		}
	}()
	for left := r.Length; left != 0; {
		n, err := r.Body.Read(buf[head:])
		if left > 0 {
			n = min(n, left)
			left -= n
		}
		if left == 0 || err == io.EOF {
			w.end(r)
		}
		// The head goes out even where the body breaks off at once: a client that
		// sees a connection close before the first byte of an answer may take it for
		// one that was idle, and send its request again.
		if n+head > 0 {
			if _, werr := w.conn.Write(buf[:head+n]); werr != nil {
				return werr
			}
		}
		if err == io.EOF && left > 0 {
			return errShort
		}
		if err != nil {
			return ended(err)
		}
		if full := head+n == len(buf); full && large == nil && left != 0 {
			large = largePieces.Get().(*[]byte)
			buf = *large
		}
		head = 0
	}
	return nil
}

func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// chunks writes the body in chunks, each as soon as it came, and the trailers.
func (w *writer) chunks(r *pipeline.Reply) error {
	chunk := wire.NewChunk(w.buf[:cap(w.buf)])
	var large *[]byte
	defer func() {
		if large != nil {
			largePieces.Put(large)
		}
	}()
	for {
		n, err := r.Body.Read(chunk.Room())
		if n > 0 {
			if _, werr := w.conn.Write(chunk.Framed(n)); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err // without its end, the agent can tell that it was cut
		}
		if n == len(chunk.Room()) && large == nil {
			large = largePieces.Get().(*[]byte)
			chunk = wire.NewChunk(*large)
		}
	}
	last := append(w.buf[:0], wire.LastChunk...) // what is left of buf is no chunk's any more
	if r.Trailers != nil {
		for _, t := range r.Trailers() {
			if mayTrail(t.Name) {
				last = append(append(append(append(last, t.Name...), ": "...), t.Value...), "\r\n"...)
			}
		}
	}
	w.end(r)
	_, err := w.conn.Write(append(last, "\r\n"...))
	return err
}

// mayTrail refuses the names that change what a message's head has said (RFC 9110
// §6.5.1): a client that takes trailers for headers could be misled by them.
func mayTrail(name string) bool {
	lower := strings.ToLower(name)
	switch lower {
	case "authorization", "cache-control", "connection", "expect", "host", "keep-alive", "location", "max-forwards",
		"range", "retry-after", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "www-authenticate":
		return false
	}
	return !strings.HasPrefix(lower, "content-") && !strings.HasPrefix(lower, "proxy-") && !strings.HasPrefix(lower, "x-seks-")
}
