package plugin

import (
	"fmt"
	"path/filepath"
)

// Install puts a module into the folder, as NAME.wasm: whole or not at all, so
// that nobody who watches the folder reads half of it. Load takes it over. It
// refuses where the name comes from another file there.
func (h *Host) Install(name string, module []byte) error {
	path := filepath.Join(h.dir, name+".wasm")
	for _, s := range h.States() {
		if s.Name == name && s.Path != path {
			return fmt.Errorf("%s is already the plugin %s: remove that file first, or put the new one in its place", s.Path, name)
		}
	}
	if err := writeFile(path, module); err != nil {
		return fmt.Errorf("put the module into plugins_dir: %w", err)
	}
	return nil
}

// File is where the folder has a module with that digest, or "".
func (h *Host) File(digest string) string {
	for _, s := range h.States() {
		if s.Digest == digest {
			return s.Path
		}
	}
	return ""
}
