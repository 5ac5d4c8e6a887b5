package plugin

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Status is how a module stands.
type Status string

// How a module can stand.
const (
	BuiltIn Status = "built-in" // its digest is stamped into this program
	Trusted Status = "trusted"  // the operator has trusted its digest
	Waiting Status = "waiting for trust"
	Refused Status = "refused"
)

// State is one module as `seks plugin list` shows it.
type State struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Status  Status   `json:"status"`
	Digest  string   `json:"digest"`
	Path    string   `json:"path"`
	Hosts   []string `json:"hosts"`
	Reason  string   `json:"reason,omitempty"` // why it was refused, or what to do
}

// Host loads the modules of a folder and serves those that are trusted.
type Host struct {
	engine   *engine
	dir      string
	builtins map[string]bool // digests
	trust    *Trust

	mu      sync.Mutex // held while anything is compiled: one Load at a time
	states  []State
	names   map[string]string // path → manifest name, as last read from there
	waiting map[string]State  // by digest: what untrusted modules say, so that they are run once
	stamp   string            // of the folder, before it was last read

	table    atomic.Pointer[map[string]*Plugin]
	variants variants
}

// Config says where a Host finds what it needs.
type Config struct {
	Dir      string   // every .wasm in it
	CacheDir string   // compiled code; "" for none
	Builtins []string // digests trusted because the build stamped them
	Trust    *Trust
	MAC      MAC
}

// NewHost prepares a host. Load fills it.
func NewHost(ctx context.Context, c Config) (*Host, error) {
	e, err := newEngine(ctx, c.CacheDir, c.MAC)
	if err != nil {
		return nil, err
	}
	h := &Host{engine: e, dir: c.Dir, builtins: map[string]bool{}, trust: c.Trust}
	for _, d := range c.Builtins {
		h.builtins[d] = true
	}
	h.table.Store(&map[string]*Plugin{})
	return h, nil
}

// Find is the plugin that serves under a manifest name.
func (h *Host) Find(name string) (*Plugin, bool) {
	p, ok := (*h.table.Load())[name]
	return p, ok
}

// Serving are the plugins that serve, by their manifests' names. The map is not
// changed any more.
func (h *Host) Serving() map[string]*Plugin { return *h.table.Load() }

// BuiltIn says whether p came with this program, so that nobody has asked for it.
func (h *Host) BuiltIn(p *Plugin) bool { return h.builtins[p.Manifest.Digest] }

// States lists the modules as the last Load found them.
func (h *Host) States() []State {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]State(nil), h.states...)
}

// Inspect compiles a module and reads its manifest, without serving it.
func (h *Host) Inspect(ctx context.Context, module []byte) (*plan.Manifest, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.engine.dropForeign(); err != nil {
		return nil, err
	}
	p, err := h.engine.load(ctx, module, "")
	if err != nil {
		return nil, err
	}
	p.release()
	return p.Manifest, nil
}

// Close ends all guests.
func (h *Host) Close() { h.engine.close(context.Background()) }

// Forget lets go now of versions that nobody holds any more. The collector would
// do it some day: it does not see how large their native code is.
func (h *Host) Forget() {
	runtime.GC() // finds them; their instances and modules are closed
	runtime.GC() // finds the code of those
}

// Load reads the folder again and takes over what is trusted: compiled in
// parallel, and not at all where it already runs. A bad file is a State, not an
// error: it must not keep the others from serving.
func (h *Host) Load(ctx context.Context) error { return h.load(ctx, "") }

// LoadNamed loads what serves under one name, as far as it is known without
// running anything: a command needs no other. Where nothing of that name serves
// then, Load may still find it.
func (h *Host) LoadNamed(ctx context.Context, name string) error { return h.load(ctx, name) }

// load takes over all that is trusted, or what of it has one name.
func (h *Host) load(ctx context.Context, only string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stamp = stamp(h.dir)
	paths, err := filepath.Glob(filepath.Join(h.dir, "*.wasm"))
	if err != nil {
		return fmt.Errorf("read plugins_dir %s: %w", h.dir, err)
	}
	// Whatever came into the cache otherwise than by the last Load goes now: it
	// would have its MAC from this one.
	if err := errors.Join(h.engine.dropForeign(), h.engine.dropOld(len(paths))); err != nil {
		return err
	}
	running := map[string]*Plugin{}
	for _, p := range *h.table.Load() {
		running[p.Manifest.Digest] = p
	}
	all := make([]found, len(paths))
	var wg sync.WaitGroup
	turn := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, path := range paths {
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			all[i] = h.read(ctx, path, running, only)
		})
	}
	wg.Wait()
	table := elect(all)
	if only == "" {
		h.look(ctx, all, table, running)
	}
	h.table.Store(&table)
	h.variants.keep(table)
	return h.engine.seal()
}

// look takes down how each file stands, and lets former versions stand in.
func (h *Host) look(ctx context.Context, all []found, table, running map[string]*Plugin) {
	h.states, h.waiting = nil, map[string]State{}
	names := map[string]string{}
	for i := range all {
		f := &all[i]
		if f.state.Status == Waiting {
			h.waiting[f.state.Digest] = f.state
		}
		h.standIn(ctx, f, table, running)
		names[f.path] = f.state.Name
		h.states = append(h.states, f.state)
	}
	h.names = names
}

var sinkKinds = map[abi.SinkKind]string{
	abi.SinkHeader: "header", abi.SinkQuery: "query parameter", abi.SinkForm: "form field", abi.SinkJSON: "JSON field",
}

// FieldUses says in a line what may become of each credential field.
func FieldUses(m *plan.Manifest) map[string]string {
	uses := map[string]string{}
	for i := range m.Fields {
		f := &m.Fields[i]
		switch f.Use {
		case abi.UsePublic:
			uses[f.Name] = "public"
		case abi.UseSign:
			uses[f.Name] = "sign: leaves only inside a signature"
		case abi.UseReveal:
			var sinks []string
			for _, s := range f.Sinks {
				sinks = append(sinks, sinkKinds[s.Kind]+" "+s.Name)
			}
			uses[f.Name] = "reveal: to " + strings.Join(sinks, ", ")
		}
	}
	return uses
}
