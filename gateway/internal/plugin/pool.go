package plugin

import (
	"context"
	"runtime"
	"sync"

	"github.com/tetratelabs/wazero"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// pool holds the instances of one module, by tenant: an instance serves one
// tenant only, so nothing that a guest keeps can pass from one to another.
type pool struct {
	engine   *engine
	compiled wazero.CompiledModule
	slots    chan struct{} // bounds how many run at once; more wait
	turns    turns         // and how many of one tenant
	bodies   chan struct{} // bounds how many bodies are on their way

	parameters []byte  // for each instance
	base       *Plugin // whose code this is, where that is another's; it lives as long

	mu    sync.Mutex
	spare *instance // the one that said the manifest; no tenant has used it
	idle  map[string][]*instance
	count int // of idle
}

// maxIdle bounds the instances that wait for their tenant's next request: 2 GiB
// if each has all the memory that it may have.
const maxIdle = 64

func newPool(e *engine, c wazero.CompiledModule, first *instance) *pool {
	return &pool{
		engine: e, compiled: c, spare: first,
		slots:  make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
		turns:  turns{most: runtime.GOMAXPROCS(0), by: map[string]*turn{}},
		bodies: make(chan struct{}, maxBodies),
		idle:   map[string][]*instance{},
	}
}

// exports says whether the module has an optional export.
func (p *pool) exports(name string) bool { return p.compiled.ExportedFunctions()[name] != nil }

// with makes one call on an instance of the tenant's. A call that fails, or
// whose result read refuses, costs the instance its life.
func (p *pool) with(tenant, export string, input []byte, read func(out []byte) error) error {
	turn := p.turns.enter(tenant)
	defer p.turns.leave(tenant, turn)
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	in, err := p.take(tenant)
	if err != nil {
		return err
	}
	if p.engine.salt != nil {
		input = p.engine.salt(input)
	}
	out, err := in.call(export, input, abi.MaxPlan)
	if err == nil {
		err = read(out)
	}
	if err != nil || in.dead {
		in.close()
		return err
	}
	if out := p.put(tenant, in); out != nil {
		out.close()
	}
	return nil
}

// put keeps an instance for its tenant's next request. Where there are too many
// it returns one of any tenant's, to be closed.
func (p *pool) put(tenant string, in *instance) (out *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == maxIdle {
		for other := range p.idle {
			out = p.pop(other)
			break
		}
	}
	p.idle[tenant] = append(p.idle[tenant], in)
	p.count++
	return out
}

// pop takes an idle instance of a tenant's, or nil. A tenant without any has no
// entry, so that those who come and go leave nothing.
func (p *pool) pop(tenant string) *instance {
	list := p.idle[tenant]
	if len(list) == 0 {
		return nil
	}
	last := len(list) - 1
	in := list[last]
	if last == 0 {
		delete(p.idle, tenant)
	} else {
		p.idle[tenant] = list[:last]
	}
	p.count--
	return in
}

func (p *pool) take(tenant string) (*instance, error) {
	p.mu.Lock()
	in := p.pop(tenant)
	if in == nil {
		in, p.spare = p.spare, nil
	}
	p.mu.Unlock()
	if in != nil {
		return in, nil
	}
	return p.engine.start(context.Background(), p.compiled, p.parameters)
}

// close ends the instances and frees the code. It runs when nobody holds the
// plugin any more, so no call is under way; the lock is for what the last one
// wrote.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spare != nil {
		p.spare.close()
	}
	for _, list := range p.idle {
		for _, in := range list {
			in.close()
		}
	}
	if p.base == nil {
		_ = p.compiled.Close(context.Background())
	}
}
