package pipeline

import (
	"net/netip"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/token"
)

// judge asks policy about the final upstream request.
func judge(g token.Grant, v expr.Vetted, l apply.Line, client netip.Addr, e *end) (policy.Permit, error) {
	acts := v.Plan().Acts
	if len(acts) == 0 {
		m := v.Plan().Manifest
		acts = m.Acts(l.Method, m.Own(v.Plan().Target, l.Origin.Path, l.Path))
	}
	e.judged(l, acts)
	permit, err := policy.Judge(g, acts, policy.Upstream{
		Method: l.Method, Host: l.Origin.Host, Path: l.Path, Query: l.Query, ClientIP: client,
	})
	e.x.Reason = permit.Reason()
	return permit, err
}
