package ops

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/route"
)

// Routes makes the table of those providers whose plugin serves now, with these
// plugins, and a warning for each other one.
func (b *Broker) Routes(ctx context.Context) (*pipeline.Providers, []string, error) {
	all, err := b.serving(ctx)
	if err != nil {
		return nil, nil, err
	}
	now := &pipeline.Providers{Plugins: map[string]*plugin.Plugin{}}
	var providers []route.Provider
	var warnings, taken []string
	for i := range all {
		s := &all[i]
		if s.plugin == nil {
			warnings = append(warnings, fmt.Sprintf("provider %s: %s; until then it answers provider_unknown", s.Name, s.why))
			continue
		}
		now.Plugins[s.Name] = s.plugin
		r := RouteOf(s.Name, s.Hosts, s.plugin.Manifest, Origins(&s.Provider, s.plugin.Manifest))
		if u := b.Config.PublicURL; u != nil {
			r.MountHosts = append(r.MountHosts, u.Hostname())
		}
		if s.named {
			taken = append(taken, r.UpstreamHosts...)
		} else {
			// A file dropped in takes no host from a provider of broker.toml, which
			// a host that two share would not lead to any more.
			r.UpstreamHosts = slices.DeleteFunc(r.UpstreamHosts, func(h string) bool { return slices.Contains(taken, h) })
		}
		providers = append(providers, r)
	}
	now.Shapes = plugin.KeyShapes(now.Plugins)
	now.Routes, err = route.NewTable(providers)
	return now, warnings, err
}

// RouteOf is the route of one provider.
func RouteOf(name string, own []string, m *plan.Manifest, origins []*url.URL) route.Provider {
	r := route.Provider{
		Name: name, VersionPrefixes: m.VersionPrefixes, Hosts: own,
		Upstream: origins[0], Origins: origins, Opaque: m.OpaquePaths, Subdomains: m.Subdomains, MountHosts: []string{"localhost"},
	}
	for _, o := range origins {
		r.UpstreamHosts = append(r.UpstreamHosts, o.Host)
	}
	// The API's own names too, where broker.toml sends its requests elsewhere.
	r.UpstreamHosts = append(r.UpstreamHosts, m.Hosts()...)
	return r
}
