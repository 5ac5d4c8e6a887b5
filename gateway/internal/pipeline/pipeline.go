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

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
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

	// What the listener can do for a request that goes on; each may be nil.
	Trailers  func() []request.Header // behind a chunked body, once it has ended
	Interrupt func()                  // ends a Read of the body that hangs
	Watch     func(abort func())      // calls abort when the agent has gone
}

// Reply is what the agent gets. Body is nil for none; else closing it, which
// the listener always does, ends the exchange.
type Reply struct {
	Status  int
	Reason  string // status text; "" for the usual one
	Headers []request.Header
	Length  int // of the body; -1 where it isn't known
	Body    io.ReadCloser
	// Trailers are those behind the body, once it has been read to its end; nil
	// where there can be none.
	Trailers func() []request.Header
	Close    bool // the connection can't be used again
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
	scrub.Accept(cut.Headers) // before the plugin sees or signs it
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
	e.needles = injected.Needles()
	answer, err := p.Upstream.Do(injected, e.counted(in), in.Watch)
	if err != nil {
		return Reply{}, e.blame(err)
	}
	return e.scrubbed(pl, answer, injected, line)
}
