// Package pipeline is the life of a request, and the only caller of the rooms
// on its path:
//
//	listen ─ request ─ route ─ token.Find ─► plugin ─► token.Prove ─► policy ─► limit ─► accesslog.Reserve
//	                  Route      Claim        Plan       Grant       Permit    Lease        Slot
//	   ─► credential.Open ─► apply ─► upstream ─► scrub ─► agent
//	        Credential      Injected   Answer     Stream
//
// Each stage takes what the ones before minted, so leaving one out does not
// compile.
package pipeline

import (
	"io"
	"net/netip"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

// Incoming is a request as the listener received it. Its strings and its body
// are valid until the Reply's body is closed.
type Incoming struct {
	request.Raw
	Provider string    // whose listener this is; "" for the shared ones
	Body     io.Reader // nil for none
	Length   int       // of the body; -1 where it isn't known
	ClientIP netip.Addr
}

// Reply is what the agent gets. Body is nil for none; else closing it, which
// the listener always does, ends the exchange.
type Reply struct {
	Status  int
	Reason  string // status text; "" for the usual one
	Headers []request.Header
	Length  int // of the body; -1 where it isn't known
	Body    io.ReadCloser
	Close   bool // the connection can't be used again
}

// Pipeline holds the rooms.
type Pipeline struct {
	Routes      func() *route.Table // the table of now
	Plugins     *plugin.Host
	Tokens      *token.Store
	Limits      *limit.Limiter
	Log         *accesslog.Log
	Credentials *credential.Store
	Upstream    *upstream.Client
}

// Serve handles one request. It always replies, and every request makes a line
// in the access log.
func (p *Pipeline) Serve(in Incoming) Reply {
	e := p.begin(&in)
	reply, err := p.serve(in, e)
	if err != nil {
		return e.refuse(err)
	}
	return reply
}

// Malformed replies to what the listener could not read as a request at all.
func (p *Pipeline) Malformed(client netip.Addr, f *fault.Fault) Reply {
	e := p.begin(&Incoming{ClientIP: client})
	reply := e.refuse(f)
	reply.Close = true
	return reply
}

func (p *Pipeline) serve(in Incoming, e *end) (Reply, error) {
	r, err := request.Parse(in.Raw)
	if err != nil {
		return Reply{}, err
	}
	e.parsed(r)
	rt, err := p.route(r, in.Provider)
	if err != nil {
		return Reply{}, err
	}
	e.routed(rt)
	pl, ok := p.Plugins.Find(rt.Provider().Plugin)
	if !ok {
		return Reply{}, fault.New(fault.ProviderUnknown)
	}
	e.shape = pl.Manifest.Shape
	cut, err := token.Cut(pl.Manifest.TokenSlots, r)
	if err != nil {
		return Reply{}, err
	}
	claim, err := p.Tokens.Find([]byte(cut.Token), rt.Provider().Name)
	e.claimed(claim)
	if err != nil {
		return Reply{}, err
	}
	vetted, line, err := planned(pl, claim, r, rt, cut)
	if err != nil {
		return Reply{}, err
	}
	grant, err := claim.Prove()
	if err != nil {
		return Reply{}, err
	}
	permit, err := judge(grant, vetted, line, in.ClientIP, e)
	if err != nil {
		return Reply{}, err
	}
	if e.lease, err = p.Limits.Acquire(grant); err != nil {
		return Reply{}, err
	}
	if e.slot, err = p.Log.Reserve(); err != nil {
		return Reply{}, err
	}
	cred, err := p.Credentials.Open(permit, e.lease, e.slot)
	if err != nil {
		return Reply{}, err
	}
	e.opened(cred)
	injected, err := apply.Apply(permit, cred, vetted, line)
	if err != nil {
		return Reply{}, err
	}
	answer, err := p.Upstream.Do(injected, e.counted(in))
	if err != nil {
		return Reply{}, err
	}
	return e.scrubbed(pl, answer, injected, line)
}

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
	return policy.Judge(g, acts, policy.Upstream{
		Method: l.Method, Host: l.Origin.Host, Path: l.Path, Query: l.Query, ClientIP: client,
	})
}
