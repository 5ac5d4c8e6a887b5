package pipeline

import (
	"net/netip"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/token"
)

func (p *Pipeline) route(r request.Request, provider string) (route.Route, error) {
	if provider != "" {
		return p.Routes().At(provider, r)
	}
	return p.Routes().Find(r)
}

// planned asks the plugin, and makes the upstream request line of its plan.
func planned(pl *plugin.Plugin, c token.Claim, r request.Request, rt route.Route, cut token.Rest) (expr.Vetted, apply.Line, error) {
	v, err := pl.Plan(c.Tenant(), plugin.View(pl.Manifest, r, rt, cut, time.Now()))
	if err != nil {
		return v, apply.Line{}, err
	}
	if no := v.Plan().Refusal; no != nil {
		return v, apply.Line{}, fault.Newf(fault.Code(no.Code), "%s", no.Message)
	}
	origin := rt.Provider().Origins[v.Plan().Target]
	line := apply.Line{Method: r.Method(), Origin: origin, Headers: cut.Headers}
	line.Path, line.Query, err = v.Line(origin.Path+rt.Path(), cut.Query)
	if err == nil && (line.Path != origin.Path+rt.Path() || line.Query != cut.Query) {
		err = reparse(line, pl.Manifest.Name)
	}
	return v, line, err
}

// judge asks policy about the final upstream request.
func judge(g token.Grant, v expr.Vetted, l apply.Line, client netip.Addr, e *end) (policy.Permit, error) {
	acts := v.Plan().Acts
	if len(acts) == 0 {
		acts = v.Plan().Manifest.Acts(l.Method, l.Path)
	}
	e.judged(l, acts)
	permit, err := policy.Judge(g, acts, policy.Upstream{
		Method: l.Method, Host: l.Origin.Host, Path: l.Path, Query: l.Query, ClientIP: client,
	})
	e.x.Reason = permit.Reason()
	return permit, err
}

// reparse holds a line that a plan has rewritten to the rules of the door.
func reparse(l apply.Line, pluginName string) error {
	target := l.Path
	if l.Query != "" {
		target += "?" + l.Query
	}
	_, err := request.Parse(request.Raw{Method: l.Method, Target: target, Host: l.Origin.Host, Hosts: 1})
	if err != nil {
		return fault.Newf(fault.PluginFailed, "the plugin %q failed on this request: ask the operator", pluginName).Because(err)
	}
	return nil
}
