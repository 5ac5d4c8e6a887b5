// Package plugin runs the providers' guests: it loads modules that are
// trusted, meters and pools their instances, and maps a request view to a
// vetted Plan. A guest never sees a credential, so the worst that a bad one can
// do is to spoil its own provider's requests.
package plugin

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/tetratelabs/wazero"

	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Plugin is one loaded module. It stays usable for as long as somebody holds
// it: a request that began on it ends on it, whatever replaced it meanwhile.
type Plugin struct {
	Manifest *plan.Manifest
	Path     string // the file that it was read from

	pool    *pool
	kept    kept
	cleanup runtime.Cleanup
}

// load compiles a module, asks it for its manifest and checks that.
func (e *engine) load(ctx context.Context, module []byte, path string) (*Plugin, error) {
	c, err := e.compile(ctx, module)
	if err != nil {
		return nil, readable(err)
	}
	p, err := e.instantiate(ctx, c, nil, Digest(module))
	if err != nil {
		_ = c.Close(ctx)
		return nil, err
	}
	p.Path = path
	return p, nil
}

// instantiate makes a plugin of compiled code, with parameters for each of its
// instances.
func (e *engine) instantiate(ctx context.Context, c wazero.CompiledModule, parameters []byte, digest string) (p *Plugin, err error) {
	defer func() { err = readable(err) }()
	first, err := e.start(ctx, c, parameters)
	if err != nil {
		return nil, about(PartStart, err)
	}
	// The first call is a part of the start: the guest's pages are cold, and the
	// machine may be busy compiling the others.
	first.may = e.startLimit
	out, err := first.call(abi.ExportManifest, nil, abi.MaxManifest)
	first.may = e.callLimit
	var m *plan.Manifest
	if err == nil {
		m, err = plan.ParseManifest(out, digest)
	}
	if err == nil {
		err = expr.CheckShapes(m)
	}
	if err != nil {
		first.close()
		return nil, about(PartManifest, err)
	}
	p = &Plugin{Manifest: m, pool: newPool(e, c, first)}
	p.pool.parameters = parameters
	p.cleanup = runtime.AddCleanup(p, func(pool *pool) { pool.close() }, p.pool)
	return p, nil
}

// release ends a plugin that nobody else has had, without waiting for the
// collector.
func (p *Plugin) release() {
	p.cleanup.Stop()
	p.pool.close()
	runtime.KeepAlive(p)
}

// readable is err as it can be shown on a terminal: the module's own names may be
// in it.
func readable(err error) error {
	if err == nil || !strings.ContainsFunc(err.Error(), func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }) {
		return err
	}
	quoted := errors.New(strconv.Quote(err.Error()))
	if in, ok := errors.AsType[partError](err); ok {
		return about(in.part, quoted)
	}
	return quoted
}

// Plan asks the guest what to do with a request of that tenant, or takes the
// plan that it made for the very same view before.
func (p *Plugin) Plan(tenant string, view *abi.View) (expr.Vetted, error) {
	buf := viewBuffers.Get().(*[]byte)
	defer viewBuffers.Put(buf)
	*buf = append(binary.AppendUvarint((*buf)[:0], uint64(len(tenant))), tenant...)
	start := len(*buf)
	*buf = view.AppendTo(*buf)
	if v, ok := p.kept.find(*buf); ok {
		return v, nil
	}
	var v expr.Vetted
	err := p.with(tenant, abi.ExportPlan, (*buf)[start:], func(out []byte) error {
		pl, err := plan.Parse(out, p.Manifest) // copies what it keeps
		if err != nil {
			return err
		}
		if pl.BodyMode == abi.BodyTransform && !p.pool.exports(abi.ExportRequestBody) {
			return fmt.Errorf("its plan transforms the body, and it does not export %s", abi.ExportRequestBody)
		}
		if v, err = expr.Vet(pl); err == nil && !p.Manifest.NeedsTime {
			p.kept.add(*buf, v, out)
		}
		return err
	})
	return v, err
}

var errBodyEnded = errors.New("its body has ended")

var viewBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Scrub asks the guest what to add to the scrubbing of an answer.
func (p *Plugin) Scrub(tenant string, head *abi.AnswerHead) (plan.Scrub, error) {
	var s plan.Scrub
	err := p.with(tenant, abi.ExportScrub, head.Marshal(), func(out []byte) error {
		var err error
		s, err = plan.ParseScrub(out)
		if err == nil && s.TransformBody && !p.pool.exports(abi.ExportResponseBody) {
			err = fmt.Errorf("its scrub plan transforms the body, and it does not export %s", abi.ExportResponseBody)
		}
		return err
	})
	return s, err
}

// Memories shows what each instance that is not at work has in its memory, with
// the tenant that it serves: for those who look for what must not be there.
func (p *Plugin) Memories(look func(tenant string, memory []byte)) {
	p.pool.mu.Lock()
	defer p.pool.mu.Unlock()
	for tenant, list := range p.pool.idle {
		for _, in := range list {
			if memory, ok := in.module.Memory().Read(0, in.module.Memory().Size()); ok {
				look(tenant, memory)
			}
		}
	}
}

// with runs one call and reads its result before the instance can be used
// again. Whatever fails is one fault, which names the plugin; the details are
// for the operator.
func (p *Plugin) with(tenant, export string, input []byte, read func(out []byte) error) error {
	var err error
	if len(input) > abi.MaxView {
		err = fmt.Errorf("%s was to get %d bytes; at most %d are allowed", export, len(input), abi.MaxView)
	} else {
		err = p.pool.with(tenant, export, input, read)
		runtime.KeepAlive(p) // or its pool might close under the call
	}
	return p.blame(err)
}

// blame makes err the one fault that a plugin can cause; nil stays nil.
func (p *Plugin) blame(err error) error {
	if err == nil {
		return nil
	}
	return fault.Newf(fault.PluginFailed, "the plugin %q failed on this request: ask the operator", p.Manifest.Name).
		Because(fmt.Errorf("plugin %s: %w", p.Manifest.Name, err))
}

// Open runs a module by itself, with no trust and no cache, for looking at it
// and trying it. It lasts as long as the process.
func Open(ctx context.Context, module []byte) (*Plugin, error) {
	e, err := newEngine(ctx, "", nil)
	if err != nil {
		return nil, err
	}
	return e.load(ctx, module, "")
}
