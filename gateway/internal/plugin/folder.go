package plugin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// found is a file of the folder, as one Load finds it.
type found struct {
	path   string
	state  State
	plugin *Plugin   // nil where it may not serve
	since  time.Time // when it was trusted; zero for a built-in
}

// read reads a file. It makes a plugin of what is trusted; of any other module it
// takes what an operator has to know, and lets it go.
func (h *Host) read(ctx context.Context, path string, running map[string]*Plugin, only string) found {
	f := found{path: path, state: State{Path: path, Status: Refused}}
	err := h.take(ctx, &f, running, only)
	if err != nil {
		f.state.Reason = err.Error()
	}
	return f
}

func (h *Host) take(ctx context.Context, f *found, running map[string]*Plugin, only string) error {
	module, err := readModule(f.path)
	if err != nil {
		return err
	}
	f.state.Digest = Digest(module)
	if only != "" && !h.serves(f, only) {
		return nil
	}
	since, trusted, err := h.trusts(f.state.Digest)
	if known, ok := h.waiting[f.state.Digest]; ok && !trusted && err == nil {
		f.state = known
		f.wait()
		return nil
	}
	p := running[f.state.Digest]
	if p == nil {
		var lerr error
		if p, lerr = h.engine.load(ctx, module, f.path); lerr != nil {
			return lerr
		}
	}
	f.state.Name, f.state.Version, f.state.Hosts = p.Manifest.Name, p.Manifest.Version, p.Manifest.Hosts()
	switch {
	case err == nil && trusted:
		f.plugin, f.since = p, since
		return nil
	case p != running[f.state.Digest]:
		p.release()
	}
	if err == nil {
		f.wait()
	}
	return err
}

// serves says whether a file is trusted under a name: by the record, or by the name
// that the build gives a file.
func (h *Host) serves(f *found, name string) bool {
	if h.trust != nil {
		if r, ok, err := h.trust.Find(f.state.Digest); ok || err != nil {
			return err != nil || r.Name == name // an error is Load's to tell
		}
	}
	return h.builtins[f.state.Digest] && filepath.Base(f.path) == name+".wasm"
}

func (f *found) wait() {
	f.state.Path, f.state.Status = f.path, Waiting
	f.state.Reason = "look at it with `seks plugin inspect`, then `seks plugin trust " + f.path + "`"
}

// readModule reads a regular file of a size that a module may have: a pipe would
// hold up all the others.
func readModule(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file: copy the module itself there", path)
	case info.Size() > MaxModule:
		return nil, tooLarge(info.Size())
	}
	return os.ReadFile(path)
}

// trusts says whether, and since when, a digest is trusted; a built-in is trusted
// since before all others.
func (h *Host) trusts(digest string) (since time.Time, trusted bool, err error) {
	if h.trust != nil {
		r, ok, err := h.trust.Find(digest)
		if err == nil && ok || err != nil && !h.builtins[digest] {
			return r.Trusted, ok, err
		}
	}
	return time.Time{}, h.builtins[digest], nil
}

// elect makes the table: of two trusted files with one name, the one that was
// trusted last serves.
func elect(all []found) map[string]*Plugin {
	best := map[string]*found{}
	for i := range all {
		f := &all[i]
		if f.plugin == nil {
			continue
		}
		f.state.Status = Trusted
		if f.since.IsZero() {
			f.state.Status = BuiltIn
		}
		other := best[f.state.Name]
		if other == nil {
			best[f.state.Name] = f
			continue
		}
		if f.since.After(other.since) {
			best[f.state.Name], f, other = f, other, f
		}
		f.state.Status = Refused
		f.state.Reason = fmt.Sprintf("the name %s is served by %s, which was trusted later: keep one of the two files", f.state.Name, other.path)
		if f.state.Digest == other.state.Digest {
			f.state.Reason = fmt.Sprintf("it is the same module as %s: keep one of the two files", other.path)
		}
	}
	table := map[string]*Plugin{}
	for name, f := range best {
		table[name] = f.plugin
	}
	return table
}

// standIn lets the version that was trusted before go on serving where a file
// holds one that is not, or that can't be read: it may be half copied.
func (h *Host) standIn(ctx context.Context, f *found, table map[string]*Plugin, running map[string]*Plugin) {
	if f.state.Name == "" {
		f.state.Name = h.names[f.path]
	}
	name := f.state.Name
	if name == "" || table[name] != nil || f.plugin != nil {
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
		if _, trusted, err := h.trusts(p.Manifest.Digest); err != nil || trusted {
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
