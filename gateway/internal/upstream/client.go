// Package upstream sends injected requests and brings back answers: pooled TLS
// connections that belong to one credential and one authority, no redirects
// followed, nothing decoded and nothing decided.
package upstream

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// Config has the client's limits.
type Config struct {
	ConnectTimeout time.Duration // TCP and TLS
	IdleTimeout    time.Duration // without a byte either way, while a request is under way
	TLS            *tls.Config   // nil: the system's roots
}

// Client holds the connections to all upstreams.
type Client struct {
	config Config

	mu    sync.Mutex
	pools map[string]*fasthttp.HostClient
	conns map[*watchedConn]struct{}
}

// Bounds of what is held open.
const (
	maxIdle       = 30 * time.Second // a connection unused for longer is closed
	maxHeader     = 32 << 10         // bytes of an answer's head
	maxConnsAPool = 4096
)

// New makes a client.
func New(c Config) *Client {
	return &Client{config: c, pools: map[string]*fasthttp.HostClient{}, conns: map[*watchedConn]struct{}{}}
}

// Body is a request body as it streams in. A nil Reader is no body.
type Body struct {
	Reader io.Reader
	Length int // -1 where it isn't known
}

// Answer is an upstream's answer whose body is still to be read.
type Answer struct {
	Status  int
	Reason  string
	Headers []request.Header // as the upstream sent them, without framing
	Length  int              // of the body; -1 where it isn't known
	Body    io.Reader        // nil where there is none

	resp *fasthttp.Response
}

// Close gives the connection back, or closes it where the body was not read to
// its end.
func (a *Answer) Close() error {
	if a.resp == nil {
		return nil
	}
	err := a.resp.CloseBodyStream()
	fasthttp.ReleaseResponse(a.resp)
	a.resp = nil
	return err
}

// Do sends a request and waits for the head of its answer. A request is sent a
// second time only if it is a GET or HEAD without a body whose connection was
// closed before any answer.
func (c *Client) Do(in apply.Injected, body Body) (Answer, error) {
	if !in.Valid() {
		return Answer{}, fault.New(fault.UpstreamUnreachable).Because(errors.New("nothing was injected"))
	}
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	fill(req, in, body)
	resp := fasthttp.AcquireResponse()
	resp.Header.SetNoDefaultContentType(true)
	resp.SkipBody = in.Method() == fasthttp.MethodHead
	if err := c.pool(in).Do(req, resp); err != nil {
		fasthttp.ReleaseResponse(resp)
		return Answer{}, classify(err)
	}
	return answer(in, resp), nil
}

func fill(req *fasthttp.Request, in apply.Injected, body Body) {
	req.Header.DisableNormalizing()
	// Every header is written as it stands, in its order; framing is derived
	// from the body stream.
	req.Header.DisableSpecialHeader()
	req.Header.SetNoDefaultContentType(true)
	req.Header.SetMethod(in.Method())
	req.SetRequestURI(in.Origin().Scheme + "://" + in.Origin().Host + in.Target())
	req.URI().DisablePathNormalizing = true
	req.Header.Add("Host", in.Origin().Host)
	for _, h := range in.Headers() {
		req.Header.Add(h.Name, h.Value)
	}
	if body.Reader != nil {
		req.SetBodyStream(body.Reader, body.Length)
	}
}

func answer(in apply.Injected, resp *fasthttp.Response) Answer {
	a := Answer{Status: resp.StatusCode(), Reason: string(resp.Header.StatusMessage()), resp: resp, Length: resp.Header.ContentLength()}
	a.Headers = headers(&resp.Header)
	bodiless := in.Method() == fasthttp.MethodHead || a.Status < 200 || a.Status == fasthttp.StatusNoContent || a.Status == fasthttp.StatusNotModified
	if !bodiless {
		if a.Length < 0 {
			a.Length = -1
		}
		a.Body = resp.BodyStream()
	}
	return a
}

// headers copies an answer's headers, all into one string: resp goes back to its
// pool while they may still be in use.
func headers(h *fasthttp.ResponseHeader) []request.Header {
	var all strings.Builder
	all.Grow(1 << 10)
	list := make([]request.Header, 0, 16)
	ends := make([]int, 0, 32)
	for name, value := range h.All() {
		all.Write(name)
		ends = append(ends, all.Len())
		all.Write(value)
		ends = append(ends, all.Len())
	}
	text, at := all.String(), 0
	for i := 0; i < len(ends); i += 2 {
		list = append(list, request.Header{Name: text[at:ends[i]], Value: text[ends[i]:ends[i+1]]})
		at = ends[i+1]
	}
	return list
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
		Addr:                          fasthttp.AddMissingPort(origin.Host, isTLS),
		IsTLS:                         isTLS,
		TLSConfig:                     c.config.TLS,
		Dial:                          c.dial,
		NoDefaultUserAgentHeader:      true,
		DisableHeaderNamesNormalizing: true,
		DisablePathNormalizing:        true,
		SecureErrorLogMessage:         true,
		StreamResponseBody:            true,
		MaxConns:                      maxConnsAPool,
		MaxIdleConnDuration:           maxIdle,
		ReadBufferSize:                maxHeader,
		MaxIdemponentCallAttempts:     2,
		RetryIfErr: func(req *fasthttp.Request, _ int, err error) (bool, bool) {
			again := (req.Header.IsGet() || req.Header.IsHead()) && errors.Is(err, io.EOF)
			return false, again
		},
	}
	c.pools[in.Pool()] = p
	return p
}

func classify(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, fasthttp.ErrDialTimeout):
		return fault.New(fault.UpstreamUnreachable).Because(err)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, fasthttp.ErrTimeout):
		return fault.New(fault.UpstreamTimeout).Because(err)
	}
	var op *net.OpError
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	if errors.As(err, &op) || errors.As(err, &dns) || errors.As(err, &cert) ||
		errors.Is(err, fasthttp.ErrConnectionClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.UpstreamUnreachable).Because(err)
	}
	return fault.New(fault.UpstreamProtocol).Because(err)
}
