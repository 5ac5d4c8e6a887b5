// Command seks is a credential gateway for AI agents: see README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/seksbot/seks-broker/gateway/cli"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

// Stamped by the build.
var (
	version  = "dev"
	builtins = "" // digests of the built-in plugins, joined by ","
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	build := ops.Build{Version: version}
	for d := range strings.SplitSeq(builtins, ",") {
		if d != "" {
			build.Builtins = append(build.Builtins, d)
		}
	}
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, build))
}
