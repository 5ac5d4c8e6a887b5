package seks_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

var errOutside = errors.New("outside the guest's memory")

// How each guest in testdata/guests ends under a bare host, one with a memory
// limit and nothing else of ours. The gateway's tests show how ours ends it.
var guests = map[string]string{
	"ok":              "plan",
	"log_flood":       "plan",
	"grow":            "plan",
	"wrong_signature": "plan: expected 2 params",
	"start_section":   "plan",
	"unknown_version": "plan",
	"leak_plan":       "plan",
	"host_plan":       "plan",
	"imports_socket":  "plan",
	"crlf_plan":       "plan",
	"length_plan":     "plan",
	"coding_plan":     "plan",
	"elsewhere_plan":  "plan",
	"path_plan":       "plan",
	"query_plan":      "plan",
	"body_plan":       "plan",
	"hash_plan":       "plan",
	"half_sign_plan":  "plan",
	"bomb_plan":       "plan",
	"loop_body":       "plan",
	"imports_env":     "start: module[env] not instantiated",
	"trap_init":       "start: unreachable",
	"loop_init":       "start: deadline exceeded",
	"bad_manifest":    "manifest: field",
	"trap_plan":       "plan: unreachable",
	"grow_4gib":       "plan: unreachable",
	"loop_plan":       "plan: deadline exceeded",
	"bad_pointer":     "plan: outside",
	"huge_plan":       "plan: outside",
	"bad_buffer":      "plan: outside",
	"garbage_plan":    "plan: field 1 has a length",
	"missing_export":  "plan: no such export",
}

func TestGuestsMisbehaveAsTheySay(t *testing.T) {
	files, err := filepath.Glob("testdata/guests/*.wat")
	if err != nil || len(files) != len(guests) {
		t.Fatalf("%d files, %d in the table, %v", len(files), len(guests), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".wat")
		t.Run(name, func(t *testing.T) {
			wasm, err := os.ReadFile(strings.TrimSuffix(file, ".wat") + ".wasm")
			if err != nil {
				t.Fatal(err)
			}
			stage, want, bad := strings.Cut(guests[name], ": ")
			gotStage, err := run(t, name, wasm)
			switch {
			case gotStage != stage:
				t.Errorf("it came to %s (%v), want %s", gotStage, err, stage)
			case !bad && err != nil:
				t.Errorf("it failed: %v", err)
			case bad && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("it ended with %v, want %q", err, want)
			}
		})
	}
}

// run takes a guest as far as it goes and names the stage that it came to.
func run(t *testing.T, name string, wasm []byte) (stage string, err error) {
	ctx, r := context.Background(), newRuntime(t, true)
	if strings.HasPrefix(name, "loop_") {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
	}
	g, err := start(ctx, r, wasm)
	if err != nil {
		return "start", err
	}
	out, err := g.call(ctx, abi.ExportManifest, nil)
	var m seks.Manifest
	if err == nil {
		err = m.Unmarshal(out)
	}
	if err != nil {
		return "manifest", err
	}
	if m.Name != strings.ReplaceAll(name, "_", "-") || len(m.Upstreams) != 1 || len(m.TokenSlots) != 1 {
		t.Errorf("the manifest says %+v", m)
	}
	if g.ExportedFunction(abi.ExportPlan) == nil {
		return "plan", errors.New("no such export")
	}
	if out, err = g.call(ctx, abi.ExportPlan, (&seks.View{Method: "GET"}).Marshal()); err != nil {
		return "plan", err
	}
	var p abi.Plan
	return "plan", p.Unmarshal(out)
}

// What the good guest says is what the codec would write.
func TestOkGuestHasTheCodecsBytes(t *testing.T) {
	ctx := context.Background()
	wasm, err := os.ReadFile("testdata/guests/ok.wasm")
	if err != nil {
		t.Fatal(err)
	}
	g, err := start(ctx, newRuntime(t, true), wasm)
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.call(ctx, abi.ExportManifest, nil)
	if err != nil || string(out) != string(okManifest().Marshal()) {
		t.Errorf("manifest % x, %v", out, err)
	}
	out, err = g.call(ctx, abi.ExportPlan, (&seks.View{}).Marshal())
	if want := seks.Bearer("api_key").Marshal(); err != nil || string(out) != string(want) {
		t.Errorf("plan % x, want % x, %v", out, want, err)
	}
}

func okManifest() *seks.Manifest {
	return &seks.Manifest{
		Name: "ok", Version: "1.0.0",
		Upstreams:  []seks.Upstream{{Name: "main", URL: "https://api.example.com"}},
		Fields:     []seks.CredentialField{{Name: "api_key", Use: seks.Reveal, Main: true, Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "authorization"}}}},
		TokenSlots: []seks.Slot{{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
	}
}

// The .wasm files are what their .wat files say, where a wat2wasm is at hand.
func TestGuestsAreBuiltFromTheirSource(t *testing.T) {
	tool, err := exec.LookPath("wat2wasm")
	if err != nil {
		t.Skip("no wat2wasm here (Debian: wabt)")
	}
	files, _ := filepath.Glob("testdata/guests/*.wat")
	for _, file := range files {
		out := filepath.Join(t.TempDir(), "out.wasm")
		if text, err := exec.Command(tool, file, "-o", out).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", file, err, text)
			continue
		}
		want, _ := os.ReadFile(out)
		got, err := os.ReadFile(strings.TrimSuffix(file, ".wat") + ".wasm")
		if err != nil || string(got) != string(want) {
			t.Errorf("%s: the .wasm beside it is another: run wat2wasm again (%v)", file, err)
		}
	}
}
