package ops

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
)

// served is a provider, and the plugin that serves for it.
type served struct {
	config.Provider
	plugin *plugin.Plugin // nil where none does
	why    string         // it doesn't, and what to do
	named  bool           // by a table in broker.toml
}

// Providers are those of broker.toml, and one for each plugin that the operator
// has trusted and no table there names: under its own name, to its own hosts. A
// built-in plugin needs its table, since nobody asked for it by name.
func (b *Broker) Providers(ctx context.Context) ([]config.Provider, error) {
	all, err := b.serving(ctx)
	var list []config.Provider
	for _, s := range all {
		list = append(list, s.Provider)
	}
	return list, err
}

func (b *Broker) serving(ctx context.Context) ([]served, error) {
	h, err := b.Plugins(ctx)
	if err != nil {
		return nil, err
	}
	return b.servedBy(ctx, h), nil
}

// servedBy is one moment's providers: a version that takes over meanwhile is not
// in some of them only.
func (b *Broker) servedBy(ctx context.Context, h *plugin.Host) []served {
	table := h.Serving()
	var all []served
	for _, p := range b.Config.Providers {
		s := b.serve(ctx, h, table, p)
		s.named = true
		all = append(all, s)
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		named := func(p config.Provider) bool { return p.Name == name || p.Plugin == name }
		if !h.BuiltIn(table[name]) && !slices.ContainsFunc(b.Config.Providers, named) {
			all = append(all, b.serve(ctx, h, table, config.Provider{Name: name, Plugin: name}))
		}
	}
	return all
}

func (b *Broker) serve(ctx context.Context, h *plugin.Host, table map[string]*plugin.Plugin, p config.Provider) served {
	s := served{Provider: p}
	pl := table[p.Plugin]
	if pl == nil {
		s.why = fmt.Sprintf("its plugin %q is not served from %s: see `seks plugin list`", p.Plugin, b.Config.PluginsDir)
		return s
	}
	pl, err := h.Configured(ctx, pl, p.Parameters)
	switch {
	case err != nil:
		s.why = fmt.Sprintf("the plugin %s does not take its parameters: %v", p.Plugin, err)
	case p.Upstream == nil && len(pl.Manifest.Upstreams) == 0:
		s.why = fmt.Sprintf("the plugin %s names no upstream: set upstream in [providers.%s]", p.Plugin, p.Name)
	default:
		s.plugin = pl
	}
	return s
}

// provider finds a provider and the manifest of its plugin.
func (b *Broker) provider(ctx context.Context, name string) (*config.Provider, *plan.Manifest, error) {
	s, err := b.servedAs(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	return &s.Provider, s.plugin.Manifest, nil
}

// servedAs finds a provider that a plugin serves for.
func (b *Broker) servedAs(ctx context.Context, name string) (*served, error) {
	h, err := b.pluginOf(ctx, name)
	if err != nil {
		return nil, err
	}
	all := b.servedBy(ctx, h)
	var names []string
	for i := range all {
		s := &all[i]
		names = append(names, s.Name)
		switch {
		case s.Name != name:
		case s.plugin == nil:
			return nil, fmt.Errorf("provider %s: %s", name, s.why)
		default:
			return s, nil
		}
	}
	sort.Strings(names)
	return nil, fmt.Errorf("there is no provider %.64q, but %s: add [providers.%.64s] to broker.toml, or trust a plugin of that name", name, strings.Join(names, ", "), name)
}
