// Command bare is the least that a gateway in Go can be: a fasthttp reverse
// proxy that sets the Authorization header and does nothing else. What the
// broker costs is what it takes beyond this.
//
//	bare HOST:PORT   forwards to it; the key is in BENCH_KEY; prints its own address
package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/valyala/fasthttp"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: bare HOST:PORT")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening on", l.Addr())
	return proxy(args[0], os.Getenv("BENCH_KEY")).Serve(l)
}

// proxy streams both ways, so that memory stays flat and events leave as they
// come.
func proxy(upstream, key string) *fasthttp.Server {
	client := &fasthttp.HostClient{
		Addr:                          upstream,
		MaxConns:                      16 << 10,
		MaxIdleConnDuration:           time.Minute,
		StreamResponseBody:            true,
		DisablePathNormalizing:        true,
		DisableHeaderNamesNormalizing: true,
		NoDefaultUserAgentHeader:      true,
	}
	bearer := "Bearer " + key
	return &fasthttp.Server{
		StreamRequestBody:             true,
		MaxRequestBodySize:            1 << 62,
		DisableHeaderNamesNormalizing: true,
		NoDefaultServerHeader:         true,
		NoDefaultDate:                 true,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.Request.Header.Set("Authorization", bearer)
			if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
				ctx.Error("the upstream failed\n", fasthttp.StatusBadGateway)
				return
			}
			ctx.Response.ImmediateHeaderFlush = ctx.Response.Header.ContentLength() < 0
		},
	}
}
