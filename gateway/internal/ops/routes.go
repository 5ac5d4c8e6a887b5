package ops

import (
	"context"
	"fmt"
	"net/url"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/route"
)

// Routes makes the table of those providers whose plugin serves now, and a
// warning for each other one.
func (b *Broker) Routes(ctx context.Context) (*route.Table, []string, error) {
	h, err := b.Plugins(ctx)
	if err != nil {
		return nil, nil, err
	}
	var providers []route.Provider
	var warnings []string
	for _, p := range b.providers(h) {
		pl, ok := h.Find(p.Plugin)
		if !ok {
			warnings = append(warnings, fmt.Sprintf("provider %s: no trusted plugin %q in %s, so it answers provider_unknown: see `seks plugin list`",
				p.Name, p.Plugin, b.Config.PluginsDir))
			continue
		}
		r := RouteOf(p.Name, p.Hosts, pl.Manifest, Origins(&p, pl.Manifest))
		r.Plugin = p.Plugin
		providers = append(providers, r)
	}
	t, err := route.NewTable(providers)
	return t, warnings, err
}

// RouteOf is the route of one provider.
func RouteOf(name string, own []string, m *plan.Manifest, origins []*url.URL) route.Provider {
	r := route.Provider{
		Name: name, Plugin: m.Name, VersionPrefixes: m.VersionPrefixes, Hosts: own,
		Upstream: origins[0], Origins: origins, Opaque: m.OpaquePaths,
	}
	for _, o := range origins {
		r.UpstreamHosts = append(r.UpstreamHosts, o.Host)
	}
	// The API's own names too, where broker.toml sends its requests elsewhere.
	r.UpstreamHosts = append(r.UpstreamHosts, m.Hosts()...)
	return r
}
