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
	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/token"
)

// Serve handles one request. It always replies, and every request makes a line
// in the access log.
func (p *Pipeline) Serve(in Incoming) (reply Reply) {
	e := p.begin(&in)
	defer func() {
		if v := recover(); v != nil {
			reply = e.refuse(Panicked(v))
		}
	}()
	a, err := p.admit(&in, e)
	if err != nil {
		return e.refuse(err)
	}
	reply, err = p.send(in, e, a)
	if err != nil {
		return e.refuse(err)
	}
	return reply
}

// admit takes a request to its Permit. It holds nothing but what of the body the
// plan depends on, and reads none of it before the Claim.
func (p *Pipeline) admit(in *Incoming, e *end) (a admitted, err error) {
	r, err := request.Parse(in.Raw)
	if err != nil {
		return a, err
	}
	e.parsed(r)
	now := p.Providers()
	rt, err := now.route(r, in.Provider)
	if err != nil {
		return a, err
	}
	e.routed(r, rt)
	if a.plugin = now.Plugins[rt.Provider().Name]; a.plugin == nil {
		return a, fault.New(fault.ProviderUnknown)
	}
	e.shape = a.plugin.Manifest.Shape
	cut, err := token.Cut(a.plugin.Manifest.TokenSlots, r)
	if err != nil {
		return a, hinted(err, a.plugin, r)
	}
	scrub.Accept(cut.Headers) // before the plugin sees or signs it
	q := asked{request: r, route: rt, cut: cut}
	q.claim, err = p.Tokens.Present(cut, rt.Provider().Name)
	e.claimed(q.claim)
	if err != nil {
		return a, hinted(err, a.plugin, r)
	}
	seen, err := q.seen(a.plugin, in, e)
	if err != nil {
		return a, err
	}
	if a.session, a.line, err = q.planned(a.plugin, seen); err != nil {
		return a, err
	}
	if a.grant, err = e.prove(&q, a.session, in); err != nil {
		return a, err
	}
	if a.permit, err = judge(a.grant, a.session.Vetted(), a.line, in.ClientIP, e); err != nil {
		return a, err
	}
	return a, fits(a.session.Vetted().Plan(), a.plugin, seen, in)
}

// send takes an admitted request upstream, and brings back the answer.
func (p *Pipeline) send(in Incoming, e *end, a admitted) (Reply, error) {
	err := e.hashed(&in, a.session)
	if err != nil {
		return Reply{}, err
	}
	if e.lease, err = p.Limits.Acquire(a.grant); err != nil {
		return Reply{}, err
	}
	if e.slot, err = p.Log.Reserve(); err != nil {
		return Reply{}, err
	}
	if err = e.slot.Intend(&e.x); err != nil {
		return Reply{}, err
	}
	cred, err := p.Credentials.Open(a.permit, e.lease, e.slot)
	if err != nil {
		return Reply{}, err
	}
	e.opened(cred)
	injected, err := apply.Apply(a.permit, cred, a.session, a.line)
	if err != nil {
		return Reply{}, err
	}
	e.needles = injected.Needles()
	body, err := e.outgoing(in, injected, &a)
	if err != nil {
		return Reply{}, err
	}
	answer, err := p.Upstream.Do(injected, body, e.hooks(in))
	if err != nil {
		return Reply{}, e.blame(err)
	}
	return e.scrubbed(&a, answer, injected)
}
