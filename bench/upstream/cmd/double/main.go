// Command double runs the upstream double as a process of its own, for
// benchmarks, demos and tests of the real binary. It ends on SIGTERM or
// SIGINT, and with -stdin also when its standard input is closed.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/seksbot/seks-broker/bench/upstream"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	var o upstream.Options
	flags := flag.NewFlagSet("double", flag.ContinueOnError)
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:0", "`host:port` to listen on")
	flags.StringVar(&o.Key, "key", "", "the `key` that is right (a made-up one: it can be seen in the process list)")
	flags.BoolVar(&o.TLS, "tls", false, "serve https with a certificate made now")
	flags.BoolVar(&o.EchoKey, "echo-key", false, "repeat a wrong key whole in the 401")
	flags.IntVar(&o.Files, "files", 0, "how many files there are at the start")
	flags.IntVar(&o.Models, "models", 0, "how many models there are (3)")
	certOut := flags.String("cert-out", "", "`file` for the certificate of -tls")
	bare := flags.Bool("bare", false, "for benchmarks: record nothing (and /v1/echo/request shows no headers)")
	printAddr := flags.Bool("print-addr", false, "print nothing but the base URL, on a line of its own")
	untilEOF := flags.Bool("stdin", false, "end when standard input is closed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Key == "" {
		return fmt.Errorf("double: -key is missing: without it every request is refused")
	}
	if *bare {
		o.Record, o.RawLimit = -1, -1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	s := upstream.New(o)
	url, err := s.Start()
	if err != nil {
		return err
	}
	if *certOut != "" {
		if err := os.WriteFile(*certOut, s.CertPEM(), 0o644); err != nil {
			_ = s.Close()
			return fmt.Errorf("double: %w", err)
		}
	}
	announce(stdout, url, *printAddr)
	if *untilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, stdin) // an error ends it as well as the end does
			stop()
		}()
	}
	<-ctx.Done()
	return s.Close()
}

func announce(w io.Writer, url string, bare bool) {
	if !bare {
		url = "the upstream double listens on " + url
	}
	fmt.Fprintln(w, url)
}
