package ops

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	broker "github.com/seksbot/seks-broker"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
)

const (
	exampleName = "acme"
	exampleDir  = "examples/plugins/" + exampleName
)

// The modules that a new plugin's folder consists of: its own, and beside it the
// SDK under its usual import path. So it builds with no network and no go.sum,
// and an author who would rather have the published SDK drops the replace line.
const (
	goVersion = "go 1.24" // the first that exports functions to a WebAssembly host
	pluginMod = "module example.com/acme\n\n" + goVersion + "\n\nrequire github.com/seksbot/seks-broker v0.0.0\n\nreplace github.com/seksbot/seks-broker => ./sdk\n"
	sdkMod    = "module github.com/seksbot/seks-broker\n\n" + goVersion + "\n"
)

// NewPlugin makes the folder NAME in dir: a Bearer provider with one field, its
// tests, and the SDK's sources.
func NewPlugin(dir, name string) error {
	if err := plan.CheckName(name); err != nil {
		return err
	}
	dir = filepath.Join(dir, name)
	switch err := os.Mkdir(dir, 0o755); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already: take another name, or remove it first", dir)
	case err != nil:
		return err
	}
	w := writer{dir: dir, named: strings.NewReplacer(exampleName, name, strings.ToUpper(exampleName), variableName(name))}
	w.tree(broker.Acme, exampleDir, "", true)
	w.tree(broker.SDK, "plugin-sdk", "sdk/plugin-sdk", false)
	w.file("go.mod", w.named.Replace(pluginMod))
	w.file("sdk/go.mod", sdkMod)
	w.file(".gitignore", "/*.wasm\n")
	if w.err != nil {
		return errors.Join(w.err, os.RemoveAll(dir)) // made above, so nothing of anybody else's is in it
	}
	return nil
}

// variableName is a plugin's name as it stands in an environment variable's.
func variableName(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// writer writes files below dir until something fails.
type writer struct {
	dir   string
	named *strings.Replacer
	err   error
}

// tree writes the files of an embedded folder, but for the SDK's own tests.
func (w *writer) tree(from fs.FS, root, to string, rename bool) {
	w.keep(fs.WalkDir(from, root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !rename && strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		s := string(text)
		if rename {
			s = w.named.Replace(s)
		}
		w.file(filepath.Join(to, strings.TrimPrefix(path, root+"/")), s)
		return w.err
	}))
}

func (w *writer) file(path, text string) {
	path = filepath.Join(w.dir, path)
	if w.err == nil {
		w.keep(os.MkdirAll(filepath.Dir(path), 0o755))
	}
	if w.err == nil {
		w.keep(os.WriteFile(path, []byte(text), 0o644))
	}
}

func (w *writer) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}
