package plugin

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// How each guest that must not serve is refused when it is loaded.
var refusals = map[string]string{
	"imports_socket":  "imports wasi_snapshot_preview1.sock_",
	"imports_env":     "imports env.",
	"wrong_signature": "exports seks_v1_plan as (",
	"start_section":   "has a start section",
	"unknown_version": "exports seks_v9_plan, which this version of seks does not know: it speaks seks_v1",
	"missing_export":  "does not export seks_v1_plan",
	"bad_manifest":    "the manifest can't be read",
	"trap_init":       "it does not start",
	"loop_init":       "it does not start",
}

// How each guest that loads and then misbehaves fails a call; "" where it does
// what it should within its limits.
var failures = map[string]string{
	"ok":           "",
	"log_flood":    "",
	"grow":         "",
	"trap_plan":    "it trapped: wasm error: unreachable",
	"grow_4gib":    "it trapped: wasm error: unreachable",
	"loop_plan":    "it did not return in time",
	"bad_pointer":  "outside its memory",
	"huge_plan":    "at most 262144 are allowed",
	"bad_buffer":   "outside its memory",
	"garbage_plan": "the plan can't be read",
	"leak_plan":    `puts field "api_key" into`,
	"host_plan":    `header "Host": the host sets it itself`,

	"length_plan":    `header "Content-Length": the host sets it itself`,
	"coding_plan":    `header "Transfer-Encoding": the host sets it itself`,
	"elsewhere_plan": `upstream "https://evil.example" is not in the manifest`,
	"path_plan":      "puts a credential field into a path",
	"query_plan":     `puts field "api_key" into "q"`,
	"body_plan":      `puts field "api_key" into "q"`,
	"hash_plan":      `puts field "api_key" into "x-hash"`,
	"half_sign_plan": "in another form than the signature that its manifest declares",
	// These are found when the plan is evaluated, or the body goes through.
	"crlf_plan": "",
	"bomb_plan": "",
	"loop_body": "",
}

func TestGuestsRefusedAtLoad(t *testing.T) {
	files, err := filepath.Glob(guests + "*.wasm")
	if err != nil || len(files) != len(refusals)+len(failures) {
		t.Fatalf("%d guests, %d in the tables, %v", len(files), len(refusals)+len(failures), err)
	}
	e := testEngine(t)
	e.startLimit = callLimit // one of them loops
	for name, want := range refusals {
		within(t, name, time.Minute, func() {
			p, err := e.load(context.Background(), guest(t, name), "")
			if err == nil || p != nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		})
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "an empty file": {}, "a text": []byte("#!/bin/sh\nexit 0\n"), "half a header": []byte("\x00asm\x01"),
	} {
		if _, err := e.load(context.Background(), b, ""); err == nil || !strings.Contains(err.Error(), "not a WebAssembly module") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := e.load(context.Background(), []byte("\x00asm\x0d\x00\x01\x00"), ""); err == nil || !strings.Contains(err.Error(), "a component?") {
		t.Errorf("a component: %v", err)
	}
	if _, err := e.load(context.Background(), make([]byte, MaxModule+1), ""); err == nil || !strings.Contains(err.Error(), "at most 33554432") {
		t.Errorf("a huge file: %v", err)
	}
	whole := guest(t, "ok")
	for _, cut := range []int{9, 20, len(whole) / 2, len(whole) - 1} {
		if _, err := e.load(context.Background(), whole[:cut], ""); err == nil {
			t.Errorf("cut to %d bytes it loads", cut)
		}
	}
	if _, err := e.load(context.Background(), []byte("\x00asm\x01\x00\x00\x00"), ""); err == nil || !strings.Contains(err.Error(), "does not export seks_v1_buffer") ||
		!strings.Contains(err.Error(), "does not export seks_v1_scrub") || !strings.Contains(err.Error(), "exports no memory") {
		t.Errorf("an empty module lacks all of it, at once: %v", err)
	}
	if p := loaded(t, e, whole); p.Manifest.Name != "ok" {
		t.Error("and nothing of it has spoiled the engine")
	}
}

// A misbehaving guest costs one request its answer and one instance its life;
// another plugin goes on all the while.
func TestMisbehavingCalls(t *testing.T) {
	e := testEngine(t)
	good := loaded(t, e, guest(t, "ok"))
	stop, answered := make(chan struct{}), 0
	var beside sync.WaitGroup
	beside.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if v, err := good.Plan("t", view("GET")); err != nil || !v.Valid() {
				t.Errorf("the plugin beside it: %v", err)
				return
			}
			answered++
		}
	})
	for name, want := range failures {
		e.callLimit = callLimit
		if name == "grow" {
			patient(e)
		}
		p := loaded(t, e, guest(t, name))
		for range 2 { // the second call is a new instance's
			before := ready(p)
			var err error
			within(t, name, time.Minute, func() { _, err = p.Plan("t", view("GET")) })
			if want == "" {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			if why := failed(t, err, strings.ReplaceAll(name, "_", "-")); !strings.Contains(why, want) {
				t.Errorf("%s: %s, want %q", name, why, want)
			}
			if left := ready(p); left != 0 {
				t.Errorf("%s: %d instances are kept after a failure (%d before)", name, left, before)
			}
		}
	}
	close(stop)
	beside.Wait()
	if answered == 0 {
		t.Error("the plugin beside them was never asked")
	}
}

