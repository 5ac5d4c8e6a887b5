package ops

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
)

// Providers are those of broker.toml, and one for each plugin that the operator
// has trusted and no table there names: under its own name, to its own hosts. A
// built-in plugin needs its table, since nobody asked for it by name.
func (b *Broker) Providers(ctx context.Context) ([]config.Provider, error) {
	h, err := b.Plugins(ctx)
	if err != nil {
		return nil, err
	}
	return b.providers(h), nil
}

func (b *Broker) providers(h *plugin.Host) []config.Provider {
	list := slices.Clone(b.Config.Providers)
	for _, name := range h.Trusted() {
		if !slices.ContainsFunc(b.Config.Providers, func(p config.Provider) bool { return p.Name == name || p.Plugin == name }) {
			list = append(list, config.Provider{Name: name, Plugin: name})
		}
	}
	return list
}

// provider finds a provider and the manifest of its plugin.
func (b *Broker) provider(ctx context.Context, name string) (*config.Provider, *plan.Manifest, error) {
	h, err := b.Plugins(ctx)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, p := range b.providers(h) {
		names = append(names, p.Name)
		if p.Name != name {
			continue
		}
		pl, ok := h.Find(p.Plugin)
		if !ok {
			return nil, nil, fmt.Errorf("provider %s: its plugin %q is not served from %s: see `seks plugin list`", name, p.Plugin, b.Config.PluginsDir)
		}
		return &p, pl.Manifest, nil
	}
	sort.Strings(names)
	return nil, nil, fmt.Errorf("there is no provider %.64q, but %s: add [providers.%.64s] to broker.toml, or trust a plugin of that name", name, strings.Join(names, ", "), name)
}
