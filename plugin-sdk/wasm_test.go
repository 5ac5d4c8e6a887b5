package seks_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// module is a guest as the contract sees it: the least that a host must do.
type module struct {
	api.Module
	stderr bytes.Buffer
}

const memoryPages = 512 // 32 MiB

// newRuntime is metered, for guests that may loop, or not, for fast ones.
func newRuntime(t testing.TB, metered bool) wazero.Runtime {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithMemoryLimitPages(memoryPages).WithCloseOnContextDone(metered))
	t.Cleanup(func() { _ = r.Close(ctx) })
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	return r
}

func start(ctx context.Context, r wazero.Runtime, wasm []byte) (*module, error) {
	m := &module{}
	var err error
	m.Module, err = r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().
		WithName("").WithStartFunctions("_initialize").WithStderr(&m.stderr))
	return m, err
}

// call writes the input to the guest's buffer, calls, and copies the result.
func (m *module) call(ctx context.Context, export string, input []byte, flags ...uint64) ([]byte, error) {
	var args []uint64
	if export != abi.ExportManifest {
		ptr, err := m.ExportedFunction(abi.ExportBuffer).Call(ctx, uint64(len(input)))
		if err != nil {
			return nil, err
		}
		if !m.Memory().Write(uint32(ptr[0]), input) {
			return nil, errOutside
		}
		args = append([]uint64{uint64(len(input))}, flags...)
	}
	res, err := m.ExportedFunction(export).Call(ctx, args...)
	if err != nil {
		return nil, err
	}
	out, ok := m.Memory().Read(uint32(res[0]>>32), uint32(res[0]))
	if !ok {
		return nil, errOutside
	}
	return bytes.Clone(out), nil
}

func buildGuest(t testing.TB, dir, pkg string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, text)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// The imports that ABI.md lists are all that a Go guest has.
func TestGoGuest(t *testing.T) {
	ctx, r := context.Background(), newRuntime(t, true)
	wasm := buildGuest(t, ".", "./testdata/goguest")
	compiled, err := r.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	allowed := allowedImports(t)
	for _, f := range compiled.ImportedFunctions() {
		if mod, name, _ := f.Import(); mod != "wasi_snapshot_preview1" || !allowed[name] {
			t.Errorf("a Go guest imports %s.%s, which ABI.md does not allow", mod, name)
		}
	}
	g, err := start(ctx, r, wasm)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("manifest", func(t *testing.T) {
		out, err := g.call(ctx, abi.ExportManifest, nil)
		var m seks.Manifest
		if err != nil || m.Unmarshal(out) != nil || m.Name != "goguest" || len(m.Fields) != 1 {
			t.Errorf("%+v, %v", m, err)
		}
	})
	t.Run("plan", func(t *testing.T) {
		for _, path := range []string{"/v1/a", "/v1/" + strings.Repeat("b", 60000), ""} {
			out, err := g.call(ctx, abi.ExportPlan, (&seks.View{Path: path}).Marshal())
			var p abi.Plan
			if err != nil || p.Unmarshal(out) != nil || len(p.Edits) != 2 {
				t.Fatalf("%+v, %v", p, err)
			}
			want := seks.Concat(seks.Lit(path), seks.Field("api_key")).Base64()
			if !bytes.Equal(p.Edits[0].Value, want) {
				t.Errorf("%s", abi.Text(p.Edits[0].Value))
			}
		}
	})
	t.Run("scrub", func(t *testing.T) {
		out, err := g.call(ctx, abi.ExportScrub, (&seks.AnswerHead{Status: 201}).Marshal())
		var s seks.ScrubPlan
		if err != nil || s.Unmarshal(out) != nil || !reflect.DeepEqual(s.Drop, []string{"x-201"}) {
			t.Errorf("%+v, %v", s, err)
		}
	})
	for _, row := range []struct {
		name  string
		input []byte
		want  string // on stderr
	}{
		{"a panic", (&seks.View{Path: "/panic"}).Marshal(), "as told"},
		{"no plan", (&seks.View{Path: "/nil"}).Marshal(), "Plan returned nil"},
		{"a view that is none", []byte("\x12\x05ab"), "the view can't be read"},
		{"a view that is too large", make([]byte, abi.MaxView+1), "a larger buffer than the contract has"},
	} {
		t.Run(row.name, func(t *testing.T) {
			g, err := start(ctx, r, wasm)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.call(ctx, abi.ExportPlan, row.input); err == nil {
				t.Error("the call succeeded")
			}
			if !strings.Contains(g.stderr.String(), row.want) {
				t.Errorf("it wrote %q, want %q in it", g.stderr.String(), row.want)
			}
		})
	}
}

