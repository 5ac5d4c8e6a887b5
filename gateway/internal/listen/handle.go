package listen

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/request"
)

func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	h := &ctx.Request.Header
	if string(h.RequestURI()) == "/healthz" {
		ctx.Response.Header.Set("Content-Type", "text/plain")
		ctx.SetBodyString("ok\n")
		return
	}
	in := pipeline.Incoming{Raw: raw(ctx), Length: h.ContentLength()}
	in.ClientIP = s.clientIP(ctx.RemoteAddr(), in.Headers)
	in.Provider = ownedBy(ctx.Conn())
	if in.Length != 0 && !(in.Length < 0 && in.Length != -1) {
		in.Body = ctx.RequestBodyStream()
	}
	write(ctx, s.pipeline.Serve(in))
}

// ownedBy is the provider whose listener a connection came in by.
func ownedBy(c net.Conn) string {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if c, ok := c.(*conn); ok {
		return c.provider
	}
	return ""
}

// raw is the request as it was sent. Its strings point into the connection's
// buffer, which fasthttp leaves alone until the response is written: the
// pipeline copies what it keeps for longer.
func raw(ctx *fasthttp.RequestCtx) request.Raw {
	h := &ctx.Request.Header
	r := request.Raw{
		Method: str(h.Method()), Target: str(h.RequestURI()), TLS: ctx.IsTLS(),
		Headers: make([]request.Header, 0, 16),
	}
	for rest := h.RawHeaders(); len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		name, value, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\r")), []byte(":"))
		if !ok {
			continue
		}
		header := request.Header{Name: str(name), Value: str(bytes.Trim(value, " \t"))}
		if strings.EqualFold(header.Name, "Host") {
			r.Host = header.Value
			r.Hosts++
		}
		r.Headers = append(r.Headers, header)
	}
	return r
}

func str(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// write hands the reply to fasthttp, which closes its body when it is written,
// or when it can't be.
func write(ctx *fasthttp.RequestCtx, r pipeline.Reply) {
	resp := &ctx.Response
	resp.SetStatusCode(r.Status)
	if r.Reason != "" && r.Reason != fasthttp.StatusMessage(r.Status) {
		resp.Header.SetStatusMessage([]byte(r.Reason))
	}
	resp.Header.SetNoDefaultContentType(true)
	for _, h := range r.Headers {
		resp.Header.Add(h.Name, h.Value)
	}
	if r.Close {
		resp.SetConnectionClose()
	}
	switch {
	case r.Body == nil:
		resp.SkipBody = true
		if r.Length >= 0 {
			resp.Header.SetContentLength(r.Length)
		}
	default:
		resp.ImmediateHeaderFlush = r.Length < 0
		resp.SetBodyStream(r.Body, r.Length)
	}
}

// clientIP is the peer, or what a trusted proxy says of it: the last address in
// X-Forwarded-For that isn't itself a trusted proxy.
func (s *Server) clientIP(remote net.Addr, headers []request.Header) netip.Addr {
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	for i := len(headers) - 1; i >= 0 && s.trusted(ip); i-- {
		if !strings.EqualFold(headers[i].Name, "X-Forwarded-For") {
			continue
		}
		hops := strings.Split(headers[i].Value, ",")
		for j := len(hops) - 1; j >= 0 && s.trusted(ip); j-- {
			next, err := netip.ParseAddr(strings.TrimSpace(hops[j]))
			if err != nil {
				return ip
			}
			ip = next.Unmap()
		}
	}
	return ip
}

func (s *Server) trusted(ip netip.Addr) bool {
	for _, p := range s.config.Trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
