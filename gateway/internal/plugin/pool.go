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

	mu    sync.Mutex
	spare *instance // the one that said the manifest; no tenant has used it
	idle  map[string][]*instance
}

func newPool(e *engine, c wazero.CompiledModule, first *instance) *pool {
	return &pool{
		engine: e, compiled: c, spare: first,
		slots: make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
		idle:  map[string][]*instance{},
	}
}

// with makes one call on an instance of the tenant's. A call that fails, or
// whose result read refuses, costs the instance its life.
func (p *pool) with(tenant, export string, input []byte, read func(out []byte) error) error {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	in, err := p.take(tenant)
	if err != nil {
		return err
	}
	out, err := in.call(export, input, abi.MaxPlan)
	if err == nil {
		err = read(out)
	}
	if err != nil || in.dead {
		in.close()
		return err
	}
	p.mu.Lock()
	p.idle[tenant] = append(p.idle[tenant], in)
	p.mu.Unlock()
	return nil
}

func (p *pool) take(tenant string) (*instance, error) {
	p.mu.Lock()
	if list := p.idle[tenant]; len(list) > 0 {
		in := list[len(list)-1]
		p.idle[tenant] = list[:len(list)-1]
		p.mu.Unlock()
		return in, nil
	}
	in := p.spare
	p.spare = nil
	p.mu.Unlock()
	if in != nil {
		return in, nil
	}
	return p.engine.start(context.Background(), p.compiled)
}

// close ends the instances and frees the code. It runs when nobody holds the
// plugin any more, so no call is under way.
func (p *pool) close() {
	if p.spare != nil {
		p.spare.close()
	}
	for _, list := range p.idle {
		for _, in := range list {
			in.close()
		}
	}
	_ = p.compiled.Close(context.Background())
}
