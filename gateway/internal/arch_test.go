package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/seksbot/seks-broker/"
	inside = module + "gateway/internal/"
)

// rooms in their order: a room imports only rooms above it.
var rooms = strings.Fields(`secret fault config exchange request wire kv seal plan expr needle accesslog token route
	body meter plugin policy limit credential apply upstream scrub pipeline listen conform leak ops admin`)

// A library has one room (or two), so that what we rely on it for can be read
// in one place, and it can be changed there.
var soleImporters = []struct {
	library string
	rooms   []string
	reason  string
}{
	{"github.com/BurntSushi/toml", []string{"config"}, "one reader of broker.toml, so that all its faults are found at once"},
	{"github.com/cockroachdb/pebble", []string{"kv"}, "what is on disk when Update returns is decided in one place"},
	{"github.com/tink-crypto/tink-go", []string{"seal"}, "all encryption, with its associated data, is in one place"},
	{"github.com/tetratelabs/wazero", []string{"plugin"}, "no guest runs but with the limits of that room"},
	{"github.com/klauspost/compress", []string{"accesslog", "scrub"}, "the log's frames, and the codings that are searched"},
	{"github.com/andybalholm/brotli", []string{"scrub"}, "a coding is undone where it is searched"},
	{"github.com/prometheus/client_golang", []string{"admin"}, "what is counted, and under which labels, is in one place"},
	{"github.com/valyala/fasthttp", []string{"listen", "upstream"}, "its values are reused after a request: none may reach another room"},
}

// unsafeFiles may import unsafe.
var unsafeFiles = map[string]string{
	"plugin-sdk/abi/wire.go":              "a message's strings without a copy each: the reader has a copy of the whole",
	"plugin-sdk/testdata/vectors/main.go": "it is a guest without the SDK, whose buffers have addresses",
	"plugin-sdk/guest_wasip1.go":          "a guest must tell its host the address of a buffer",
}

type source struct {
	path string // from the root, with slashes
	text []byte
	file *ast.File
	fset *token.FileSet
}

func (s *source) dir() string  { return path.Dir(s.path) }
func (s *source) test() bool   { return strings.HasSuffix(s.path, "_test.go") }
func (s *source) lines() int   { return strings.Count(string(s.text), "\n") }
func (s *source) room() string { return strings.TrimPrefix(s.dir(), "gateway/internal/") }
func (s *source) under(dir string) bool {
	return strings.HasPrefix(s.path, dir+"/")
}

func (s *source) imports() []string {
	var list []string
	for _, i := range s.file.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		list = append(list, p)
	}
	return list
}

func (s *source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.fset.Position(n.Pos()).Line)
}

// sources are all Go files of the repository.
func sources(t *testing.T) []*source {
	t.Helper()
	list, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 100 {
		t.Fatalf("only %d Go files found: the walk is broken", len(list))
	}
	return list
}

// parsed walks the repository once for all tests.
var parsed = sync.OnceValues(func() (list []*source, err error) {
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "build" || d.Name() == "data" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		s := &source{path: filepath.ToSlash(rel), fset: token.NewFileSet()}
		if s.text, err = os.ReadFile(p); err != nil {
			return err
		}
		s.file, err = parser.ParseFile(s.fset, s.path, s.text, parser.ParseComments|parser.SkipObjectResolution)
		list = append(list, s)
		return err
	})
	return list, err
})

func TestEveryRoomIsInTheOrder(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if !slices.Contains(rooms, e.Name()) {
			t.Errorf("gateway/internal/%s is not in the order of rooms: a new room needs a place there and in the README", e.Name())
		}
		seen++
	}
	if seen != len(rooms) {
		t.Errorf("%d rooms are there, %d in the order", seen, len(rooms))
	}
}

func TestRoomsImportOnlyRoomsAbove(t *testing.T) {
	for _, s := range sources(t) {
		for _, imported := range s.imports() {
			to, ok := strings.CutPrefix(imported, inside)
			if !ok {
				continue
			}
			switch {
			case s.under("gateway/internal"):
				from, to := slices.Index(rooms, s.room()), slices.Index(rooms, to)
				if to > from || to == from && !s.test() {
					t.Errorf("%s imports %s, which is not above %s", s.path, imported, s.room())
				}
			case !s.under("gateway"):
				t.Errorf("%s imports %s: the rooms are the gateway's", s.path, imported)
			}
		}
	}
}

func TestNothingImportsTheCommandLine(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(s.imports(), module+"gateway/cli") && s.path != "gateway/main.go" {
			t.Errorf("%s imports gateway/cli: only main does", s.path)
		}
	}
}

