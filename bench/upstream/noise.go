package upstream

import (
	"bytes"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Hostile makes some answers, picked at random, look as no usual server writes
// them, though they are right by RFC 9110 and 9112: bytes that leave in odd
// pieces with pauses of up to 2 ms between them, interim answers before the
// real one, names of headers in any case, chunks of any size, with extensions,
// and a trailer that nobody announced. No client may see a difference.
type Hostile struct {
	Probability float64 // that an answer is one of these; 0: none is
	Seed        uint64  // 0: Start picks one, see Server.Seed
	NoInterim   bool    // without interim answers: Python's http.client, among others, can't read them
}

// Bounds of the noise in one answer, so that a download stays a download.
const (
	noisyBytes  = 32 << 10 // from its beginning; the rest leaves as it is
	noisyPieces = 12       // of one write
	noisyPause  = 2 * time.Millisecond
)

// noisyListener hands out connections whose answers are noisy now and then.
type noisyListener struct {
	net.Listener
	hostile Hostile
	conns   uint64
}

func (l *noisyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.conns++ // only one goroutine accepts
	rng := rand.New(rand.NewPCG(l.hostile.Seed, l.conns))
	return &noisyConn{Conn: c, probability: l.hostile.Probability, noise: noise{rng: rng, noInterim: l.hostile.NoInterim}}, nil
}

// noisyConn writes what net/http writes, in other bytes of the same meaning.
type noisyConn struct {
	net.Conn
	probability float64

	mu    sync.Mutex // net/http reads ahead while the handler writes
	asked wire       // the requests, to know what is an answer to HEAD
	noise noise
	quiet bool
}

func (c *noisyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked.feed(p[:n])
	return n, err
}

func (c *noisyConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quiet {
		return c.Conn.Write(p)
	}
	out := c.noise.rewrite(p, c.begin)
	if err := c.send(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// hush lets everything through as it is, from now on.
func (c *noisyConn) hush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quiet = true
}

// begin says of the next answer what it is an answer to, and whether it gets noise.
func (c *noisyConn) begin() (request []byte, loud bool) {
	request = c.asked.next()
	return request, request != nil && c.noise.rng.Float64() < c.probability
}

// send writes out, in pieces where the answer is a noisy one.
func (c *noisyConn) send(out []byte) error {
	n := &c.noise
	for range noisyPieces {
		if n.budget <= 0 || len(out) < 2 || !n.chance() {
			break
		}
		cut := 1 + n.rng.IntN(min(len(out)-1, 200))
		if _, err := c.Conn.Write(out[:cut]); err != nil {
			return err
		}
		out = out[cut:]
		time.Sleep(time.Duration(n.rng.Int64N(int64(noisyPause))))
	}
	if len(out) == 0 {
		return nil
	}
	_, err := c.Conn.Write(out)
	return err
}

// noise rewrites the answers of one connection as they pass.
type noise struct {
	rng       *rand.Rand
	noInterim bool
	state     wireState
	part      []byte // of a head or line that is not whole yet
	left      int64  // of a body or chunk
	loud      bool   // this answer is a noisy one
	budget    int    // how many of its bytes still are
}

func (n *noise) chance() bool { return n.rng.IntN(2) == 0 }

// rewrite takes the next bytes and gives what to send for them.
func (n *noise) rewrite(p []byte, begin func() (request []byte, loud bool)) (out []byte) {
	for len(p) > 0 {
		switch n.state {
		case inHead:
			p = n.feedHead(p, &out, begin)
		case inBody:
			p = n.pass(p, &out, inHead)
		case inChunk:
			p = n.pass(p, &out, inChunkEnd)
		case lost:
			out, p = append(out, p...), nil
		default:
			p = n.feedLine(p, &out)
		}
	}
	n.budget -= len(out)
	return out
}

// pass lets the bytes of a body or chunk through; then follows the state then.
func (n *noise) pass(p []byte, out *[]byte, then wireState) []byte {
	k := min(n.left, int64(len(p)))
	if then == inChunkEnd {
		n.chunks(p[:k], out)
	} else {
		*out = append(*out, p[:k]...)
	}
	if n.left -= k; n.left == 0 {
		n.state = then
	}
	return p[k:]
}

// feedHead collects a head, and sends it once it is whole.
func (n *noise) feedHead(p []byte, out *[]byte, begin func() ([]byte, bool)) []byte {
	had := len(n.part)
	n.part = append(n.part, p...)
	end := bytes.Index(n.part, []byte("\r\n\r\n"))
	if end < 0 {
		return nil
	}
	head := string(n.part[:end+4])
	rest := p[end+4-had:]
	n.part = n.part[:0]
	if strings.HasPrefix(head, "HTTP/1.1 1") {
		*out = append(*out, head...) // an interim answer: the real one is still to come
		return rest
	}
	request, loud := begin()
	n.loud, n.budget = loud, 0
	if loud {
		n.budget = noisyBytes
	}
	n.after(head, request)
	*out = append(*out, n.loudHead(head, request)...)
	return rest
}

// after tells from an answer's head what follows it.
func (n *noise) after(head string, request []byte) {
	n.state, n.left = lost, 0 // until the connection closes
	status, _, _ := strings.Cut(strings.TrimPrefix(head, "HTTP/1.1 "), " ")
	if bytes.HasPrefix(request, []byte("HEAD ")) || status == "204" || status == "304" {
		n.state = inHead
		return
	}
	for _, h := range headerLines([]byte(head)) {
		switch strings.ToLower(h[0]) {
		case "transfer-encoding":
			n.state = inChunkSize
			return
		case "content-length":
			if n.left, _ = strconv.ParseInt(h[1], 10, 64); n.left > 0 { // net/http checks it
				n.state = inBody
			} else {
				n.state = inHead
			}
		}
	}
}
