package upstream

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/valyala/fasthttp"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/wire"
)

// exchange is one request on one connection.
type exchange struct {
	conn *watchedConn
	br   *bufio.Reader
	// release gives the connection back to its pool, or closes it.
	release func(reuse bool)

	body   wire.Body
	keep   bool // the answer allows another request on the connection
	upload *upload

	mu    sync.Mutex
	ended bool
}

// abort cuts the exchange, from any goroutine. One that has ended is left alone:
// its connection may serve another by now.
func (e *exchange) abort() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		_ = e.conn.Close()
	}
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}

var writes = sync.Pool{New: func() any { b := make([]byte, 0, 8<<10); return &b }}

// smallBody is what is read from the agent before anything is sent: it then
// leaves in one write with its head, with no goroutine.
const smallBody = 32 << 10

// begin takes a connection and sends the request on it. again is set where the
// connection was kept from before, so that a failure may only mean that the API
// had closed it.
func begin(pool *fasthttp.HostClient) (e *exchange, again bool, err error) {
	for {
		cc, err := pool.AcquireConn(0, false)
		if err != nil {
			return nil, false, err
		}
		conn := watched(cc.Conn())
		if conn.used && conn.stale() {
			pool.CloseConn(cc)
			continue
		}
		again, conn.used = conn.used, true
		br := readers.Get().(*bufio.Reader)
		br.Reset(cc.Conn())
		return &exchange{conn: conn, br: br, release: func(reuse bool) {
			if reuse {
				pool.ReleaseConn(cc)
			} else {
				pool.CloseConn(cc)
			}
		}}, again, nil
	}
}

// send writes the head, and as much of the body as is small; the rest goes on
// in the background, so that an answer is read whenever it comes.
func (e *exchange) send(in apply.Injected, body Body) error {
	buf := writes.Get().(*[]byte)
	defer func() {
		clear(*buf) // it holds the credential
		writes.Put(buf)
	}()
	b := appendHead((*buf)[:0], in, body)
	if body.Reader != nil && body.Length >= 0 && body.Length <= smallBody {
		at := len(b)
		b = append(b, make([]byte, body.Length)...)
		if _, err := io.ReadFull(body.Reader, b[at:]); err != nil {
			*buf = b
			return errUpload{err}
		}
		body.Reader = nil
	}
	*buf = b
	if _, err := e.conn.top.Write(b); err != nil {
		return err
	}
	if body.Reader != nil {
		e.upload = startUpload(e.conn, body)
	}
	return nil
}

// appendHead writes the request line and headers: Host first, then the headers
// as they stand, then the framing.
func appendHead(b []byte, in apply.Injected, body Body) []byte {
	b = append(b, in.Method()...)
	b = append(b, ' ')
	b = append(b, in.Target()...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, in.Origin().Host...)
	for _, h := range in.Headers() {
		b = append(b, "\r\n"...)
		b = append(b, h.Name...)
		b = append(b, ": "...)
		b = append(b, h.Value...)
	}
	switch {
	case body.Reader != nil && body.Length < 0:
		b = append(b, "\r\nTransfer-Encoding: chunked"...)
	case body.Reader != nil || in.Method() == "POST" || in.Method() == "PUT" || in.Method() == "PATCH":
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(max(body.Length, 0)), 10)
	}
	return append(b, "\r\n\r\n"...)
}

// answer reads the head of the answer; interim ones are handed on, but for 100,
// which nobody asked for.
func (e *exchange) answer(method string, interim func(int, string, []request.Header)) (Answer, error) {
	for range maxInterim {
		h, err := readHead(e.br)
		if err != nil {
			return Answer{}, err
		}
		if h.status == 101 {
			return Answer{}, wire.Errorf("it switches protocols, which nobody asked for")
		}
		if h.status < 200 {
			if h.status != 100 && interim != nil {
				interim(h.status, h.reason, h.headers)
			}
			continue
		}
		length, err := h.framing(method)
		if err != nil {
			return Answer{}, err
		}
		e.keep = h.keeps()
		a := Answer{Status: h.status, Reason: h.reason, Headers: h.headers, Length: int(length), exchange: e}
		e.frame(&a, method, length)
		return a, nil
	}
	return Answer{}, wire.Errorf("more than %d interim answers before the real one", maxInterim)
}

func (e *exchange) frame(a *Answer, method string, length int64) {
	switch {
	case method == "HEAD" || a.Status == 204 || a.Status == 304:
		e.body = wire.NewFixed(e.br, 0)
		a.Length = int(max(length, -1))
		return
	case length == wire.Unsaid:
		e.body = wire.UntilClose{Reader: e.br}
		a.Length = -1
	case length == wire.Chunked:
		e.body = wire.NewChunked(e.br)
	default:
		e.body = wire.NewFixed(e.br, length)
	}
	a.Body = e.body
}

// trailers are those of a chunked answer, once its body was read to the end.
func (e *exchange) trailers() []request.Header {
	if c, ok := e.body.(*wire.ChunkedBody); ok {
		return c.Trailers()
	}
	return nil
}

// end gives the connection back if it is clean: the whole answer read, nothing
// behind it, and the whole request sent.
func (e *exchange) end() {
	reuse := e.keep && e.body != nil && e.body.Whole() && e.br.Buffered() == 0
	if e.upload != nil {
		if !e.upload.stop() {
			reuse = false
		}
	}
	e.mu.Lock()
	e.ended = true
	e.mu.Unlock()
	e.br.Reset(nil)
	readers.Put(e.br)
	e.release(reuse)
}

// errUpload is a request body that the agent did not send whole.
type errUpload struct{ error }

func (e errUpload) Unwrap() error { return e.error }

// refusedEarly says whether err can mean that a kept connection was closed by
// the API before it saw the request.
func refusedEarly(err error) bool {
	var proto wire.Error
	var cut errUpload
	return !errors.As(err, &proto) && !errors.As(err, &cut) && !errors.Is(err, io.ErrUnexpectedEOF)
}