func TestLibrariesHaveTheirRooms(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		if !s.under("gateway") {
			continue
		}
		for _, imported := range s.imports() {
			for _, l := range soleImporters {
				if imported != l.library && !strings.HasPrefix(imported, l.library+"/") {
					continue
				}
				if !s.test() {
					used[l.library+" "+s.room()] = true
				}
				if !slices.Contains(l.rooms, s.room()) {
					t.Errorf("%s imports %s, which is for %v: %s", s.path, imported, l.rooms, l.reason)
				}
			}
		}
	}
	for _, l := range soleImporters {
		for _, room := range l.rooms {
			if !used[l.library+" "+room] {
				t.Errorf("room %s does not import %s any more: take it off the list", room, l.library)
			}
		}
	}
}

func TestUnsafeIsRare(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		if slices.Contains(s.imports(), "unsafe") {
			used[s.path] = true
			if unsafeFiles[s.path] == "" {
				t.Errorf("%s imports unsafe, and is not on the list of those that may, with their reasons", s.path)
			}
		}
	}
	for p := range unsafeFiles {
		if !used[p] {
			t.Errorf("%s does not import unsafe any more: take it off the list", p)
		}
	}
}

// exits may end the process. Pebble's logger must not return from Fatalf.
var exits = map[string]bool{"gateway/main.go": true, "gateway/internal/kv/pebble.go": true}

// banned are calls that a file of the gateway may not make, by package and name.
func banned(s *source, pkg, name string) string {
	switch {
	case pkg == "fmt" && strings.HasPrefix(name, "Print") && s.under("gateway/internal"):
		return "rooms return what they have to say"
	case pkg == "os" && name == "Exit" && !exits[s.path]:
		return "only main ends the process: all else would skip what is deferred"
	case pkg == "log" && strings.HasPrefix(name, "Fatal"):
		return "only main ends the process: all else would skip what is deferred"
	}
	return ""
}

func TestGatewayHasNoHiddenEffects(t *testing.T) {
	for _, s := range sources(t) {
		if !s.under("gateway") || s.test() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					t.Errorf("%s: init runs unasked: make what it makes where it is used", s.at(n))
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
					t.Errorf("%s: %s", s.at(n), id.Name)
				}
			case *ast.SelectorExpr:
				if id, ok := n.X.(*ast.Ident); ok {
					if why := banned(s, id.Name, n.Sel.Name); why != "" {
						t.Errorf("%s: %s.%s: %s", s.at(n), id.Name, n.Sel.Name, why)
					}
				}
			}
			return true
		})
	}
}

func TestFilesAreShortAndNamed(t *testing.T) {
	for _, s := range sources(t) {
		switch s.file.Name.Name {
		case "util", "utils", "common", "helper", "helpers", "misc", "shared":
			t.Errorf("%s: a package called %s says nothing of its job", s.path, s.file.Name.Name)
		}
		if s.under("gateway") && !s.test() && s.lines() > 300 {
			t.Errorf("%s has %d lines: above 300 it holds more than one concept", s.path, s.lines())
		}
		if s.path == "gateway/internal/pipeline/pipeline.go" && s.lines() > 150 {
			t.Errorf("%s has %d lines: the life of a request is to be read on one page, 150 at most", s.path, s.lines())
		}
	}
}

// A plugin's author gets the SDK alone, and a plugin the SDK and the standard
// library: what else it imports would be in every guest.
func TestSDKAndPluginsStandAlone(t *testing.T) {
	for _, s := range sources(t) {
		if !s.under("plugin-sdk") && !s.under("plugins") || s.test() {
			continue
		}
		for _, imported := range s.imports() {
			first, _, _ := strings.Cut(imported, "/")
			if strings.Contains(first, ".") && imported != module+"plugin-sdk" && !strings.HasPrefix(imported, module+"plugin-sdk/") {
				t.Errorf("%s imports %s", s.path, imported)
			}
		}
	}
}

// The official SDKs are for the tests in e2e, a module of its own: who builds
// the broker downloads none of them, nor anything else that it does not use.
func TestEveryModuleIsUsed(t *testing.T) {
	modules := direct(t, "go.mod")
	if len(modules) == 0 {
		t.Fatal("go.mod was not read")
	}
	used := map[string]bool{}
	for _, s := range sources(t) {
		for _, imported := range s.imports() {
			for _, m := range modules {
				if !s.under("e2e") && (imported == m || strings.HasPrefix(imported, m+"/")) {
					used[m] = true
				}
			}
		}
	}
	for _, m := range modules {
		if !used[m] {
			t.Errorf("go.mod requires %s, which nothing outside e2e imports", m)
		}
	}
}

// direct lists the modules that a go.mod requires for itself.
func direct(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^(?:require)?\s*([a-z0-9.-]+\.[a-z]+/\S+) v\S+$`).FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1])
	}
	return list
}

func TestNothingIsLeftForLater(t *testing.T) {
	later := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	for _, s := range sources(t) {
		if word := later.Find(s.text); word != nil {
			t.Errorf("%s holds %s: do it, or say why it is as it is", s.path, word)
		}
	}
}
