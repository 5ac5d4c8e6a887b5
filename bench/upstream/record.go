package upstream

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Seen is a request as it arrived.
type Seen struct {
	Method     string
	Target     string // as in the request line
	Host       string
	Head       []byte      // request line and headers, as on the wire, with the empty line
	Headers    [][2]string // in order, names as on the wire
	Body       []byte      // its beginning, without transfer coding
	BodyBytes  int64       // how much of it was read
	BodySHA256 string      // of what was read, in hex; "" with ?nohash=1
	BodyDone   bool        // read to its end
}

// Values gives the values of every header of that name, in any case of letters.
func (s Seen) Values(name string) []string {
	var values []string
	for _, h := range s.Headers {
		if strings.EqualFold(h[0], name) {
			values = append(values, h[1])
		}
	}
	return values
}

// recorder keeps what arrives, within bounds.
type recorder struct {
	mu        sync.Mutex
	seen      []*seenBody
	maxSeen   int
	maxBody   int
	raw       []*bytes.Buffer // one a connection, so that two don't mix
	rawBudget int64
}

// seenBody is a Seen whose body may still be on its way.
type seenBody struct {
	Seen
	hash hash.Hash // nil: not hashed
}

func orDefault[N int | int64](n, standard N) N {
	if n == 0 {
		return standard
	}
	return max(n, 0)
}

func (c *recorder) init(o Options) {
	c.maxSeen = orDefault(o.Record, 1000)
	c.maxBody = orDefault(o.BodyLimit, 64<<10)
	c.rawBudget = orDefault(o.RawLimit, 16<<20)
}

// Requests gives the newest requests so far, oldest first.
func (s *Server) Requests() []Seen {
	c := &s.record
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Seen
	for _, b := range c.seen {
		one := b.Seen
		one.Body = bytes.Clone(b.Body)
		if b.hash != nil {
			one.BodySHA256 = hex.EncodeToString(b.hash.Sum(nil))
		}
		all = append(all, one)
	}
	return all
}

// RawIn gives the bytes that arrived (after TLS, where there is TLS), up to the
// limit: connection after connection, with a line feed between two.
func (s *Server) RawIn() []byte {
	c := &s.record
	c.mu.Lock()
	defer c.mu.Unlock()
	var all [][]byte
	for _, b := range c.raw {
		all = append(all, b.Bytes())
	}
	return bytes.Join(all, []byte("\n"))
}

// begin records the request, and its body as the handler reads it.
func (c *recorder) begin(r *http.Request) {
	conn := connOf(r.Context())
	if conn == nil {
		return
	}
	head := conn.nextHead()
	if c.maxSeen == 0 {
		return
	}
	b := &seenBody{Seen: Seen{Method: r.Method, Target: r.RequestURI, Host: r.Host, Head: head, Headers: headerLines(head)}}
	if r.URL.Query().Get("nohash") != "1" {
		b.hash = sha256.New()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) >= c.maxSeen {
		c.seen = slices.Delete(c.seen, 0, 1)
	}
	c.seen = append(c.seen, b)
	b.BodyDone = r.Body == http.NoBody
	r.Body = &recordedBody{r.Body, c, b}
}

type recordedBody struct {
	io.ReadCloser
	recorder *recorder
	seen     *seenBody
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.recorder.mu.Lock()
	defer b.recorder.mu.Unlock()
	b.seen.BodyBytes += int64(n)
	b.seen.BodyDone = b.seen.BodyDone || err == io.EOF
	if b.seen.hash != nil {
		b.seen.hash.Write(p[:n])
	}
	room := max(b.recorder.maxBody-len(b.seen.Body), 0)
	b.seen.Body = append(b.seen.Body, p[:min(n, room)]...)
	return n, err
}

// listener wraps inner so that what arrives is recorded; with nothing to
// record it is left alone, and costs nothing.
func (c *recorder) listener(inner net.Listener) net.Listener {
	if c.maxSeen == 0 && c.rawBudget == 0 {
		return inner
	}
	return &recordingListener{inner, c}
}

type recordingListener struct {
	net.Listener
	recorder *recorder
}

func (l *recordingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &recordedConn{Conn: c, recorder: l.recorder}, nil
}

// recordedConn sees every byte before net/http does.
type recordedConn struct {
	net.Conn
	recorder *recorder
	raw      *bytes.Buffer

	mu   sync.Mutex // net/http reads ahead while the handler runs
	wire wire
	head []byte // of the request that is being served
}

func (c *recordedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.keep(p[:n])
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wire.feed(p[:n])
	return n, err
}

func (c *recordedConn) keep(b []byte) {
	r := c.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(int64(len(b)), r.rawBudget)
	if n == 0 {
		return
	}
	if c.raw == nil {
		c.raw = &bytes.Buffer{}
		r.raw = append(r.raw, c.raw)
	}
	c.raw.Write(b[:n])
	r.rawBudget -= n
}

func (c *recordedConn) nextHead() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head = c.wire.next()
	return c.head
}

func (c *recordedConn) current() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	if rc, ok := c.(*recordedConn); ok {
		return context.WithValue(ctx, connKey{}, rc)
	}
	return ctx
}

// connOf gives the recorded connection of a request, nil where nothing is recorded.
func connOf(ctx context.Context) *recordedConn {
	c, _ := ctx.Value(connKey{}).(*recordedConn)
	return c
}
