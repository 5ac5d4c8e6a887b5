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
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
)

// Config has the front door's limits.
type Config struct {
	Trusted     []netip.Prefix // proxies whose X-Forwarded-For is believed
	IdleTimeout time.Duration  // a connection without a request
	// BodyTimeout is for the first bytes of a request's body, for which fasthttp
	// waits by itself; 0: what is left of the time for the head.
	BodyTimeout time.Duration
}

// Bounds of a connection.
const (
	maxHead       = 16 << 10         // bytes of request line and headers; each connection pays for them
	headTimeout   = 30 * time.Second // from a request's first byte to its last header
	bodyTimeout   = 24 * time.Hour   // to the last byte of its body
	stallTimeout  = 10 * time.Minute // for an agent that takes nothing of its answer
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

	stop chan struct{}
	once sync.Once
}

// New makes a server. Cut ends what it started.
func New(p *pipeline.Pipeline, c Config) *Server {
	s := &Server{pipeline: p, config: c, conns: map[*conn]struct{}{}, stop: make(chan struct{})}
	s.http = &fasthttp.Server{
		Handler:       s.handle,
		ErrorHandler:  s.malformed,
		ExpectHandler: s.expect,
		// Bodies stream, and are as long as they are.
		StreamRequestBody:            true,
		MaxRequestBodySize:           1 << 62,
		DisablePreParseMultipartForm: true,
		ReadBufferSize:               maxHead,
		ReadTimeout:                  headTimeout,
		HeaderReceived: func(*fasthttp.RequestHeader) fasthttp.RequestConfig {
			return fasthttp.RequestConfig{ReadTimeout: c.BodyTimeout}
		},
		IdleTimeout:                   c.IdleTimeout,
		Concurrency:                   maxConcurrent,
		DisableHeaderNamesNormalizing: true,
		NoDefaultServerHeader:         true,
		NoDefaultDate:                 true,
		NoDefaultContentType:          true,
		CloseOnShutdown:               true,
		// Without these fasthttp prints the raw request, token and all.
		SecureErrorLogMessage: true,
		Logger:                quiet{},
		ConnState:             s.track,
	}
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

// look goes over the connections now and then, for agents that have gone, until
// stop is closed.
func (s *Server) look(stop <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			for _, c := range s.open() {
				c.look(now)
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
func (s *Server) Drain(ctx context.Context) { _ = s.http.ShutdownWithContext(ctx) }

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

// malformed answers what fasthttp could not read as a request.
func (s *Server) malformed(ctx *fasthttp.RequestCtx, err error) {
	f := fault.Newf(fault.BadRequest, "this is not a request that can be read: check its request line, headers and length").Because(err)
	var big *fasthttp.ErrSmallBuffer
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		f = fault.Newf(fault.BadRequest, "the request did not come in time: send its headers and its body at once").Because(err)
	case errors.As(err, &big):
		f = fault.Newf(fault.BadRequest, "the request's headers have more than %d KiB: send fewer or shorter ones", maxHead>>10)
	}
	client := s.clientIP(ctx.RemoteAddr(), nil)
	write(ctx, ctx.Conn().(*conn), s.pipeline.Malformed(client, f))
}
