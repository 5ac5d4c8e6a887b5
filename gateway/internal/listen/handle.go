package listen

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
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
	c := ctx.Conn().(*conn) // every listener is a listener of ours
	// Set by the handler, it makes fasthttp flush each response by itself, so
	// that conn.Write never sees two heads at once.
	_ = ctx.SetWriteDeadline(time.Now().Add(stallTimeout))
	in := pipeline.Incoming{
		Raw: raw(ctx), Length: h.ContentLength(), Provider: c.provider,
		Trailers: func() []request.Header { return lines(h.TrailerHeader()) }, Interrupt: c.interrupt, Watch: c.watch,
	}
	in.TLS = c.secure
	in.ClientIP = s.clientIP(ctx.RemoteAddr(), in.Headers)
	if in.Length != 0 && !(in.Length < 0 && in.Length != -1) {
		in.Body = ctx.RequestBodyStream()
	}
	write(ctx, c, s.pipeline.Serve(in))
}

// raw is the request as it was sent. Its strings point into the connection's
// buffer, which fasthttp leaves alone until the response is written: the
// pipeline copies what it keeps for longer.
func raw(ctx *fasthttp.RequestCtx) request.Raw {
	h := &ctx.Request.Header
	r := request.Raw{Method: str(h.Method()), Target: str(h.RequestURI()), Headers: lines(h.RawHeaders())}
	for _, header := range r.Headers {
		if strings.EqualFold(header.Name, "Host") {
			r.Host = header.Value
			r.Hosts++
		}
	}
	return r
}

// lines takes header lines apart, as they were sent.
func lines(text []byte) []request.Header {
	list := make([]request.Header, 0, 16)
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		name, value, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\r")), []byte(":"))
		if ok {
			list = append(list, request.Header{Name: str(name), Value: str(bytes.Trim(value, " \t"))})
		}
	}
	return list
}

func str(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// write hands the reply to fasthttp, which closes its body when it is written,
// or when it can't be. fasthttp frames the body; the head that goes out is the
// reply's own, put in its place by conn.
func write(ctx *fasthttp.RequestCtx, c *conn, r pipeline.Reply) {
	resp := &ctx.Response
	resp.SetStatusCode(r.Status)
	if r.Close {
		resp.SetConnectionClose()
	}
	c.head = appendHead(nil, &r)
	if r.Body == nil {
		c.watch(nil)
		resp.SkipBody = true
		resp.Header.SetContentLength(max(r.Length, 0))
		c.bare = r.Length < 0
		return
	}
	resp.ImmediateHeaderFlush = r.Length < 0
	resp.SetBodyStream(&body{reply: &r, ctx: ctx, conn: c}, r.Length)
}

func appendHead(b []byte, r *pipeline.Reply) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = append(append(append(b, ' '), r.Reason...), "\r\n"...)
	for _, h := range r.Headers {
		b = append(append(append(append(b, h.Name...), ": "...), h.Value...), "\r\n"...)
	}
	return b
}

// body is a reply's body, with its trailers behind it.
type body struct {
	reply *pipeline.Reply
	ctx   *fasthttp.RequestCtx
	conn  *conn
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.reply.Body.Read(p)
	if err == io.EOF && b.reply.Trailers != nil && b.reply.Length < 0 {
		for _, t := range b.reply.Trailers() {
			// fasthttp refuses names that may not be trailers (RFC 9110 §6.5.1).
			if b.ctx.Response.Header.AddTrailer(t.Name) == nil {
				b.ctx.Response.Header.Add(t.Name, t.Value)
			}
		}
	}
	return n, err
}

// Close ends the exchange. fasthttp calls it within the response's write, so
// the connection is still this request's.
func (b *body) Close() error {
	b.conn.watch(nil)
	return b.reply.Body.Close()
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
