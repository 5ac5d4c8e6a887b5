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
}

// Bounds of a connection.
const (
	maxHead       = 16 << 10         // bytes of request line and headers; each connection pays for them
	headTimeout   = 30 * time.Second // from a request's first byte to its last header
	bodyTimeout   = 24 * time.Hour   // to the last byte of its body
	stallTimeout  = 10 * time.Minute // for an agent that takes nothing of its answer
	maxConcurrent = 256 << 10        // connections
)

// Server serves agents on any number of listeners.
type Server struct {
	pipeline *pipeline.Pipeline
	config   Config
	http     *fasthttp.Server

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// New makes a server.
func New(p *pipeline.Pipeline, c Config) *Server {
	s := &Server{pipeline: p, config: c, conns: map[net.Conn]struct{}{}}
	s.http = &fasthttp.Server{
		Handler:      s.handle,
		ErrorHandler: s.malformed,
		// Bodies stream, and are as long as they are.
		StreamRequestBody:            true,
		MaxRequestBodySize:           1 << 62,
		DisablePreParseMultipartForm: true,
		ReadBufferSize:               maxHead,
		ReadTimeout:                  headTimeout,
		HeaderReceived: func(*fasthttp.RequestHeader) fasthttp.RequestConfig {
			return fasthttp.RequestConfig{ReadTimeout: bodyTimeout}
		},
		IdleTimeout:                   c.IdleTimeout,
		Concurrency:                   maxConcurrent,
		DisableHeaderNamesNormalizing: true,
		NoDefaultServerHeader:         true,
		NoDefaultContentType:          true,
		CloseOnShutdown:               true,
		// Without these fasthttp prints the raw request, token and all.
		SecureErrorLogMessage: true,
		Logger:                quiet{},
		ConnState:             s.track,
	}
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
	l = listener{l, provider}
	if certificate != nil {
		l = tls.NewListener(l, certificate)
	}
	return s.http.Serve(l)
}

// listener hands out connections whose writes can't hang for ever.
type listener struct {
	net.Listener
	provider string
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, provider: l.provider}, nil
}

type conn struct {
	net.Conn
	provider string
	moved    time.Time // when the write deadline was set last
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
	return c.Conn.Write(p)
}

// Drain takes no new request and lets running ones finish, until ctx ends.
func (s *Server) Drain(ctx context.Context) { _ = s.http.ShutdownWithContext(ctx) }

// Cut closes every connection that is left.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

func (s *Server) track(c net.Conn, state fasthttp.ConnState) {
	switch state {
	case fasthttp.StateNew:
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}
}

// malformed answers what fasthttp could not read as a request.
func (s *Server) malformed(ctx *fasthttp.RequestCtx, err error) {
	f := fault.Newf(fault.BadRequest, "this is not a request that can be read: check its request line, headers and length").Because(err)
	var big *fasthttp.ErrSmallBuffer
	if errors.As(err, &big) {
		f = fault.Newf(fault.BadRequest, "the request's headers have more than %d KiB: send fewer or shorter ones", maxHead>>10)
	}
	client := s.clientIP(ctx.RemoteAddr(), nil)
	write(ctx, s.pipeline.Malformed(client, f))
}
