package plugin

import (
	"runtime"
	"sync"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// maxBodies bounds the bodies that go through one plugin at a time: each has an
// instance of its own, with its memory.
const maxBodies = 64

// Transform is one body on its way through a guest. It has an instance of its
// own from the first piece to the last: a guest remembers between the pieces,
// and no other body, request or tenant comes between. Close ends it, once, from
// any goroutine. It is not copied.
type Transform struct {
	plugin *Plugin
	tenant string
	export string

	mu    sync.Mutex
	in    *instance // nil once closed
	begun bool
	text  []byte // what the guest returned for the latest piece
	whole bool   // the last piece has gone through
}

// TransformRequest begins a request's body of that tenant.
func (p *Plugin) TransformRequest(tenant string) (*Transform, error) {
	return p.transform(tenant, abi.ExportRequestBody)
}

// TransformResponse begins an answer's body for that tenant.
func (p *Plugin) TransformResponse(tenant string) (*Transform, error) {
	return p.transform(tenant, abi.ExportResponseBody)
}

func (p *Plugin) transform(tenant, export string) (*Transform, error) {
	select {
	case p.pool.bodies <- struct{}{}:
	default:
		f := fault.Newf(fault.Overloaded, "as many bodies go through the plugin %q as may at one time: wait and try again", p.Manifest.Name)
		f.RetryAfter = time.Second
		return nil, f
	}
	in, err := p.pool.take(tenant)
	if err != nil {
		<-p.pool.bodies
		return nil, p.blame(err)
	}
	return &Transform{plugin: p, tenant: tenant, export: export, in: in}, nil
}

// Piece gives the guest the next piece, of up to abi.MaxBodyInView bytes, and
// reads what it makes of it, which is good until the next piece. The last piece
// may be empty. An error is a *fault.Fault; there is nothing more to be had after it.
func (t *Transform) Piece(piece []byte, last bool) (*plan.Body, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.in == nil || t.in.dead || t.whole {
		return nil, t.plugin.blame(errBodyEnded)
	}
	flags := uint32(0)
	if !t.begun {
		flags |= abi.FlagFirst
	}
	if last {
		flags |= abi.FlagLast
	}
	return t.call(piece, flags)
}

// Context gives the guest the plan's context, ahead of the first piece.
func (t *Transform) Context(context []byte) (*plan.Body, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.in == nil || t.in.dead || t.begun {
		return nil, t.plugin.blame(errBodyEnded)
	}
	return t.call(context, abi.FlagFirst|abi.FlagContext)
}

func (t *Transform) call(input []byte, flags uint32) (*plan.Body, error) {
	t.in.flags, t.begun = flags, true
	pool := t.plugin.pool
	pool.slots <- struct{}{}
	defer func() { <-pool.slots }()
	out, err := t.in.call(t.export, input, abi.MaxPlan)
	var result *plan.Body
	if err == nil {
		// A copy, since Close may let go of the guest while its result is in use;
		// and always into the same room: a long body leaves no garbage.
		t.text = append(t.text[:0], out...)
		if result, err = plan.ParseBody(t.text); err != nil {
			t.in.dead = true
		}
	}
	t.whole = flags&abi.FlagLast != 0 && err == nil
	return result, t.plugin.blame(err)
}

// Close gives the instance back if it saw the whole body, and else ends it: what
// it holds of half a body is of no use to another.
func (t *Transform) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.in == nil {
		return
	}
	in, pool := t.in, t.plugin.pool
	t.in, in.flags = nil, 0
	if t.whole && !in.dead {
		in = pool.put(t.tenant, in)
	}
	if in != nil {
		in.close()
	}
	<-pool.bodies
	runtime.KeepAlive(t.plugin) // or its pool might close under the call
}
