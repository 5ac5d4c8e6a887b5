package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"
)

// watchedConn is a connection with a deadline that moves on with every byte,
// so that a stream may last for hours and a dead peer may not; and one that
// shutdown can cut.
type watchedConn struct {
	net.Conn
	client *Client
	idle   time.Duration
	raw    syscall.RawConn // nil where the connection has none
	top    net.Conn        // what is written to: the TLS connection over this one, or this
	used   bool            // it has served a request
	probe  bool            // no byte may be waited for
	// What stale asks the kernel, made once; it is asked for every request.
	look  func(fd uintptr)
	fds   [1]unix.PollFd
	quiet bool
	// When the deadline was set last, in Unix nanoseconds: setting one costs more
	// than reading the clock, so it is moved at most once a second, and eight times
	// in idle.
	set atomic.Int64
}

// errDial marks an error from before there was a connection.
type errDial struct{ error }

func (e errDial) Unwrap() error { return e.error }

// Is makes every errDial alike.
func (errDial) Is(target error) bool { _, ok := target.(errDial); return ok }

// dialer makes a pool's connections; with TLS they are ready to be used.
func (c *Client) dialer(origin *url.URL) fasthttp.DialFuncWithTimeout {
	var known Origin
	if c.config.Origin != nil {
		known = c.config.Origin(origin.Host)
	}
	var d net.Dialer
	if !known.Named {
		d.Control = control
	}
	return func(addr string, _ time.Duration) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(context.Background(), c.config.ConnectTimeout)
		defer cancel()
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, errDial{fmt.Errorf("no connection: %w", err)}
		}
		w, err := c.watch(conn)
		if err != nil {
			return nil, err
		}
		if origin.Scheme != "https" {
			return w, nil
		}
		t := tls.Client(w, &tls.Config{ServerName: origin.Hostname(), RootCAs: known.Roots, NextProtos: []string{"http/1.1"}})
		if err := t.HandshakeContext(ctx); err != nil {
			_ = w.Close()
			return nil, errDial{fmt.Errorf("no TLS: %w", err)}
		}
		return t, nil
	}
}

var errAborted = errDial{errors.New("the broker is stopping")}

func (c *Client) watch(conn net.Conn) (*watchedConn, error) {
	w := &watchedConn{Conn: conn, client: c, idle: c.config.IdleTimeout}
	if s, ok := conn.(syscall.Conn); ok {
		w.raw, _ = s.SyscallConn()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.aborted {
		_ = conn.Close()
		return nil, errAborted
	}
	c.conns[w] = struct{}{}
	return w, nil
}

// watched finds the watchedConn under a pooled connection.
func watched(c net.Conn) *watchedConn {
	under := c
	if t, ok := c.(*tls.Conn); ok {
		under = t.NetConn()
	}
	w := under.(*watchedConn) // the pools dial with Client.dialer only
	w.top = c
	return w
}

// stale says that a kept connection was closed by its peer, or holds bytes that
// nobody asked for: an answer that would then belong to the wrong request.
func (w *watchedConn) stale() bool {
	if w.top != net.Conn(w) {
		// What TLS has decrypted already, or holds undecrypted, is given out
		// without a read from below, which probe refuses.
		w.probe = true
		var one [1]byte
		n, err := w.top.Read(one[:])
		w.probe = false
		if n > 0 || !os.IsTimeout(err) {
			return true
		}
	}
	if w.raw == nil {
		return false
	}
	if w.look == nil {
		w.look = func(fd uintptr) {
			w.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}
			n, err := unix.Poll(w.fds[:], 0)
			w.quiet = n == 0 && err == nil
		}
	}
	w.quiet = false
	return w.raw.Control(w.look) != nil || !w.quiet
}

func (w *watchedConn) Read(p []byte) (int, error) {
	if w.probe {
		return 0, os.ErrDeadlineExceeded
	}
	if err := w.move(); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

func (w *watchedConn) Write(p []byte) (int, error) {
	if err := w.move(); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

// move moves the deadline on for both directions: an upload may take longer than
// an API may be silent, and the answer is waited for all the while.
func (w *watchedConn) move() error {
	now, last := time.Now(), w.set.Load()
	if w.idle <= 0 || now.UnixNano()-last < int64(min(time.Second, w.idle/8)) || !w.set.CompareAndSwap(last, now.UnixNano()) {
		return nil
	}
	return w.Conn.SetDeadline(now.Add(w.idle))
}

// Close closes the connection; it may be called at any time, by anybody.
func (w *watchedConn) Close() error {
	w.client.mu.Lock()
	delete(w.client.conns, w)
	w.client.mu.Unlock()
	return w.Conn.Close()
}

// Abort cuts every connection and makes no more: what is still streaming, or
// waits for an answer, ends with an error.
func (c *Client) Abort() {
	c.mu.Lock()
	c.aborted = true
	conns := make([]*watchedConn, 0, len(c.conns))
	for w := range c.conns {
		conns = append(conns, w)
	}
	c.mu.Unlock()
	for _, w := range conns {
		_ = w.Close()
	}
}