// ready counts the instances that a plugin has ready.
func ready(p *Plugin) (n int) {
	p.pool.mu.Lock()
	defer p.pool.mu.Unlock()
	for _, list := range p.pool.idle {
		n += len(list)
	}
	if p.pool.spare != nil {
		n++
	}
	return n
}

// An endless loop holds up neither other goroutines nor the collector, which
// stops the world and so waits for every native loop that has no checks.
func TestEndlessLoopDoesNotStall(t *testing.T) {
	e := testEngine(t)
	loop, good := loaded(t, e, guest(t, "loop_plan")), loaded(t, e, guest(t, "ok"))
	var loops sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) { // every processor has one
		loops.Go(func() {
			_, err := loop.Plan("t", view("GET"))
			if why := failed(t, err, "loop-plan"); !strings.Contains(why, "in time") {
				t.Errorf("%q", why)
			}
		})
	}
	within(t, "collecting garbage beside endless loops", time.Minute, func() {
		for range 5 {
			runtime.GC()
			if _, err := good.Plan("t", view("GET")); err != nil {
				t.Error(err)
			}
		}
	})
	within(t, "ending the loops", time.Minute, loops.Wait)
}

func TestMemoryIsBounded(t *testing.T) {
	p := loaded(t, patient(testEngine(t)), guest(t, "grow"))
	if _, err := p.Plan("t", view("GET")); err != nil {
		t.Fatal(err)
	}
	size := p.pool.idle["t"][0].module.Memory().Size()
	if size > memoryPages<<16 || size < memoryPages<<15 {
		t.Errorf("it grew to %d bytes; it may have %d", size, memoryPages<<16)
	}
}

// The limit of the memory does not hold for tables: they have their own.
func TestTablesAreBounded(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "tables"))
	if _, err := p.Plan("t", view("GET")); err != nil {
		t.Errorf("a table grew beyond its bound: %v", err)
	}
}

func TestLogIsCapped(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "log_flood"))
	if _, err := p.Plan("t", view("GET")); err != nil {
		t.Fatal(err)
	}
	if log := p.pool.idle["t"][0].log; len(log.text) != logLimit || log.left != 0 {
		t.Errorf("%d bytes of 16 MB are kept, %d more would be", len(log.text), log.left)
	}
}

// What a guest wrote is for the operator's eyes, and does nothing to a terminal.
func TestLogIsQuoted(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	_, err := p.Plan("t", view("SAY"))
	why := failed(t, err, "moody")
	if !strings.Contains(why, `it wrote: "it hurts\n\x1b[31m"`) {
		t.Error(why)
	}
	_, err = p.Plan("t", view("TRAP"))
	if why := failed(t, err, "moody"); strings.Contains(why, "hurts") {
		t.Errorf("an instance speaks with a dead one's words: %s", why)
	}
	_, err = p.Plan("t", view("EXIT"))
	if why := failed(t, err, "moody"); !strings.Contains(why, "exit_code(3)") {
		t.Error(why)
	}
}

// A Go guest: the built-in plugin, through the limits of this room, gives the
// plans of its golden files.
func TestGoGuestHasItsGoldenPlans(t *testing.T) {
	p := loaded(t, testEngine(t), openai(t))
	files, err := filepath.Glob("../../../plugins/openai/testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		golden, err := os.ReadFile(strings.TrimSuffix(file, ".http") + ".golden")
		if err != nil {
			t.Fatal(err)
		}
		line := strings.Fields(string(raw))
		path, query, _ := strings.Cut(strings.TrimPrefix(line[1], "/api/openai"), "?")
		v, err := p.Plan("t", &abi.View{Method: line[0], Scheme: "http", Target: line[1], Mount: "/api/openai", Path: path, Query: query, UpstreamAuthority: "api.openai.com"})
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := strings.Cut(strings.TrimPrefix(string(golden), "plan:\n"), "\nrequest:")
		if got := v.Plan().Text(); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", file, got, want)
		}
	}
	if act := p.Manifest.Acts("POST", "/v1/chat/completions"); len(act) != 1 || act[0].Name != "chat.completions.create" {
		t.Errorf("%+v", act)
	}
}

// The .wasm files are what their .wat files say, where a wat2wasm is at hand.
func TestOwnGuestsAreBuiltFromTheirSource(t *testing.T) {
	tool, err := exec.LookPath("wat2wasm")
	if err != nil {
		t.Skip("no wat2wasm here (Debian: wabt)")
	}
	for _, name := range []string{"moody", "tables"} {
		out := filepath.Join(t.TempDir(), "out.wasm")
		if text, err := exec.Command(tool, "testdata/"+name+".wat", "-o", out).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		if want, err := os.ReadFile(out); err != nil || string(want) != string(guest(t, name)) {
			t.Errorf("%s: the .wasm beside it is another: run wat2wasm again (%v)", name, err)
		}
	}
}
