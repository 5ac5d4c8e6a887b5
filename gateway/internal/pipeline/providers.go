package pipeline

import (
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/route"
)

// Providers is who serves at one moment: the routes, and the plugin behind each
// of them by its provider's name. A request goes by one Providers to its end,
// whatever takes over meanwhile.
type Providers struct {
	Routes  *route.Table
	Plugins map[string]*plugin.Plugin
	Shapes  *needle.KeyShapes // of all that serve; nil for none
}

func (p *Providers) route(r request.Request, provider string) (route.Route, error) {
	if provider != "" {
		return p.Routes.At(provider, r)
	}
	return p.Routes.Find(r)
}
