package plugin

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// folder is a plugins_dir with a host over it, and the store behind its trust.
type folder struct {
	t     *testing.T
	dir   string
	kept  string // the folder of trusted bytes
	store *kv.Store
	trust *Trust
	host  *Host
	clock time.Time
}

func newFolder(t *testing.T, builtins ...string) *folder {
	t.Helper()
	f := &folder{t: t, dir: t.TempDir(), kept: filepath.Join(t.TempDir(), "trusted"), clock: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}
	var err error
	if f.store, err = kv.Open(filepath.Join(t.TempDir(), "store")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.store.Close() })
	keeper, err := seal.Open(f.store, secret.New(bytes.Repeat([]byte{1}, seal.MasterSize)))
	if err != nil {
		t.Fatal(err)
	}
	f.trust = NewTrust(f.store, keeper, f.kept)
	f.start(builtins...)
	return f
}

// start is what a start of the broker does; nothing runs yet.
func (f *folder) start(builtins ...string) {
	f.t.Helper()
	var err error
	if f.host, err = NewHost(context.Background(), Config{Dir: f.dir, Builtins: builtins, Trust: f.trust}); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(f.host.Close)
}

func (f *folder) write(file string, module []byte) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, file), module, 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// trusts adds trust in a module, later than in those before.
func (f *folder) trusts(module []byte) Record {
	f.t.Helper()
	m, err := f.host.Inspect(context.Background(), module)
	if err != nil {
		f.t.Fatal(err)
	}
	f.clock = f.clock.Add(time.Minute)
	r, err := f.trust.Add(module, m, f.clock)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// load loads the folder and compares the states: "file name version status",
// and the reason where it holds what follows.
func (f *folder) load(want ...string) {
	f.t.Helper()
	if err := f.host.Load(context.Background()); err != nil {
		f.t.Fatal(err)
	}
	states := f.host.States()
	if len(states) != len(want) {
		f.t.Fatalf("%d states, want %d: %+v", len(states), len(want), states)
	}
	for i, s := range states {
		line, reason, _ := strings.Cut(want[i], " | ")
		if got := fmt.Sprint(filepath.Base(s.Path), " ", s.Name, " ", s.Version, " ", s.Status); got != line || !strings.Contains(s.Reason, reason) || (reason == "") != (s.Reason == "") {
			f.t.Errorf("state %d: %s | %s\nwant     %s", i, got, s.Reason, want[i])
		}
	}
}

// serves asserts what answers under a name: a version, or "" for nothing.
func (f *folder) serves(name, version string) *Plugin {
	f.t.Helper()
	p, ok := f.host.Find(name)
	switch {
	case !ok && version != "":
		f.t.Errorf("nothing serves as %s, want version %s", name, version)
	case ok && p.Manifest.Version != version:
		f.t.Errorf("version %s serves as %s, want %q", p.Manifest.Version, name, version)
	case ok:
		if _, err := p.Plan("t", view("GET")); err != nil {
			f.t.Errorf("%s does not answer: %v", name, err)
		}
	}
	return p
}

// version is moody with another version in its manifest.
func version(t *testing.T, v string) []byte {
	t.Helper()
	old := []byte("\x12\x051.0.0")
	if b := guest(t, "moody"); bytes.Count(b, old) == 1 && len(v) == 5 {
		return bytes.Replace(b, old, []byte("\x12\x05"+v), 1)
	}
	t.Fatal("moody's manifest is not as this test thinks")
	return nil
}

func TestLoad(t *testing.T) {
	ok := guest(t, "ok")
	f := newFolder(t, Digest(ok))
	f.load()
	f.write("a-ok.wasm", ok)
	f.write("b-moody.wasm", version(t, "1.0.0"))
	f.write("c-garbage.wasm", []byte("garbage"))
	f.write("d-loop.wasm", guest(t, "start_section"))
	f.write("e-readme.txt", []byte("no plugin"))
	f.load(
		"a-ok.wasm ok 1.0.0 built-in",
		"b-moody.wasm moody 1.0.0 waiting for trust | seks plugin trust "+filepath.Join(f.dir, "b-moody.wasm"),
		"c-garbage.wasm   refused | not a WebAssembly module",
		"d-loop.wasm   refused | start section",
	)
	f.serves("ok", "1.0.0")
	f.serves("moody", "")

	r := f.trusts(version(t, "1.0.0"))
	if r.Name != "moody" || fmt.Sprint(r.Hosts) != "[api.example.com]" || r.Fields["api_key"] != "reveal: to header authorization" {
		t.Errorf("%+v", r)
	}
	f.serves("moody", "") // until it is loaded again
	if err := os.Remove(filepath.Join(f.dir, "c-garbage.wasm")); err != nil {
		t.Fatal(err)
	}
	f.load("a-ok.wasm ok 1.0.0 built-in", "b-moody.wasm moody 1.0.0 trusted", "d-loop.wasm   refused | start section")
	moody, same := f.serves("moody", "1.0.0"), f.serves("ok", "1.0.0")

	f.load("a-ok.wasm ok 1.0.0 built-in", "b-moody.wasm moody 1.0.0 trusted", "d-loop.wasm   refused | start section")
	if f.serves("moody", "1.0.0") != moody || f.serves("ok", "1.0.0") != same {
		t.Error("what did not change was loaded again")
	}
	if err := os.Remove(filepath.Join(f.dir, "b-moody.wasm")); err != nil {
		t.Fatal(err)
	}
	f.load("a-ok.wasm ok 1.0.0 built-in", "d-loop.wasm   refused | start section")
	f.serves("moody", "")
	if _, err := moody.Plan("t", view("GET")); err != nil {
		t.Errorf("a request under way lost its plugin: %v", err)
	}
}

// Until a new version is trusted the old one serves: what was trusted, not what
// the file has become.
func TestChangedFile(t *testing.T) {
	f := newFolder(t)
	v1, v2, v3 := version(t, "1.0.0"), version(t, "2.0.0"), version(t, "3.0.0")
	f.trusts(v1)
	f.write("moody.wasm", v1)
	f.load("moody.wasm moody 1.0.0 trusted")
	old := f.serves("moody", "1.0.0")

	f.write("moody.wasm", v2)
	f.load("moody.wasm moody 2.0.0 waiting for trust | ; version 1.0.0 serves until then")
	if f.serves("moody", "1.0.0") != old {
		t.Error("the old version was loaded again")
	}
	f.start() // after a restart its kept bytes serve
	f.load("moody.wasm moody 2.0.0 waiting for trust | ; version 1.0.0 serves until then")
	f.serves("moody", "1.0.0")

	f.trusts(v2)
	f.load("moody.wasm moody 2.0.0 trusted")
	f.serves("moody", "2.0.0")

	f.write("moody.wasm", v3)
	f.start()
	f.load("moody.wasm moody 3.0.0 waiting for trust | ; version 2.0.0 serves until then") // the one trusted last
	f.serves("moody", "2.0.0")

	// A file that is being copied over can't be read for a while.
	f.write("moody.wasm", v3[:len(v3)/2])
	f.load("moody.wasm moody  refused | ; version 2.0.0 serves until then")
	f.serves("moody", "2.0.0")
	f.load("moody.wasm moody  refused | ; version 2.0.0 serves until then")
	f.serves("moody", "2.0.0")

	// Back to a version of before: it is trusted still.
	f.write("moody.wasm", v1)
	f.load("moody.wasm moody 1.0.0 trusted")
	f.serves("moody", "1.0.0")
}

func TestChangedBuiltIn(t *testing.T) {
	v1 := version(t, "1.0.0")
	f := newFolder(t, Digest(v1))
	f.write("moody.wasm", v1)
	f.load("moody.wasm moody 1.0.0 built-in")
	f.write("moody.wasm", version(t, "2.0.0"))
	f.load("moody.wasm moody 2.0.0 waiting for trust | ; version 1.0.0 serves until then")
	f.serves("moody", "1.0.0")
}

func TestTwoFilesOfOneName(t *testing.T) {
	f := newFolder(t)
	v1, v2 := version(t, "1.0.0"), version(t, "2.0.0")
	f.trusts(v1)
	f.trusts(v2)
	f.write("a.wasm", v1)
	f.write("b.wasm", v2)
	f.load("a.wasm moody 1.0.0 refused | is served by "+filepath.Join(f.dir, "b.wasm")+", which was trusted later: keep one of the two files", "b.wasm moody 2.0.0 trusted")
	f.serves("moody", "2.0.0")
	f.trusts(v1) // again: the last word counts
	f.load("a.wasm moody 1.0.0 trusted", "b.wasm moody 2.0.0 refused | trusted later")
	f.serves("moody", "1.0.0")
	// One that waits takes no name from one that is trusted, wherever it stands.
	f.write("a.wasm", version(t, "3.0.0"))
	f.load("a.wasm moody 3.0.0 waiting for trust | seks plugin trust", "b.wasm moody 2.0.0 trusted")
	f.serves("moody", "2.0.0")
	// The very same file twice is two files of one name too.
	f.write("a.wasm", v2)
	f.load("a.wasm moody 2.0.0 trusted", "b.wasm moody 2.0.0 refused | keep one of the two")
	f.serves("moody", "2.0.0")
}

// The bytes that were kept are run only while they are what was trusted.
func TestKeptBytesThatWereChanged(t *testing.T) {
	for name, tamper := range map[string]func(path string) error{
		"another module": func(path string) error { return os.WriteFile(path, guest(t, "ok"), 0o600) },
		"a bit": func(path string) error {
			b, _ := os.ReadFile(path)
			b[len(b)-1] ^= 1
			return os.WriteFile(path, b, 0o600)
		},
		"gone": os.Remove,
	} {
		f := newFolder(t)
		v1 := version(t, "1.0.0")
		r := f.trusts(v1)
		f.write("moody.wasm", version(t, "2.0.0"))
		if err := tamper(filepath.Join(f.kept, r.Digest+".wasm")); err != nil {
			t.Fatal(err)
		}
		f.load("moody.wasm moody 2.0.0 waiting for trust | ; the version that was trusted before can't serve either: ")
		if p, ok := f.host.Find("moody"); ok {
			t.Errorf("%s: version %s serves", name, p.Manifest.Version)
		}
	}
}

// Trust is in sealed records: one that was made or changed otherwise is none.
func TestTamperedTrust(t *testing.T) {
	mine, evil := version(t, "1.0.0"), version(t, "6.6.6")
	put := func(f *folder, digest string, v []byte) {
		if err := f.store.Update(func(b *kv.Batch) error { return b.Set(kv.Key("trust", digest), v) }); err != nil {
			t.Fatal(err)
		}
	}
	for name, tamper := range map[string]func(f *folder, sealed []byte){
		"another record under its digest": func(f *folder, sealed []byte) { put(f, Digest(evil), sealed) },
		"a record in clear": func(f *folder, _ []byte) {
			put(f, Digest(evil), []byte(`{"digest":"`+Digest(evil)+`","name":"moody"}`))
		},
		"nothing": func(f *folder, _ []byte) { put(f, Digest(evil), nil) },
	} {
		f := newFolder(t)
		f.trusts(mine)
		sealed, ok, err := f.store.Get(kv.Key("trust", Digest(mine)))
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		tamper(f, sealed)
		f.write("moody.wasm", evil)
		f.load("moody.wasm moody 6.6.6 refused | trust record")
		if p, ok := f.host.Find("moody"); ok && p.Manifest.Version == "6.6.6" {
			t.Errorf("%s: it serves", name)
		}
		if _, _, err := f.trust.Find(Digest(evil)); err == nil || !strings.Contains(err.Error(), Digest(evil)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTrustRecords(t *testing.T) {
	f := newFolder(t)
	if _, ok, err := f.trust.Latest("moody"); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	v1, v2 := version(t, "1.0.0"), version(t, "2.0.0")
	f.trusts(v1)
	second := f.trusts(v2)
	f.trusts(guest(t, "ok"))
	if r, ok, err := f.trust.Latest("moody"); !ok || err != nil || r.Digest != second.Digest || !r.Trusted.Equal(second.Trusted) {
		t.Errorf("%+v, %v, %v", r, ok, err)
	}
	f.trusts(v1) // again: the last word counts
	if r, _, err := f.trust.Latest("moody"); err != nil || r.Version != "1.0.0" {
		t.Errorf("%+v, %v", r, err)
	}
	if b, err := f.trust.Module(Digest(v2)); err != nil || !bytes.Equal(b, v2) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	files, err := os.ReadDir(f.kept)
	if err != nil || len(files) != 3 {
		t.Errorf("%d files are kept, %v", len(files), err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", file.Name(), info.Mode())
		}
	}
}

func TestInspectServesNothing(t *testing.T) {
	f := newFolder(t)
	m, err := f.host.Inspect(context.Background(), guest(t, "ok"))
	if err != nil || m.Name != "ok" || m.Digest != Digest(guest(t, "ok")) {
		t.Errorf("%+v, %v", m, err)
	}
	f.serves("ok", "")
	if p, err := Open(context.Background(), guest(t, "ok")); err != nil || p.Manifest.Name != "ok" {
		t.Errorf("by itself: %v", err)
	}
}

// A command loads what serves under one name, and compiles nothing else.
func TestLoadNamed(t *testing.T) {
	ok, moody := guest(t, "ok"), guest(t, "moody")
	f := newFolder(t, Digest(ok))
	f.write("ok.wasm", ok)
	f.write("any name.wasm", moody)
	f.write("waiting.wasm", guest(t, "busy"))
	f.trusts(moody)
	for _, name := range []string{"moody", "ok", "busy", "any name"} {
		if err := f.host.LoadNamed(context.Background(), name); err != nil {
			t.Fatal(err)
		}
		_, found := f.host.Find(name)
		if want := name == "ok" || name == "moody"; found != want || found && len(f.host.Serving()) != 1 {
			t.Errorf("%s: found %v, of %d", name, found, len(f.host.Serving()))
		}
	}
	// A built-in under another file's name is found by Load.
	f.write("renamed.wasm", ok)
	if err := os.Remove(filepath.Join(f.dir, "ok.wasm")); err != nil {
		t.Fatal(err)
	}
	if err := f.host.LoadNamed(context.Background(), "ok"); err != nil || len(f.host.Serving()) != 0 {
		t.Error(err, f.host.Serving())
	}
	f.load("any name.wasm moody 1.0.0 trusted", "renamed.wasm ok 1.0.0 built-in", "waiting.wasm busy 1.0.0 waiting for trust | seks plugin trust")
}
