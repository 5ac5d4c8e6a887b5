// Package ops is what each command does, once: the command line calls it on
// the store where no broker runs, and through the admin API where one does.
package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
)

// Tenant is the tenant that commands work for.
const Tenant = "default"

// Paths of what lives in data_dir.
func storeDir(c *config.Config) string   { return filepath.Join(c.DataDir, "store") }
func trustedDir(c *config.Config) string { return filepath.Join(c.DataDir, "plugins") }
func cacheDir(c *config.Config) string   { return filepath.Join(c.DataDir, "cache") }

// LogDir is the folder of the access log.
func LogDir(c *config.Config) string { return filepath.Join(c.DataDir, "log") }

// Socket is the admin socket.
func Socket(c *config.Config) string { return filepath.Join(c.DataDir, "admin.sock") }

// Build is what the build stamped into this program.
type Build struct {
	Version  string
	Builtins []string // digests of the built-in plugins
}

// Broker is the opened store and all that commands need of it.
type Broker struct {
	Config      *config.Config
	Tokens      *token.Store
	Credentials *credential.Store

	build   Build
	kv      *kv.Store
	keeper  *seal.Keeper
	now     func() time.Time
	log     *accesslog.Log // while serving
	changed func()         // while serving: the set of plugins is another one

	loading sync.Mutex
	plugins *plugin.Host // made by the first that needs it
	loaded  bool         // all of them
}

// ErrNoData means that `seks init` has not been run for this data_dir.
var ErrNoData = errors.New("this data_dir has not been set up: run `seks init`")

// Open opens the store of a configuration and checks the master key first.
// prompt asks for a passphrase where the master key is one.
func Open(c *config.Config, b Build, prompt func() (secret.Bytes, error)) (*Broker, error) {
	if _, err := os.Stat(storeDir(c)); err != nil {
		return nil, fmt.Errorf("%s: %w", c.DataDir, ErrNoData)
	}
	return open(c, b, prompt)
}

func open(c *config.Config, b Build, prompt func() (secret.Bytes, error)) (*Broker, error) {
	store, err := kv.Open(storeDir(c))
	if err != nil {
		return nil, err
	}
	master, err := seal.LoadMaster(c.MasterKey.String(), "", store, prompt)
	if err == nil {
		var keeper *seal.Keeper
		if keeper, err = seal.Open(store, master); err == nil {
			return &Broker{
				Config: c, build: b, kv: store, keeper: keeper, now: time.Now,
				Tokens:      token.NewStore(store, keeper, time.Now),
				Credentials: credential.NewStore(store, keeper, time.Now),
			}, nil
		}
	}
	return nil, errors.Join(err, store.Close())
}

// Serving tells the broker that it is the running one: `log flush` reaches
// that log, and changed is called when another set of plugins serves.
func (b *Broker) Serving(log *accesslog.Log, changed func()) { b.log, b.changed = log, changed }

// Plugins is the plugin host, with all plugins loaded.
func (b *Broker) Plugins(ctx context.Context) (*plugin.Host, error) {
	b.loading.Lock()
	defer b.loading.Unlock()
	h, err := b.host(ctx)
	if err != nil || b.loaded {
		return h, err
	}
	if err := h.Load(ctx); err != nil {
		return nil, err
	}
	b.loaded = true
	return h, nil
}

// pluginOf is the plugin host with what one provider needs, which is loaded sooner
// than all of them.
func (b *Broker) pluginOf(ctx context.Context, provider string) (*plugin.Host, error) {
	b.loading.Lock()
	h, err := b.host(ctx)
	name := provider
	for _, p := range b.Config.Providers {
		if p.Name == provider {
			name = p.Plugin
		}
	}
	if err == nil && !b.loaded {
		err = h.LoadNamed(ctx, name)
	}
	b.loading.Unlock()
	if err != nil {
		return nil, err
	}
	if _, ok := h.Find(name); ok {
		return h, nil
	}
	return b.Plugins(ctx)
}

func (b *Broker) host(ctx context.Context) (*plugin.Host, error) {
	if b.plugins != nil {
		return b.plugins, nil
	}
	h, err := plugin.NewHost(ctx, plugin.Config{
		Dir: b.Config.PluginsDir, CacheDir: cacheDir(b.Config), Builtins: b.build.Builtins,
		Trust: b.trust(), MAC: func(data []byte) []byte { return b.keeper.MAC("compile-cache", data) },
	})
	if err != nil {
		return nil, err
	}
	b.plugins = h
	return h, nil
}

func (b *Broker) trust() *plugin.Trust {
	return plugin.NewTrust(b.kv, b.keeper, trustedDir(b.Config))
}

// Close closes the store.
func (b *Broker) Close() error {
	if b.plugins != nil {
		b.plugins.Close()
	}
	return b.kv.Close()
}
