package plugin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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

	mu     sync.Mutex // held while anything is compiled: one Load at a time
	states []State
	names  map[string]string // path → manifest name, as last read from there
	table  atomic.Pointer[map[string]*Plugin]
	shapes keyShapes
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

// Trusted names the plugins that serve because the operator has trusted them:
// all but those that came with this program.
func (h *Host) Trusted() []string {
	var names []string
	for name, p := range *h.table.Load() {
		if !h.builtins[p.Manifest.Digest] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

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
	p, err := h.engine.load(ctx, module, "")
	if err != nil {
		return nil, err
	}
	return p.Manifest, nil
}

// Close ends all guests.
func (h *Host) Close() { h.engine.close(context.Background()) }

type found struct {
	path   string
	state  State
	plugin *Plugin
}

// Load reads the folder again and takes over what is trusted: compiled in
// parallel, and not at all where it already runs. A bad file is a State, not an
// error: it must not keep the others from serving.
func (h *Host) Load(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	paths, err := filepath.Glob(filepath.Join(h.dir, "*.wasm"))
	if err != nil {
		return fmt.Errorf("read plugins_dir %s: %w", h.dir, err)
	}
	// Whatever came into the cache otherwise than by the last Load goes now: it
	// would have its MAC from this one.
	if err := h.engine.dropForeign(); err != nil {
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
			all[i] = h.read(ctx, path, running)
		})
	}
	wg.Wait()
	table, from, names := map[string]*Plugin{}, map[string]string{}, map[string]string{}
	for i := range all {
		h.admit(&all[i], table, from)
	}
	h.states = nil
	for i := range all {
		h.standIn(ctx, &all[i], table, running)
		names[all[i].path] = all[i].state.Name
		h.states = append(h.states, all[i].state)
	}
	h.names = names
	h.table.Store(&table)
	return h.engine.seal()
}

func (h *Host) read(ctx context.Context, path string, running map[string]*Plugin) found {
	f := found{path: path, state: State{Path: path, Status: Refused}}
	module, err := os.ReadFile(path)
	if err != nil {
		f.state.Reason = err.Error()
		return f
	}
	f.state.Digest = Digest(module)
	if f.plugin = running[f.state.Digest]; f.plugin == nil {
		if f.plugin, err = h.engine.load(ctx, module, path); err != nil {
			f.state.Reason = err.Error()
			return f
		}
	}
	m := f.plugin.Manifest
	f.state.Name, f.state.Version, f.state.Hosts = m.Name, m.Version, m.Hosts()
	f.state.Status = Waiting
	return f
}

// admit puts a module into the table if its digest is trusted. from says which
// file each name in it came from.
func (h *Host) admit(f *found, table map[string]*Plugin, from map[string]string) {
	if f.plugin == nil {
		return
	}
	trusted, err := h.trusts(f.state.Digest)
	if err != nil {
		f.state.Status, f.state.Reason = Refused, err.Error()
		return
	}
	if !trusted {
		f.state.Status, f.state.Reason = Waiting, "look at it with `seks plugin inspect`, then `seks plugin trust "+f.path+"`"
		return
	}
	if other := from[f.state.Name]; other != "" {
		f.state.Status, f.state.Reason = Refused, "the name is already served by "+other+": keep one of the two files"
		return
	}
	f.state.Status = Trusted
	if h.builtins[f.state.Digest] {
		f.state.Status = BuiltIn
	}
	table[f.state.Name], from[f.state.Name] = f.plugin, f.path
}

func (h *Host) trusts(digest string) (bool, error) {
	if h.builtins[digest] {
		return true, nil
	}
	_, ok, err := h.trust.Find(digest)
	return ok, err
}

// standIn lets the version that was trusted before go on serving where a file
// holds one that is not, or that can't be read: it may be half copied.
func (h *Host) standIn(ctx context.Context, f *found, table map[string]*Plugin, running map[string]*Plugin) {
	if f.plugin == nil {
		f.state.Name = h.names[f.path]
	}
	name := f.state.Name
	if name == "" || table[name] != nil || f.state.Status != Waiting && f.state.Status != Refused {
		return
	}
	switch old, err := h.former(ctx, name, running); {
	case err != nil:
		f.state.Reason += "; the version that was trusted before can't serve either: " + err.Error()
	case old != nil:
		table[name] = old
		f.state.Reason += "; version " + old.Manifest.Version + " serves until then"
	}
}

// former is the plugin that serves under that name now, if it is still trusted,
// or else the last trusted version of it, from its kept bytes. It is nil where
// there is none.
func (h *Host) former(ctx context.Context, name string, running map[string]*Plugin) (*Plugin, error) {
	if p, ok := h.Find(name); ok {
		if trusted, err := h.trusts(p.Manifest.Digest); err != nil || trusted {
			return p, err
		}
	}
	r, ok, err := h.trust.Latest(name)
	if err != nil || !ok {
		return nil, err
	}
	if p := running[r.Digest]; p != nil {
		return p, nil
	}
	module, err := h.trust.Module(r.Digest)
	if err != nil {
		return nil, err
	}
	return h.engine.load(ctx, module, "")
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
