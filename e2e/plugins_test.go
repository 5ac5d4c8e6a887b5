package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// guests are small modules, most of which misbehave.
const guests = "../plugin-sdk/testdata/guests"

// pluginsDir is a folder with the built-in plugin and the guests named.
func pluginsDir(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	from := []string{filepath.Join(build, "plugins", "openai.wasm")}
	for _, n := range names {
		from = append(from, filepath.Join(guests, n+".wasm"))
	}
	for _, path := range from {
		module, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), module, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// providerOf is the name that a guest's manifest has.
func providerOf(guest string) string { return strings.ReplaceAll(guest, "_", "-") }

// tables are the [providers.…] of guests, which all lead to one upstream.
func tables(at string, names ...string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString("[providers." + providerOf(n) + "]\nupstream = \"" + at + "\"\n")
	}
	return b.String()
}

// A plugin that fails costs the request that it was asked about, and nothing else.
func TestPluginsThatFail(t *testing.T) {
	bad := []string{"trap_plan", "loop_plan", "huge_plan", "garbage_plan", "bad_pointer", "bad_buffer", "leak_plan", "host_plan", "grow_4gib",
		"crlf_plan", "length_plan", "coding_plan", "elsewhere_plan", "path_plan", "query_plan", "body_plan", "hash_plan", "half_sign_plan", "bomb_plan", "loop_body"}
	odd := []string{"log_flood", "grow", "ok"} // they do their job all the same
	all := append(append([]string{}, bad...), odd...)
	api := upstream.New(upstream.Options{Key: "guest-key-0123456789"})
	at, err := api.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	dir := pluginsDir(t, all...)
	r := newRig(t, upstream.Options{}, harness.Options{Plugins: dir, Extra: tables(at, all...)})
	tokens := map[string]string{}
	for _, n := range all {
		r.must("", "plugin", "trust", "--yes", filepath.Join(dir, n+".wasm"))
		r.must("guest-key-0123456789", "credential", "set", n, "--provider", providerOf(n))
		_, tokens[n] = r.issueFor(n, "agent-"+providerOf(n))
	}
	before, memoryBefore := held(t, r), memory(t, r.PID())
	for _, n := range bad {
		t.Run(n, func(t *testing.T) {
			r.t = t
			for range 2 { // the second is on a new instance
				got := make(chan answer)
				go func() {
					if n == "loop_body" {
						got <- r.exchange(fmt.Sprintf("POST /api/%s/v1/models HTTP/1.1\r\nHost: broker\r\nConnection: close\r\nContent-Length: 2\r\nAuthorization: Bearer %s\r\n\r\n{}",
							providerOf(n), tokens[n]))
						return
					}
					got <- r.ask("GET /api/"+providerOf(n)+"/v1/models", tokens[n])
				}()
				var a answer
				for served, done := 0, false; !done; served++ { // another provider goes on meanwhile
					r.works("a call to " + n)
					select {
					case a = <-got:
						done = true
					default:
					}
				}
				r.refused(a, 502, "plugin_failed", `"`+providerOf(n)+`"`)
				// The last one's plan is good, and its head may leave before its body.
				if n != "loop_body" && len(api.Requests()) != 0 {
					t.Errorf("a request without a good plan went upstream: %q", api.RawIn())
				}
			}
		})
	}
	r.t = t
	// Nothing of them stays: no goroutine, no descriptor, no instance with its memory.
	const slack = 6
	var after state
	eventually(t, "the broker lets go of failed guests", func() bool {
		after = held(t, r)
		return after.goroutines <= before.goroutines+slack && after.descriptors <= before.descriptors+slack
	})
	memoryAfter := memory(t, r.PID())
	t.Logf("before %+v and %d MiB, after %+v and %d MiB", before, memoryBefore.now>>20, after, memoryAfter.now>>20)
	if grown := memoryAfter.now - memoryBefore.now; grown > maxGrowth {
		t.Errorf("resident memory grew by %d MiB", grown>>20)
	}
	for _, n := range odd {
		if a := r.ask("GET /api/"+providerOf(n)+"/v1/models", tokens[n]); a.Status != 200 {
			t.Errorf("%s: %d %s", n, a.Status, a.Body)
		}
	}
	r.works("all plugins that fail")
	r.stop() // and shutdown is as ever
}

