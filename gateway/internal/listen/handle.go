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

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// admitted is the key of the user value by which expect hands a request on.
const admitted = "admitted"

func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	if string(ctx.Request.Header.RequestURI()) == "/healthz" {
		ctx.Response.Header.Set("Content-Type", "text/plain")
		ctx.SetBodyString("ok\n")
		return
	}
	c := ctx.Conn().(*conn) // every listener is a listener of ours
	if version := string(ctx.Request.Header.Protocol()); version != "HTTP/1.1" && version != "HTTP/1.0" {
		write(ctx, c, s.pipeline.Malformed(s.clientIP(ctx.RemoteAddr(), nil), fault.Newf(fault.BadRequest, "the request's version is neither HTTP/1.1 nor HTTP/1.0")))
		return
	}
	in := s.incoming(ctx, c)
	if in.Length != 0 && !(in.Length < 0 && in.Length != -1) {
		in.Body = ctx.RequestBodyStream()
		_ = c.SetReadDeadline(time.Now().Add(bodyTimeout))
	}
	if a, ok := ctx.UserValue(admitted).(pipeline.Admitted); ok {
		write(ctx, c, a.Send(in))
		return
	}
	write(ctx, c, s.pipeline.Serve(in))
}

// expect looks at the head of a request whose agent waits for leave to send the
// body (RFC 9110 §10.1.1): a refusal comes before it.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	c := ctx.Conn().(*conn)
	in := s.incoming(ctx, c)
	a := s.pipeline.Admit(in)
	if a.OK() {
		ctx.SetUserValue(admitted, a)
		return fasthttp.StatusContinue
	}
	reply := a.Send(in)
	write(ctx, c, reply)
	return reply.Status
}

// incoming is the request without its body. What it points to stays as it is
// until the response is written.
func (s *Server) incoming(ctx *fasthttp.RequestCtx, c *conn) pipeline.Incoming {
	h := &ctx.Request.Header
	// Set by the handler, it makes fasthttp flush each response by itself, so
	// that conn.Write never sees two heads at once.
	_ = ctx.SetWriteDeadline(time.Now().Add(stallTimeout))
	in := pipeline.Incoming{
		Raw: raw(ctx), Length: h.ContentLength(), Provider: c.provider,
		Trailers: func() []request.Header { return lines(h.TrailerHeader()) }, Interrupt: c.interrupt, Watch: c.watch,
	}
	if h.IsHTTP11() {
		in.Interim = c.interim
	}
	in.TLS = c.secure
	in.ClientIP = s.clientIP(ctx.RemoteAddr(), in.Headers)
	return in
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
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 {
			continue // the end of the head
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			// A folded line (RFC 9112 §5.2). To leave it out would change the
			// value that it belongs to: without a name, it is refused at the door.
			name = nil
		}
		list = append(list, request.Header{Name: str(name), Value: str(bytes.Trim(value, " \t"))})
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
	c.head = appendHead(nil, r.Status, r.Reason, r.Headers)
	if r.Body == nil {
		c.watch(nil)
		resp.SkipBody = true
		c.bare = true // fasthttp would leave out the length that a 304 may have
		if r.Length >= 0 && r.Status != fasthttp.StatusNoContent {
			c.head = append(strconv.AppendInt(append(c.head, "Content-Length: "...), int64(r.Length), 10), "\r\n"...)
		}
		return
	}
	resp.ImmediateHeaderFlush = r.Length < 0
	resp.SetBodyStream(&body{reply: &r, ctx: ctx, conn: c}, r.Length)
}

func appendHead(b []byte, status int, reason string, headers []request.Header) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(append(append(b, ' '), reason...), "\r\n"...)
	for _, h := range headers {
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
	if err != nil && err != io.EOF {
		b.conn.cutShort(b.reply.Length)
	}
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
