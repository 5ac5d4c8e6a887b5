package plugin

import (
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// View is what a guest sees of a request: the headers that its manifest asks
// for, with their repeats, out of what is left when the tokens were cut. Of a
// client that signs it is what was signed.
func View(m *plan.Manifest, r request.Request, rt route.Route, cut token.Rest, now time.Time) *abi.View {
	up := rt.Provider().Upstream
	v := &abi.View{
		Method: r.Method(), Scheme: "http", Target: cut.Target, Authority: r.Authority(),
		Mount: rt.Mount(), Path: rt.Path(), Query: cut.Query,
		UpstreamAuthority: up.Host, UpstreamBase: up.Path, Subdomain: rt.Subdomain(),
	}
	if r.TLS() {
		v.Scheme = "https"
	}
	if m.NeedsTime {
		v.Time = uint64(now.Unix())
	}
	headers := cut.Headers
	if cut.ID != "" { // what was signed; the id in it is public
		v.TokenID, headers = cut.ID, cut.Signed
	}
	for _, h := range headers {
		if m.WantsHeader(h.Name) {
			v.Headers = append(v.Headers, abi.Header{Name: h.Name, Value: h.Value})
		}
	}
	return v
}