// A module that can't be a plugin is named with its reason, and keeps nobody
// from serving.
func TestModulesThatAreNone(t *testing.T) {
	reasons := map[string]string{
		"unknown_version": "seks_v1", "imports_env": "imports env.", "imports_socket": "imports wasi_snapshot_preview1.",
		"missing_export": "does not export", "wrong_signature": "it must be", "start_section": "start section",
		"bad_manifest": "manifest", "trap_init": "does not start",
	}
	var names []string
	for n := range reasons {
		names = append(names, n)
	}
	dir := pluginsDir(t, names...)
	reasons["text"], reasons["empty"], reasons["cut"] = "not a WebAssembly module", "not a WebAssembly module", "cut short or damaged"
	whole, err := os.ReadFile(filepath.Join(dir, "openai.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	for name, module := range map[string][]byte{"text": []byte("print('hello')\n"), "empty": nil, "cut": whole[:len(whole)/2]} {
		if err := os.WriteFile(filepath.Join(dir, name+".wasm"), module, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, upstream.Options{}, harness.Options{Plugins: dir})
	r.works("a start with modules that are none")
	var list []struct{ Path, Status, Reason string }
	if err := json.Unmarshal([]byte(r.must("", "plugin", "list", "--json")), &list); err != nil || len(list) != len(reasons)+1 {
		t.Fatalf("%d modules, %v", len(list), err)
	}
	for _, l := range list {
		name := strings.TrimSuffix(filepath.Base(l.Path), ".wasm")
		if name == "openai" {
			if l.Status != "built-in" {
				t.Errorf("openai is %s: %s", l.Status, l.Reason)
			}
			continue
		}
		if l.Status != "refused" || !strings.Contains(l.Reason, reasons[name]) {
			t.Errorf("%s is %s: %s", name, l.Status, l.Reason)
		}
		for _, command := range []string{"inspect", "trust"} {
			if res := r.run("y\n", "plugin", command, l.Path); res.Status != 1 || !strings.Contains(res.Err, reasons[name]) {
				t.Errorf("plugin %s %s: exit %d: %s%s", command, name, res.Status, res.Out, res.Err)
			}
		}
	}
	r.works("looking at modules that are none")
}

// A module does nothing before its digest is trusted, and its requests begin
// when `trust` has returned, without a restart.
func TestTrustIsByDigest(t *testing.T) {
	api := upstream.New(upstream.Options{Key: "guest-key-0123456789"})
	at, err := api.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	dir := pluginsDir(t, "ok")
	file := filepath.Join(dir, "ok.wasm")
	r := newRig(t, upstream.Options{}, harness.Options{Plugins: dir, Extra: tables(at, "ok")})
	r.refused(r.ask("GET /api/ok/v1/models", r.token), 404, "provider_unknown", "")
	if res := r.run("n\n", "plugin", "trust", file); res.Status != 1 || !strings.Contains(res.Out, "https://api.example.com") && !strings.Contains(res.Out, "api.example.com") {
		t.Errorf("said no: exit %d: %s%s", res.Status, res.Out, res.Err)
	}
	r.refused(r.ask("GET /api/ok/v1/models", r.token), 404, "provider_unknown", "")
	r.must("y\n", "plugin", "trust", file)
	r.must("guest-key-0123456789", "credential", "set", "ok", "--provider", "ok")
	_, token := r.issueFor("ok", "agent-ok")
	if a := r.ask("GET /api/ok/v1/models", token); a.Status != 200 {
		t.Errorf("after trust: %d %s", a.Status, a.Body)
	}
	r.refused(r.ask("GET /api/ok/v1/models", r.token), 401, "token_invalid", "another provider")
	// Other bytes in the same place are another module: what was trusted serves on.
	module, err := os.ReadFile(filepath.Join(guests, "trap_plan.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(module), "\x09trap-plan", "\x09ok-plan-1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := r.ask("GET /api/ok/v1/models", token); a.Status != 200 {
		t.Errorf("after its file has changed: %d %s", a.Status, a.Body)
	}
	r.works("a change of a plugin's file")
}
