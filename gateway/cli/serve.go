package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/admin"
	"github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/listen"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

func (a *app) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the broker; it listens once its plugins are ready",
		Long: `Run the broker. It listens once its plugins are ready, and ends on SIGINT or
SIGTERM: it then takes no new request and lets running ones finish, up to
limits.drain.`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			return a.serve(c.Context(), cfg)
		},
	}
}

// Bounds of what is held back of request bodies that a plan depends on.
const (
	heldBodies  = 256 << 20 // bytes, of all requests together
	bodyTimeout = 30 * time.Second
)

// gateway is a running broker.
type gateway struct {
	app      *app
	config   *config.Config
	broker   *ops.Broker
	log      *accesslog.Log
	now      atomic.Pointer[pipeline.Providers]
	notices  notices
	upstream *upstream.Client
	front    *listen.Server
	admin    *admin.Server
	metrics  *admin.Metrics
	failed   chan error
}

func (a *app) serve(ctx context.Context, c *config.Config) (err error) {
	if err := hide(); err != nil {
		return err
	}
	g := &gateway{app: a, config: c, failed: make(chan error, 1), metrics: admin.NewMetrics(a.build.Version)}
	if g.broker, err = ops.Open(c, a.build, a.prompt); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.broker.Close()) }()
	if g.log, err = g.broker.OpenLog(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.log.Close()) }()
	for _, d := range g.log.Found() {
		a.notef("warning: %s", clean(d.String()))
	}
	if err := g.start(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		a.notef("stopping; running requests have %s to finish", c.Limits.Drain)
	case err = <-g.failed:
	}
	g.stop()
	return err
}

var shapeModes = map[config.Shapes]scrub.ShapeMode{config.ShapesLog: scrub.ShapesLog, config.ShapesMask: scrub.ShapesMask}

// hide keeps the process's memory out of core files and away from other
// processes of the same user.
func hide() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("turn core files off: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("make the process undumpable: %w", err)
	}
	debug.SetTraceback("none") // a panic's trace may print arguments
	return nil
}

func (g *gateway) start(ctx context.Context) error {
	c := g.config
	h, err := g.broker.Plugins(ctx)
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what compiling took, or reading compiled code, is not needed again
	if err := g.reroute(ctx); err != nil {
		return err
	}
	g.broker.Serving(g.log, func() { g.took(g.reroute(context.Background())) })
	roots, err := ops.Roots(c)
	if err != nil {
		return err
	}
	g.upstream = upstream.New(upstream.Config{
		ConnectTimeout: c.Limits.UpstreamConnectTimeout, IdleTimeout: c.Limits.UpstreamHeaderTimeout,
		Origin: g.broker.Origin(roots),
	})
	certificate, err := g.certificate()
	if err != nil {
		return err
	}
	public := ""
	if c.PublicURL != nil {
		public = c.PublicURL.String()
	}
	g.front = listen.New(&pipeline.Pipeline{
		Providers: g.now.Load, Tokens: g.broker.Tokens,
		Limits: limit.New(c.Limits.MaxConcurrent, time.Now), Log: g.log,
		Credentials: g.broker.Credentials, Upstream: g.upstream, PublicURL: public,
		Bodies: body.NewMemory(heldBodies), BodyTimeout: bodyTimeout, KeyShapes: shapeModes[c.Scrub.Shapes],
		SuspendAfter: c.Scrub.SuspendAfter, Ended: g.metrics.Ended,
	}, listen.Config{Trusted: c.TrustedProxies, IdleTimeout: c.Limits.IdleTimeout})
	for _, address := range c.Listen {
		if err := g.listen(address, "", certificate); err != nil {
			return err
		}
	}
	for _, p := range c.Providers {
		if !p.Listen.IsZero() {
			if err := g.listen(p.Listen, p.Name, certificate); err != nil {
				return err
			}
		}
	}
	go h.Watch(ctx, func(err error) {
		if err == nil {
			err = g.reroute(ctx)
		}
		g.took(err)
		h.Forget()
	})
	return g.startAdmin(certificate)
}

func (g *gateway) certificate() (*tls.Config, error) {
	if g.config.TLS.Cert == "" {
		return nil, nil
	}
	return listen.Certificate(g.config.TLS.Cert, g.config.TLS.Key)
}

func (g *gateway) listen(address config.Address, provider string, certificate *tls.Config) error {
	l, err := listen.Listen(address.String())
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	scheme := "https"
	if certificate == nil || address.Network == "unix" {
		certificate, scheme = nil, "http"
	}
	go func() {
		if err := g.front.Serve(l, provider, certificate); err != nil {
			select {
			case g.failed <- fmt.Errorf("the listener on %s failed: %w", address, err):
			default:
			}
		}
	}()
	where := shown(l.Addr(), scheme)
	if provider != "" {
		where += " for " + provider
	}
	g.app.notef("listening on %s", where)
	return nil
}

func shown(a net.Addr, scheme string) string {
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return scheme + "://" + a.String()
}

func (g *gateway) startAdmin(certificate *tls.Config) error {
	g.admin = admin.New(g.broker, g.metrics)
	if err := g.admin.ServeSocket(ops.Socket(g.config)); err != nil {
		return err
	}
	if address := g.config.Admin.Listen; !address.IsZero() {
		at, err := g.admin.ServeTCP(address.Addr, certificate)
		if err != nil {
			return fmt.Errorf("admin listener on %s: %w", address, err)
		}
		scheme := "http"
		if certificate != nil {
			scheme = "https"
		}
		g.app.notef("admin on %s", shown(at, scheme))
	}
	providers, err := g.broker.Providers(context.Background())
	if err != nil {
		return err
	}
	var names []string
	for _, p := range providers {
		names = append(names, p.Name)
	}
	g.app.notef("ready; providers: %s", strings.Join(names, ", "))
	return nil
}

// stop takes no new request, lets running ones finish, then cuts what is left:
// first its upstreams, so that each stream ends and writes its line.
func (g *gateway) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), g.config.Limits.Drain)
	defer cancel()
	g.front.Drain(ctx)
	g.upstream.Abort()
	g.front.Cut()
	g.admin.Shutdown(ctx)
}
