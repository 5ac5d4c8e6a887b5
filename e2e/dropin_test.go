package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// put moves a file into place, whole.
func put(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// A file dropped in is named and waits; trusted, it serves; removed, it is
// unknown. The broker is never restarted.
func TestDropIn(t *testing.T) {
	api := upstream.New(upstream.Options{Key: "guest-key-0123456789"})
	at, err := api.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	dir := pluginsDir(t)
	r := newRig(t, upstream.Options{}, harness.Options{Plugins: dir, Extra: tables(at, "ok")})
	if !strings.Contains(r.Stderr(), `warning: provider ok: its plugin "ok" is not served`) {
		t.Errorf("a provider without its plugin is no warning:\n%s", r.Stderr())
	}
	ok, err := os.ReadFile(filepath.Join(guests, "ok.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ok.wasm")
	put(t, file, ok)
	eventually(t, "the log names the file", func() bool {
		return strings.Contains(r.Stderr(), "seks: plugin ok 1.0.0 (ok.wasm, sha256 ") && strings.Contains(r.Stderr(), "is waiting for trust")
	})
	if list := r.must("", "plugin", "list"); !strings.Contains(list, "waiting for trust") {
		t.Error(list)
	}
	r.refused(r.ask("GET /api/ok/v1/models", r.token), 404, "provider_unknown", "")
	r.must("", "plugin", "trust", "--yes", file)
	r.must("guest-key-0123456789", "credential", "set", "ok", "--provider", "ok")
	_, token := r.issueFor("ok", "agent-ok")
	if a := r.ask("GET /api/ok/v1/models", token); a.Status != 200 {
		t.Errorf("trusted, its first request got %d %s", a.Status, a.Body)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a removed file answers provider_unknown", func() bool {
		return r.ask("GET /api/ok/v1/models", token).code() == "provider_unknown"
	})
	put(t, file, ok) // its digest is trusted already
	eventually(t, "what was trusted before serves at once", func() bool {
		return r.ask("GET /api/ok/v1/models", token).Status == 200
	})
	r.works("all of it")
}

// A plugin is replaced a hundred times under load: no request fails.
func TestReplacedUnderLoad(t *testing.T) {
	dir := pluginsDir(t)
	api := upstream.New(upstream.Options{Key: "guest-key-0123456789"})
	at, err := api.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	ok, err := os.ReadFile(filepath.Join(guests, "ok.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, upstream.Options{}, harness.Options{Plugins: dir, Extra: tables(at, "ok")})
	file := filepath.Join(dir, "ok.wasm")
	put(t, file, ok)
	r.must("", "plugin", "trust", "--yes", file)
	r.must("guest-key-0123456789", "credential", "set", "ok", "--provider", "ok")
	_, token := r.issueFor("ok", "agent-ok")
	versions := r.versions(ok, 3)
	stop := make(chan struct{})
	var sent atomic.Int64
	var load sync.WaitGroup
	for range 2 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a := r.ask("GET /api/ok/v1/models?n="+strconv.FormatInt(sent.Add(1), 10), token); a.Status != 200 {
					t.Errorf("%d %s", a.Status, a.Body)
				}
			}
		})
	}
	const times = 100
	r.replaced(file, versions, times)
	close(stop)
	load.Wait()
	t.Logf("%d replacements, %d requests", times, sent.Load())
}

// Versions that are gone take no memory: their code is some megabytes each.
func TestReplacedVersionsAreFreed(t *testing.T) {
	dir := pluginsDir(t)
	r := newRig(t, upstream.Options{}, harness.Options{Plugins: dir})
	file := filepath.Join(dir, "openai.wasm")
	module, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	versions := r.versions(module, 2)
	r.replaced(file, versions, 4)
	settled := memoryOf(t, r)
	r.replaced(file, versions, 16)
	if end := memoryOf(t, r); end > settled+64<<20 { // each is some 10 MiB
		t.Errorf("resident memory grew from %d to %d MiB by 16 replacements", settled>>20, end>>20)
	}
	r.works("all of them")
}

// versions are modules like the one given, with code of their own, and trusted.
func (r *rig) versions(module []byte, n int) (list [][]byte) {
	r.t.Helper()
	for i := range n {
		v := bytes.ReplaceAll(module, []byte("1.0.0"), fmt.Appendf(nil, "2.0.%d", i))
		if bytes.Equal(v, module) {
			r.t.Fatal("the module's version is not where this test thinks")
		}
		file := filepath.Join(r.t.TempDir(), "version.wasm")
		if err := os.WriteFile(file, v, 0o600); err != nil {
			r.t.Fatal(err)
		}
		r.must("", "plugin", "trust", "--yes", file)
		list = append(list, v)
	}
	return list
}

// replaced puts one version after the other in the file's place, as soon as the
// one before serves.
func (r *rig) replaced(file string, versions [][]byte, times int) {
	r.t.Helper()
	taken := func() int { return strings.Count(r.Stderr(), "of its plugin serves from now on") }
	for i := range times {
		before := taken()
		put(r.t, file, versions[i%len(versions)])
		eventually(r.t, fmt.Sprint("replacement ", i+1), func() bool { return taken() > before })
	}
}

// memoryOf is what the broker has in memory, in bytes.
func memoryOf(t *testing.T, r *rig) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "VmRSS:" {
			n, err := strconv.Atoi(words[1])
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
