package upstream

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Stray is in every byte string that /v1/hostile/… sends beside the answer that
// was asked for: nobody may ever get it.
const Stray = "stray-bytes-that-belong-to-nobody"

// Own is in every answer of /v1/hostile/… that is one, so that it can be told
// from another's.
const Own = "the answer that was asked for"

// hostileLimit ends what a behaviour does, should nobody close its connection.
const hostileLimit = time.Minute

// behaviours are what a hostile, broken or dying server does with a request, by
// name. Those of hostile_heads.go send bytes as they stand and close. Parameters:
//
//	?at=N      reset: how many bytes of a good answer come before it (0)
//	?to=URL    redirect-N: where it leads
var behaviours = map[string]func(*taken){
	"redirect-301": redirect(301),
	"redirect-307": redirect(307),

	// Where an answer ends.
	"length-long":        func(t *taken) { t.send(measured(len(Own)+100, Own)) },
	"length-short":       func(t *taken) { t.send(measured(len(Own), Own+Stray)); t.untilGone() },
	"two-answers":        func(t *taken) { t.send(measured(len(Own), Own) + measured(len(Stray), Stray)); t.untilGone() },
	"late-answer":        lateAnswer,
	"keep-then-close":    func(t *taken) { t.send(measured(len(Own), Own)) },
	"chunks-without-end": func(t *taken) { t.send(chunkedHead + chunk(Own)) },

	// Time.
	"stall-head":      func(t *taken) { t.send("HTTP/1.1 200 OK\r\nContent-Ty"); t.untilGone() },
	"stall-body":      func(t *taken) { t.send(measured(4096, fill(2048))); t.untilGone() },
	"stall-chunk":     func(t *taken) { t.send(chunkedHead + "1000\r\n" + fill(2048)); t.untilGone() },
	"stall-interim":   func(t *taken) { t.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"); t.untilGone() },
	"reset":           reset,
	"endless-headers": func(t *taken) { t.repeat("HTTP/1.1 200 OK\r\n", "X-More: "+fill(100)+"\r\n") },
	"endless-interim": func(t *taken) { t.repeat("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") },
	"endless-trailer": func(t *taken) { t.repeat(chunkedHead+chunk(Own)+"0\r\n", "X-More: "+fill(100)+"\r\n") },

	// Uploads.
	"early-413":    early("413 Content Too Large", "Connection: close\r\n"),
	"early-200":    early("200 OK", ""),
	"close-unread": func(*taken) {},
	"reset-unread": func(t *taken) { t.reset() },

	// Content codings.
	"gzip-bomb":      gzipBomb,
	"gzip-truncated": gzipTruncated,
	"gzip-garbage":   func(t *taken) { t.send(coded("gzip", "this is not gzip at all")) },
	"coding-unknown": func(t *taken) { t.send(coded("compress", "\x1f\x9d\x90hello\x03")) },
}

// Behaviours are the names of all behaviours of /v1/hostile/….
func Behaviours() []string {
	var names []string
	for name := range behaviours {
		names = append(names, name)
	}
	for name := range verbatim {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// taken is a connection taken over from net/http, with one request of it whose
// body was not read.
type taken struct {
	s    *Server
	r    *http.Request
	conn net.Conn
	in   *bufio.Reader
}

// hostile lets a behaviour answer. What it is to say is by the path; the rest of
// the connection is its own too.
func (s *Server) hostile(w http.ResponseWriter, r *http.Request, name string) {
	do := behaviours[name]
	if text, ok := verbatim[name]; ok {
		do = func(t *taken) { t.send(text) }
	}
	if do == nil {
		writeError(w, http.StatusNotFound, "invalid_request_error", "", fmt.Sprintf("The double knows no behaviour %q.", name))
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if c, ok := under[*noisyConn](conn); ok {
		c.hush()
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() { // what waits for its client doesn't outlive the server
		select {
		case <-ended:
		case <-s.closed:
			_ = conn.Close()
		}
	}()
	_ = conn.SetDeadline(time.Now().Add(hostileLimit))
	t := &taken{s: s, r: r, conn: conn, in: rw.Reader}
	s.tally.add(name, 1, 0)
	do(t)
	_ = conn.Close()
	s.tally.add(name, 0, 1)
}

// send writes; an error means that the client has gone, which is no matter here.
func (t *taken) send(text string) { _, _ = t.conn.Write([]byte(text)) }

// repeat writes first, then again and again, until the client goes.
func (t *taken) repeat(first, again string) {
	t.send(first)
	for {
		if _, err := t.conn.Write([]byte(again)); err != nil {
			return
		}
	}
}

// untilGone returns when the client has closed the connection.
func (t *taken) untilGone() {
	t.s.waiting.Add(1)
	defer t.s.waiting.Add(-1)
	_, _ = io.Copy(io.Discard, t.in)
}

// linger closes the sending side and reads on until the client closes, so that
// no reset overtakes what was sent.
func (t *taken) linger() {
	if c, ok := under[interface {
		net.Conn
		CloseWrite() error
	}](t.conn); ok {
		_ = c.CloseWrite()
	}
	t.untilGone()
}

// reset closes the connection so that the client gets a reset, not an end.
func (t *taken) reset() {
	if c, ok := under[*net.TCPConn](t.conn); ok {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}

// under finds the connection of a kind below others.
func under[C net.Conn](c net.Conn) (C, bool) {
	for {
		if found, ok := c.(C); ok {
			return found, true
		}
		switch outer := c.(type) {
		case *recordedConn:
			c = outer.Conn
		case *noisyConn:
			c = outer.Conn
		case *tls.Conn:
			c = outer.NetConn()
		default:
			var none C
			return none, false
		}
	}
}

func (t *taken) query(name string) string { return t.r.URL.Query().Get(name) }

func (t *taken) number(name string) int {
	n, _ := strconv.Atoi(t.query(name)) // none, or not a number: 0
	return n
}

// tally counts how often a behaviour began and ended.
type tally struct {
	mu     sync.Mutex
	counts map[string][2]int
}

func (t *tally) add(name string, begun, ended int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string][2]int{}
	}
	c := t.counts[name]
	t.counts[name] = [2]int{c[0] + begun, c[1] + ended}
}

// Ran is how often a behaviour of /v1/hostile/… was asked for, and how often it
// has ended: those that wait for their client end when it has closed the
// connection.
func (s *Server) Ran(name string) (begun, ended int) {
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	c := s.tally.counts[name]
	return c[0], c[1]
}
