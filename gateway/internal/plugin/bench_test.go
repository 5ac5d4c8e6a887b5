package plugin

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// BenchmarkModules is what plugins of each language take, with all limits on: a
// built-in one in Go, and each module of examples/plugins. `make bench` makes a
// table of it.
func BenchmarkModules(b *testing.B) {
	modules := map[string][]byte{"Go": openai(b)}
	files, err := filepath.Glob("../../../examples/plugins/*/*.wasm")
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range files {
		modules["example "+strings.TrimSuffix(filepath.Base(file), ".wasm")] = read(b, file)
	}
	for name, module := range modules {
		b.Run(name, func(b *testing.B) {
			b.Run("a call, kept", func(b *testing.B) { plans(b, module, false) })
			b.Run("a call, not kept", func(b *testing.B) { plans(b, module, true) })
			b.Run("load, cold", func(b *testing.B) {
				for b.Loop() {
					loadOnce(b, module, b.TempDir())
				}
			})
			b.Run("load, from the cache", func(b *testing.B) {
				cache := b.TempDir()
				loadOnce(b, module, cache)
				b.ResetTimer()
				for b.Loop() {
					loadOnce(b, module, cache)
				}
			})
			b.Run("instantiate", func(b *testing.B) {
				p := loaded(b, testEngine(b), module)
				for b.Loop() {
					in, err := p.pool.engine.start(context.Background(), p.pool.compiled, nil)
					if err != nil {
						b.Fatal(err)
					}
					in.close()
				}
			})
		})
	}
}

// plans asks for the plan of one request; where none is kept, a plugin is called
// as one that asks for the time is.
func plans(b *testing.B, module []byte, called bool) {
	p := loaded(b, testEngine(b), module)
	p.Manifest.NeedsTime = called
	request := &abi.View{
		Method: "POST", Scheme: "http", Target: "/api/openai/v1/chat/completions", Authority: "127.0.0.1:8080",
		Mount: "/api/openai", Path: "/v1/chat/completions", UpstreamAuthority: "api.openai.com",
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Plan("t", request); err != nil {
			b.Fatal(err)
		}
	}
}

// loadOnce is what a start of the broker takes for one plugin.
func loadOnce(b *testing.B, module []byte, cache string) {
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plugin.wasm"), module, 0o600); err != nil {
		b.Fatal(err)
	}
	h := cached(b, dir, cache, testMAC, module)
	defer h.Close()
	if err := h.Load(context.Background()); err != nil || len(h.Serving()) != 1 {
		b.Fatal(err, h.States())
	}
}
