package listen

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// conn is an agent's connection, above TLS where there is any. It does what
// fasthttp can't: it replaces the head that fasthttp renders by the one that the
// pipeline made, byte for byte; it can tell that an agent has gone while nothing
// is written to it; and its writes can't hang for ever.
type conn struct {
	net.Conn
	provider string          // whose listener it came in by
	secure   bool            // TLS
	raw      syscall.RawConn // of the socket itself; nil where there is none
	moved    time.Time       // when the write deadline was set last

	// head is written in place of the next head that fasthttp renders; nil once
	// it has been. Only the goroutine that serves the connection touches it.
	head []byte
	bare bool // there is no body, and head says what is to be said of its length

	mu    sync.Mutex
	abort func()    // ends what the agent is waiting for
	since time.Time // when that began
	gone  atomic.Bool

	unread atomic.Bool // a body was not read to its end
}

func newConn(c net.Conn, socket net.Conn, provider string) *conn {
	w := &conn{Conn: c, provider: provider, secure: c != socket}
	if s, ok := socket.(syscall.Conn); ok {
		w.raw, _ = s.SyscallConn()
	}
	return w
}

// Write moves the deadline on, at most once a second: setting one costs more
// than reading the clock.
func (c *conn) Write(p []byte) (int, error) {
	if now := time.Now(); now.Sub(c.moved) >= time.Second {
		c.moved = now
		if err := c.SetWriteDeadline(now.Add(stallTimeout)); err != nil {
			return 0, err
		}
	}
	if c.head == nil {
		return c.Conn.Write(p)
	}
	out, rest := c.swap(p)
	if out == nil {
		return c.Conn.Write(p) // not a head: an interim 100
	}
	n, err := c.Conn.Write(append(out, rest...))
	if err != nil {
		return min(n, len(p)), err
	}
	return len(p), nil
}

// interim sends an interim answer. Nothing of the final one has been written by
// then, and what came before it was flushed.
func (c *conn) interim(status int, reason string, headers []request.Header) {
	_, _ = c.Conn.Write(append(appendHead(nil, status, reason, headers), "\r\n"...))
}

var crlfcrlf = []byte("\r\n\r\n")

// swap makes the head to send from what fasthttp rendered: the pipeline's own
// lines, then those by which fasthttp frames the body and the connection.
// fasthttp's head is short, since the pipeline's headers aren't in it, and so is
// always whole in its first write.
func (c *conn) swap(p []byte) (head, rest []byte) {
	if bytes.HasPrefix(p, []byte("HTTP/1.1 1")) {
		return nil, nil
	}
	end := bytes.Index(p, crlfcrlf)
	if end < 0 {
		return nil, nil
	}
	head, c.head = c.head, nil
	bare := c.bare
	c.bare = false
	for _, line := range bytes.Split(p[:end], crlfcrlf[:2])[1:] {
		name, _, _ := bytes.Cut(line, []byte(":"))
		if framingName(name) && !(bare && bytes.EqualFold(name, []byte("Content-Length"))) {
			head = append(append(head, line...), "\r\n"...)
		}
	}
	return append(head, "\r\n"...), p[end+4:]
}

// cutShort sends the head of an answer whose body broke off while the head still
// waited for it in fasthttp's buffer, which is then thrown away. A client that
// sees a connection close before the first byte of an answer may take it for one
// that was idle, and send its request again.
func (c *conn) cutShort(length int) {
	if c.head == nil {
		return
	}
	head := fmt.Appendf(c.head, "Content-Length: %d\r\n\r\n", length)
	c.head = nil
	_, _ = c.Write(head) // the connection closes next
}

func framingName(name []byte) bool {
	for _, n := range []string{"Content-Length", "Transfer-Encoding", "Connection", "Trailer"} {
		if bytes.EqualFold(name, []byte(n)) {
			return true
		}
	}
	return false
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

// look aborts what the agent waits for if it has gone. Requests that have only
// just begun are left alone, so that short ones cost nothing here.
func (c *conn) look(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.abort == nil || now.Sub(c.since) < lookEvery || !c.closed() {
		return
	}
	c.gone.Store(true)
	c.abort()
	c.abort = nil
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

// interrupt ends a read that hangs; the connection is then not used again.
func (c *conn) interrupt() {
	c.unread.Store(true)
	_ = c.SetReadDeadline(time.Unix(1, 0))
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
