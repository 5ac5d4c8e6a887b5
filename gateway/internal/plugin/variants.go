package plugin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// variants are plugins with the parameters of a provider: instances of the same
// code, told of them at their start.
type variants struct {
	mu sync.Mutex
	by map[string]*Plugin // by digest and parameters
}

// keep drops those whose code does not serve any more.
func (v *variants) keep(table map[string]*Plugin) {
	v.mu.Lock()
	defer v.mu.Unlock()
	maps.DeleteFunc(v.by, func(_ string, p *Plugin) bool {
		now := table[p.Manifest.Name]
		return now == nil || now.Manifest.Digest != p.Manifest.Digest
	})
}

// Configured is p with parameters, which are the operator's. The same ones give
// the same plugin for as long as p's code serves.
func (h *Host) Configured(ctx context.Context, p *Plugin, parameters map[string]string) (*Plugin, error) {
	if len(parameters) == 0 {
		return p, nil
	}
	var message abi.Parameters
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		message.Parameters = append(message.Parameters, abi.Parameter{Name: name, Value: parameters[name]})
	}
	raw := message.Marshal()
	key := p.Manifest.Digest + string(raw)
	h.variants.mu.Lock()
	defer h.variants.mu.Unlock()
	if q := h.variants.by[key]; q != nil {
		return q, nil
	}
	q, err := p.configured(ctx, message.Parameters, raw)
	if err != nil {
		return nil, err
	}
	if h.variants.by == nil {
		h.variants.by = map[string]*Plugin{}
	}
	h.variants.by[key] = q
	return q, nil
}

func (p *Plugin) configured(ctx context.Context, list []abi.Parameter, raw []byte) (*Plugin, error) {
	for _, given := range list {
		if !slices.ContainsFunc(p.Manifest.Parameters, func(n abi.ParameterNeed) bool { return n.Name == given.Name }) {
			return nil, fmt.Errorf("the plugin %s takes no parameter %q", p.Manifest.Name, given.Name)
		}
	}
	if len(raw) > abi.MaxParameters {
		return nil, fmt.Errorf("the parameters have %d bytes; at most %d are allowed", len(raw), abi.MaxParameters)
	}
	q, err := p.pool.engine.instantiate(ctx, p.pool.compiled, raw, p.Manifest.Digest)
	if err != nil {
		return nil, err
	}
	q.Path, q.pool.base = p.Path, p
	if err := sameTrust(p.Manifest, q.Manifest); err != nil {
		q.release()
		return nil, err
	}
	return q, nil
}

// sameTrust: parameters change nothing of what the operator has trusted, but the
// places that a credential goes to at the same hosts.
func sameTrust(was, is *plan.Manifest) error {
	if was.Name != is.Name || was.Version != is.Version || !slices.Equal(was.Upstreams, is.Upstreams) ||
		!slices.EqualFunc(was.Fields, is.Fields, func(a, b abi.Field) bool { return a.Name == b.Name && a.Use == b.Use }) {
		return errors.New("with these parameters the plugin's manifest has another name, version, upstream or field than what was trusted")
	}
	return nil
}

// maxComplaint bounds what a guest says of parameters that are wrong.
const maxComplaint = 1 << 10

// configure tells an instance its parameters.
func (in *instance) configure(parameters []byte) error {
	if len(parameters) == 0 {
		return nil
	}
	if in.calls[abi.ExportConfigure] == nil {
		return fmt.Errorf("it does not export %s, so it takes no parameters", abi.ExportConfigure)
	}
	out, err := in.call(abi.ExportConfigure, parameters, maxComplaint)
	switch {
	case err != nil:
		return err
	case len(out) > 0 && utf8.Valid(out):
		return errors.New(string(out))
	case len(out) > 0:
		return errors.New("it does not take these parameters, and gives no readable reason")
	}
	return nil
}