// A guest that allocates runs for ever in the memory that it began with: the
// trampoline's turns let its collector work. SEKS_LONG=1 makes ten million calls.
func TestMemoryIsFlat(t *testing.T) {
	calls := 300_000
	if os.Getenv("SEKS_LONG") != "" {
		calls = 10_000_000
	}
	ctx, r := context.Background(), newRuntime(t, false)
	g, err := start(ctx, r, buildGuest(t, ".", "./testdata/goguest"))
	if err != nil {
		t.Fatal(err)
	}
	view := (&seks.View{Method: "POST", Path: "/v1/chat/completions"}).Marshal()
	buffer, plan := g.ExportedFunction(abi.ExportBuffer), g.ExportedFunction(abi.ExportPlan)
	var warm uint32
	for i := range calls {
		stack := []uint64{uint64(len(view))}
		if err := buffer.CallWithStack(ctx, stack); err != nil {
			t.Fatalf("call %d: %v\n%s", i, err, g.stderr.String())
		}
		g.Memory().Write(uint32(stack[0]), view)
		stack[0] = uint64(len(view))
		if err := plan.CallWithStack(ctx, stack); err != nil {
			t.Fatalf("call %d: %v\n%.2000s", i, err, g.stderr.String())
		}
		if i == calls/20 {
			warm = g.Memory().Size()
		}
	}
	if end := g.Memory().Size(); end != warm {
		t.Errorf("memory was %d bytes after %d calls and %d after %d", warm, calls/20, end, calls)
	}
	t.Logf("%d calls in %d KiB", calls, warm>>10)
}

func BenchmarkPlan(b *testing.B) {
	for name, dir := range map[string]string{"openai": "../plugins/openai", "garbage": "testdata/goguest"} {
		b.Run(name, func(b *testing.B) {
			ctx, r := context.Background(), newRuntime(b, true)
			g, err := start(ctx, r, buildGuest(b, dir, "."))
			if err != nil {
				b.Fatal(err)
			}
			view := (&seks.View{Method: "POST", Path: "/v1/chat/completions", Target: "/api/openai/v1/chat/completions",
				Authority: "127.0.0.1:8080", Mount: "/api/openai", Scheme: "http", UpstreamAuthority: "api.openai.com"}).Marshal()
			buffer, plan := g.ExportedFunction(abi.ExportBuffer), g.ExportedFunction(abi.ExportPlan)
			var stack [1]uint64
			for b.Loop() {
				stack[0] = uint64(len(view))
				_ = buffer.CallWithStack(ctx, stack[:])
				g.Memory().Write(uint32(stack[0]), view)
				stack[0] = uint64(len(view))
				if err := plan.CallWithStack(ctx, stack[:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The build is a function of the sources: the digest that `make build` stamps
// into the broker is the same wherever the folder lies.
func TestBuildsAreReproducible(t *testing.T) {
	other := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "plugin-sdk/abi", "plugin-sdk", "plugins/openai"} {
		copySources(t, filepath.Join("..", part), filepath.Join(other, part))
	}
	here, there := buildGuest(t, "..", "./plugins/openai"), buildGuest(t, other, "./plugins/openai")
	if !bytes.Equal(here, there) {
		t.Error("two builds from two folders differ")
	}
	if bytes.Contains(here, []byte(other)) || bytes.Contains(there, []byte(other)) {
		t.Error("the module names the folder that it was built in")
	}
}

func copySources(t *testing.T, from, to string) {
	t.Helper()
	paths := []string{from}
	if info, err := os.Stat(from); err != nil {
		t.Fatal(err)
	} else if info.IsDir() {
		if paths, err = filepath.Glob(filepath.Join(from, "*.go")); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(to, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		dst := to
		if p != from {
			dst = filepath.Join(to, filepath.Base(p))
		}
		if err := os.WriteFile(dst, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A guest is small and has no more of the standard library than it needs:
// package os alone would bring WASI calls that no host of ours gives.
func TestDependencies(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", ".", "./abi")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	why := map[string]string{
		"fmt": "brings os and reflection", "os": "brings WASI's file calls", "net": "there is no network",
		"encoding/json": "reflection, half a megabyte", "reflect": "half a megabyte",
		"time": "a plan is a function of its view", "crypto/sha256": "the host computes", "runtime/debug": "brings os",
	}
	for _, dep := range strings.Fields(string(out)) {
		if first, _, _ := strings.Cut(dep, "/"); strings.Contains(first, ".") && !strings.HasPrefix(dep, "github.com/seksbot/seks-broker/plugin-sdk") {
			t.Errorf("the SDK depends on %s, which isn't in the standard library", dep)
		}
		if reason := why[dep]; reason != "" {
			t.Errorf("the SDK depends on %s: %s", dep, reason)
		}
	}
	if !strings.Contains(string(out), "plugin-sdk/abi") {
		t.Errorf("go list named no packages: %q", out)
	}
}
