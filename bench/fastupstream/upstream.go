// Package fastupstream is the API behind the gateways in benchmarks. The double
// in bench/upstream is there to be right; this one is there to be fast, since a
// gateway can't be measured with an upstream that is slower. It checks the
// credential all the same: a gateway that left it out would be timed for nothing.
//
//	GET  /v1/models/{n}                   a JSON answer of n bytes
//	POST /v1/chat/completions?bytes=n     the same
//	POST /v1/responses?every=20ms         server-sent events without end; 0s as fast as they are taken
//	GET  /v1/files/{n}/content            n bytes
//	POST /v1/files                        swallows a body and says how long it was
//	PUT  /{anything}                      the same, as S3, signed with KeyID (whether rightly, a test in e2e sees)
package fastupstream

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seksbot/seks-broker/bench/load"
)

// Block is what bulk bodies repeat: text as APIs send it, with no secret in it.
const Block = `{"id":"item-0001","object":"bench.item","note":"The quick brown fox jumps over the lazy dog.","tags":["a","b"],"n":12345},` + "\n"

// KeyID names the access key of S3 whose secret half is the credential.
const KeyID = "AKIABENCH00000000KEY"

const copyBytes = 256 << 10

// JSON is the answer of n bytes, at least 40 of them.
func JSON(n int) []byte {
	const begin, end = `{"object":"bench","note":"`, `"}` + "\n"
	return []byte(begin + strings.Repeat("x", max(n-len(begin)-len(end), 0)) + end)
}

// upstream is the API's state.
type upstream struct {
	bearer string
	json   sync.Map // int → []byte
	bulk   []byte
}

// Serve serves the API on a listener until that is closed. key is the
// credential that it wants, as Authorization: Bearer.
func Serve(l net.Listener, key string) error {
	u := &upstream{bearer: "Bearer " + key, bulk: []byte(strings.Repeat(Block, copyBytes/len(Block)+1))}
	s := &fasthttp.Server{
		Handler:               u.handle,
		StreamRequestBody:     true,
		MaxRequestBodySize:    1 << 62,
		NoDefaultServerHeader: true,
		NoDefaultDate:         true,
	}
	return s.Serve(l)
}

func (u *upstream) handle(ctx *fasthttp.RequestCtx) {
	authorization := string(ctx.Request.Header.Peek("Authorization"))
	signed := ctx.IsPut() && strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential="+KeyID+"/")
	if authorization != u.bearer && !signed {
		ctx.Error("this is not the credential\n", fasthttp.StatusUnauthorized)
		return
	}
	path := string(ctx.Path())
	rest, isModel := strings.CutPrefix(path, "/v1/models/")
	file, isFile := strings.CutPrefix(path, "/v1/files/")
	switch {
	case isModel:
		u.answer(ctx, rest)
	case path == "/v1/chat/completions":
		u.answer(ctx, string(ctx.QueryArgs().Peek("bytes")))
	case path == "/v1/responses":
		u.stream(ctx)
	case isFile:
		u.content(ctx, strings.TrimSuffix(file, "/content"))
	case path == "/v1/files", ctx.IsPut():
		sink(ctx)
	default:
		ctx.Error("no such path\n", fasthttp.StatusNotFound)
	}
}

func (u *upstream) answer(ctx *fasthttp.RequestCtx, size string) {
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 || n > 1<<20 {
		ctx.Error("no size\n", fasthttp.StatusBadRequest)
		return
	}
	body, ok := u.json.Load(n)
	if !ok {
		body, _ = u.json.LoadOrStore(n, JSON(n))
	}
	ctx.SetContentType("application/json")
	ctx.Response.SetBodyRaw(body.([]byte))
}

// stream takes the connection over, so that each event leaves in one write of
// its own, at the moment that its stamp says.
func (u *upstream) stream(ctx *fasthttp.RequestCtx) {
	every, err := time.ParseDuration(string(ctx.QueryArgs().Peek("every")))
	if err != nil {
		ctx.Error("no pace\n", fasthttp.StatusBadRequest)
		return
	}
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) {
		const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
		if _, err := io.WriteString(c, head); err != nil {
			return
		}
		if every > 0 {
			time.Sleep(rand.N(every)) // streams are not in step
		}
		var text, chunk []byte
		next := time.Now()
		for {
			text = appendEvent(text[:0])
			chunk = fmt.Appendf(chunk[:0], "%x\r\n%s\r\n", len(text), text)
			if _, err := c.Write(chunk); err != nil {
				return // the client has seen enough
			}
			if every > 0 {
				next = next.Add(every)
				time.Sleep(time.Until(next))
			}
		}
	})
}

// appendEvent writes an event as large as those of chat completions are.
func appendEvent(b []byte) []byte {
	b = append(b, load.Stamp...)
	b = strconv.AppendInt(b, load.Now(), 10)
	return append(b, `,"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}`+"\n\n"...)
}

func (u *upstream) content(ctx *fasthttp.RequestCtx, size string) {
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 0 {
		ctx.Error("no size\n", fasthttp.StatusBadRequest)
		return
	}
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) {
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", n)
		_, err := io.WriteString(c, head)
		for left := n; left > 0 && err == nil; left -= int64(len(u.bulk)) {
			_, err = c.Write(u.bulk[:min(left, int64(len(u.bulk)))])
		}
	})
}

func sink(ctx *fasthttp.RequestCtx) {
	var n int64
	buf := make([]byte, copyBytes)
	for body := ctx.RequestBodyStream(); body != nil; {
		got, err := body.Read(buf)
		n += int64(got)
		if err == io.EOF {
			break
		}
		if err != nil {
			ctx.Error("the body was cut\n", fasthttp.StatusBadRequest)
			return
		}
	}
	ctx.SetContentType("application/json")
	ctx.SetBodyString(`{"bytes":` + strconv.FormatInt(n, 10) + "}\n")
}
