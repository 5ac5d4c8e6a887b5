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
func (p *Pipeline) Serve(in Incoming) Reply {
	a := p.Admit(in)
	return a.Send(in)
}

// Admit takes a request as far as its head goes: to the Permit, or to the Claim
// where the plan depends on the body.
func (p *Pipeline) Admit(in Incoming) Admitted {
	a := Admitted{e: p.begin(&in)}
	a.err = p.admit(in, &a)
	return a
}

// Send takes an admitted request to its reply, and a refused one to its refusal.
// It is called once.
func (a *Admitted) Send(in Incoming) Reply {
	if a.err == nil && a.waiting != nil {
		a.err = a.hear(&in)
	}
	if a.err != nil {
		return a.e.refuse(a.err)
	}
	reply, err := a.e.p.send(in, a)
	if err != nil {
		return a.e.refuse(err)
	}
	return reply
}

func (p *Pipeline) admit(in Incoming, a *Admitted) error {
	r, err := request.Parse(in.Raw)
	if err != nil {
		return err
	}
	a.e.parsed(r)
	now := p.Providers()
	rt, err := now.route(r, in.Provider)
	if err != nil {
		return err
	}
	a.e.routed(r, rt)
	if a.plugin = now.Plugins[rt.Provider().Name]; a.plugin == nil {
		return fault.New(fault.ProviderUnknown)
	}
	a.e.shape = a.plugin.Manifest.Shape
	cut, err := token.Cut(a.plugin.Manifest.TokenSlots, r)
	if err != nil {
		return err
	}
	scrub.Accept(cut.Headers) // before the plugin sees or signs it
	q := asked{request: r, route: rt, cut: cut}
	q.claim, err = p.Tokens.Present(cut, rt.Provider().Name)
	a.e.claimed(q.claim)
	if err != nil {
		return err
	}
	seen, wait := q.looksAt(a.plugin, &in)
	if wait {
		waiting := q
		a.waiting = &waiting
		return nil
	}
	return p.decide(&q, seen, &in, a)
}

// decide makes the plan, and takes it through to the Permit.
func (p *Pipeline) decide(q *asked, seen shown, in *Incoming, a *Admitted) (err error) {
	if a.session, a.line, err = q.planned(a.plugin, seen); err != nil {
		return err
	}
	if a.grant, err = q.claim.Prove(a.session); err != nil {
		return err
	}
	if a.permit, err = judge(a.grant, a.session.Vetted(), a.line, in.ClientIP, a.e); err != nil {
		return err
	}
	return fits(a.session.Vetted().Plan(), a.plugin, seen, in)
}

func (p *Pipeline) send(in Incoming, a *Admitted) (Reply, error) {
	e, err := a.e, a.e.hashed(&in, a.session)
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
	body, err := e.outgoing(in, injected, a)
	if err != nil {
		return Reply{}, err
	}
	answer, err := p.Upstream.Do(injected, body, e.hooks(in))
	if err != nil {
		return Reply{}, e.blame(err)
	}
	return e.scrubbed(a, answer, injected)
}
