// Package upstream sends injected requests and brings back answers: pooled TLS
// connections that belong to one credential and one authority, no redirects
// followed, nothing decoded and nothing decided. fasthttp's HostClient pools and
// dials; the exchange on a connection is our own, since a broker has to keep
// every byte of both heads, read an answer that comes in mid-upload, and be
// strict about where an answer ends.
package upstream

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/wire"
)

// Config has the client's limits.
type Config struct {
	ConnectTimeout time.Duration // TCP and TLS
	IdleTimeout    time.Duration // without a byte either way, while a request is under way
	// Origin is what broker.toml says of an upstream, by its "host" or
	// "host:port"; nil where it says nothing of any.
	Origin func(host string) Origin
}

// Origin is the operator's word on one upstream. The zero value is none: a
// plugin alone has named it.
type Origin struct {
	Named bool           // broker.toml names it, so it may be at any address
	Roots *x509.CertPool // nil: the system's
}

// Client holds the connections to all upstreams.
type Client struct {
	config Config

	mu      sync.Mutex
	pools   map[string]*fasthttp.HostClient
	conns   map[*watchedConn]struct{}
	aborted bool
}

// Bounds of what is held open.
const (
	maxIdle       = 90 * time.Second // a connection unused for longer is closed
	maxConnsAPool = 16 << 10
)

// New makes a client.
func New(c Config) *Client {
	return &Client{config: c, pools: map[string]*fasthttp.HostClient{}, conns: map[*watchedConn]struct{}{}}
}

// Body is a request body as it streams in from the agent. The zero Body is none.
type Body struct {
	Reader    io.Reader
	Length    int                     // -1 where it isn't known
	Trailers  func() []request.Header // those behind a chunked body, once it has ended; may be nil
	Interrupt func()                  // ends a Read that hangs; may be nil
}

// Answer is an upstream's answer whose body is still to be read.
type Answer struct {
	Status  int
	Reason  string
	Headers []request.Header // as the upstream sent them, framing included
	Length  int              // of the body; -1 where it isn't known
	Body    io.Reader        // nil where there is none

	exchange *exchange
}

// Trailers are those behind a chunked body, once it was read to its end.
func (a *Answer) Trailers() []request.Header {
	if a.exchange == nil {
		return nil
	}
	return a.exchange.trailers()
}

// Early says that the answer came before the whole request was sent.
func (a *Answer) Early() bool {
	return a.exchange != nil && a.exchange.upload != nil && !a.exchange.upload.last.Load()
}

// Waits says that nothing of the body came with the head.
func (a *Answer) Waits() bool { return a.exchange != nil && a.exchange.br.Buffered() == 0 }

// Close gives the connection back, or closes it where the body was not read to
// its end. An upload that still runs is ended.
func (a *Answer) Close() error {
	if a.exchange != nil {
		a.exchange.end()
		a.exchange = nil
	}
	return nil
}

// Hooks are what else happens in an exchange; each may be nil.
type Hooks struct {
	Watch   func(abort func()) // is given what aborts the exchange at any time
	Interim func(status int, reason string, headers []request.Header)
}

// Do sends a request and waits for the head of its answer.
//
// A request is sent a second time only if it is a GET or HEAD without a body, on
// a kept connection that turned out closed before a byte of an answer.
func (c *Client) Do(in apply.Injected, body Body, hooks Hooks) (Answer, error) {
	if !in.Valid() {
		return Answer{}, fault.New(fault.UpstreamUnreachable).Because(errors.New("nothing was injected"))
	}
	safe := body.Reader == nil && (in.Method() == "GET" || in.Method() == "HEAD")
	pool := c.pool(in)
	for {
		a, kept, err := try(pool, in, body, hooks)
		if err == nil {
			return a, nil
		}
		if !kept || !safe || !refusedEarly(err) {
			return Answer{}, classify(err)
		}
		safe = false // once
	}
}

func try(pool *fasthttp.HostClient, in apply.Injected, body Body, hooks Hooks) (a Answer, kept bool, err error) {
	e, kept, err := begin(pool)
	if err != nil {
		return a, false, err
	}
	if hooks.Watch != nil {
		hooks.Watch(e.abort)
	}
	sent := e.send(in, body)
	var cut errUpload
	if errors.As(sent, &cut) {
		e.end()
		return a, kept, sent
	}
	// Where the write failed, the API may have answered and closed before it
	// read everything: its answer is then still to be had.
	if a, err = e.answer(in.Method(), hooks.Interim); err == nil {
		return a, kept, nil
	}
	if sent != nil {
		err = sent
	}
	upload := e.upload
	e.end()
	if upload != nil && upload.cut() {
		err = upload.err
	}
	return a, kept, err
}

func (c *Client) pool(in apply.Injected) *fasthttp.HostClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.pools[in.Pool()]; p != nil {
		return p
	}
	origin := in.Origin()
	isTLS := origin.Scheme == "https"
	p := &fasthttp.HostClient{
		Addr:                fasthttp.AddMissingPort(origin.Host, isTLS),
		IsTLS:               isTLS,
		DialTimeout:         c.dialer(origin),
		MaxConns:            maxConnsAPool,
		MaxIdleConnDuration: maxIdle,
	}
	c.pools[in.Pool()] = p
	return p
}

func classify(err error) error {
	var proto wire.Error
	var cut errUpload
	var netErr net.Error
	switch {
	case errors.As(err, &cut):
		return fault.Newf(fault.BadRequest, "the request's body ended before it was whole").Because(err)
	case errors.As(err, &proto):
		return fault.New(fault.UpstreamProtocol).Because(fmt.Errorf("the API's answer is %w", err))
	case errors.Is(err, fasthttp.ErrNoFreeConns):
		return fault.New(fault.Overloaded).Because(err)
	case errors.Is(err, errDial{}):
		return fault.New(fault.UpstreamUnreachable).Because(err)
	case errors.As(err, &netErr) && netErr.Timeout():
		return fault.New(fault.UpstreamTimeout).Because(err)
	}
	return fault.New(fault.UpstreamUnreachable).Because(err)
}
