package puppet

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// call makes one call as ABI.md says it.
func call(t *testing.T, m api.Module, export string, input string, args ...uint64) string {
	t.Helper()
	ptr, err := m.ExportedFunction(abi.ExportBuffer).Call(context.Background(), uint64(len(input)))
	if err != nil || !m.Memory().Write(uint32(ptr[0]), []byte(input)) {
		t.Fatal(err)
	}
	out, err := m.ExportedFunction(export).Call(context.Background(), args...)
	if err != nil {
		t.Fatal(err)
	}
	b, ok := m.Memory().Read(uint32(out[0]>>32), uint32(out[0]))
	if !ok {
		t.Fatal("outside")
	}
	return string(b)
}

func TestAPuppetDoesWhatItIsTold(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	last := (&abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentLiteral, Bytes: []byte("end")}}}).Marshal()
	for does, want := range map[Does][2]abi.Segment{
		Passes:      {{Kind: abi.SegmentInput, Length: 5}, {Kind: abi.SegmentInput}},
		Upper:       {{Kind: abi.SegmentLiteral, Bytes: []byte("A{Z} ")}, {Kind: abi.SegmentLiteral}},
		Says:        {{Kind: abi.SegmentLiteral, Bytes: []byte("end")}, {Kind: abi.SegmentLiteral, Bytes: []byte("end")}},
		PassesSays:  {{Kind: abi.SegmentInput, Length: 5}, {Kind: abi.SegmentLiteral, Bytes: []byte("end")}},
		HoldsAndEnd: {{}, {Kind: abi.SegmentLiteral, Bytes: []byte("end")}},
	} {
		g := Guest{Manifest: []byte("manifest"), Plan: []byte("plan"), Scrub: []byte("scrub plan"), Result: last, Request: does, Response: Passes}
		m, err := r.InstantiateWithConfig(ctx, g.Module(), wazero.NewModuleConfig().WithName(""))
		if err != nil {
			t.Fatal(err)
		}
		if got := call(t, m, abi.ExportManifest, "") + call(t, m, abi.ExportPlan, "v", 1) + call(t, m, abi.ExportScrub, "h", 1); got != "manifestplanscrub plan" {
			t.Errorf("it says %q", got)
		}
		for i, input := range []string{"a{z} ", ""} {
			var res abi.BodyResult
			if err := res.Unmarshal([]byte(call(t, m, abi.ExportRequestBody, input, uint64(len(input)), uint64(i)))); err != nil {
				t.Fatal(err)
			}
			var got abi.Segment
			if len(res.Segments) > 0 {
				got = res.Segments[0]
			}
			if got.Kind != want[i].Kind || string(got.Bytes) != string(want[i].Bytes) || got.Offset != 0 || got.Length != want[i].Length || len(res.Checks) > 0 {
				t.Errorf("%d, piece %d: %+v, want %+v", does, i, got, want[i])
			}
		}
	}
}

// The .wasm file is what the .wat file says, where a wat2wasm is at hand.
func TestTheTemplateIsBuiltFromItsSource(t *testing.T) {
	tool, err := exec.LookPath("wat2wasm")
	if err != nil {
		t.Skip("no wat2wasm here (Debian: wabt)")
	}
	out := filepath.Join(t.TempDir(), "out.wasm")
	if text, err := exec.Command(tool, "puppet.wat", "-o", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if want, err := os.ReadFile(out); err != nil || string(want) != string(template) {
		t.Errorf("puppet.wasm is another: run wat2wasm puppet.wat -o puppet.wasm again (%v)", err)
	}
}
