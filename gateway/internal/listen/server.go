// Package listen is the front door: fasthttp servers on TCP and unix sockets,
// with their limits. It turns a connection's request into a pipeline.Incoming
// and writes the Reply; it decides nothing.
package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
)

// Config has the front door's limits.
type Config struct {
	Trusted     []netip.Prefix // proxies whose X-Forwarded-For is believed
	IdleTimeout time.Duration  // a connection without a request
}

// Bounds of a connection.
const (
	headTimeout   = 30 * time.Second // from a request's first byte to its last header
	stallTimeout  = 10 * time.Minute // for an agent that sends nothing of its body, or takes nothing of its answer
	maxConcurrent = 256 << 10        // connections

	lookEvery     = 400 * time.Millisecond // for agents that have gone
	lingerTimeout = 2 * time.Second        // for what an agent still sends when its connection is closed
	lingerBytes   = 64 << 20

	cutGrace = time.Second // for exchanges that are cut, to end
	cutEvery = 5 * time.Millisecond
)

// Server serves agents on any number of listeners.
type Server struct {
	pipeline *pipeline.Pipeline
	config   Config
	http     *fasthttp.Server

	mu    sync.Mutex
	conns map[*conn]struct{}

	draining atomic.Bool
	stop     chan struct{}
	once     sync.Once
}

// New makes a server. Cut ends what it started.
func New(p *pipeline.Pipeline, c Config) *Server {
	s := &Server{pipeline: p, config: c, conns: map[*conn]struct{}{}, stop: make(chan struct{})}
	s.http = &fasthttp.Server{
		Concurrency: maxConcurrent,
		Logger:      quiet{},
		ConnState:   s.track,
		Handler:     func(ctx *fasthttp.RequestCtx) { ctx.Error("", fasthttp.StatusInternalServerError) }, // never called
	}
	// fasthttp accepts, counts and schedules connections. What is said on them is
	// read and written by wire: fasthttp's own reader is more lenient than a broker
	// may be.
	s.http.NextProto("", s.serveConn)
	go s.look(s.stop)
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// Listen opens a listener: "host:port", or "unix:/path".
func Listen(address string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		return net.Listen("tcp", address)
	}
	// A socket left by a killed process is replaced; anything else is not ours.
	if fi, err := os.Lstat(path); err == nil && fi.Mode()&os.ModeSocket == 0 {
		return nil, fmt.Errorf("listen %s: there is a file of that name which is no socket", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", path)
}

// Serve serves a listener until Drain. provider is whose listener it is, "" for
// a shared one; certificate is nil for plain http.
func (s *Server) Serve(l net.Listener, provider string, certificate *tls.Config) error {
	return s.http.Serve(listener{l, provider, certificate})
}

// listener hands out connections as conn has them, above TLS.
type listener struct {
	net.Listener
	provider    string
	certificate *tls.Config
}

func (l listener) Accept() (net.Conn, error) {
	socket, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.certificate == nil {
		return newConn(socket, socket, l.provider), nil
	}
	return newConn(tls.Server(socket, l.certificate), socket, l.provider), nil
}

// look goes over the connections now and then, for agents that have gone or keep
// a connection waiting for too long, until stop is closed.
func (s *Server) look(stop <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			for _, c := range s.open() {
				c.look(now, s.config.IdleTimeout)
			}
		}
	}
}

func (s *Server) open() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		list = append(list, c)
	}
	return list
}

// Drain takes no new request and lets running ones finish, until ctx ends.
func (s *Server) Drain(ctx context.Context) {
	s.draining.Store(true)
	for _, c := range s.open() { // those that begin to wait from here on see draining
		c.rest()
	}
	_ = s.http.ShutdownWithContext(ctx)
}

// Cut ends every connection that is left: those whose upstream is gone by
// themselves, with what they can still say, and the others by closing them. It
// returns when their exchanges have ended, so that each has written its line.
func (s *Server) Cut() {
	if !s.gone(cutGrace) {
		for _, c := range s.open() {
			_ = c.Conn.Close()
		}
		s.gone(cutGrace)
	}
	s.once.Do(func() { close(s.stop) })
}

// gone waits until no connection is open, up to limit.
func (s *Server) gone(limit time.Duration) bool {
	for end := time.Now().Add(limit); len(s.open()) > 0; time.Sleep(cutEvery) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

func (s *Server) track(c net.Conn, state fasthttp.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case fasthttp.StateNew:
		s.conns[c.(*conn)] = struct{}{} // every listener is a listener of ours
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		delete(s.conns, c.(*conn))
	}
}
