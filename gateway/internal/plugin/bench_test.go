package plugin

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// BenchmarkPlan is a call of the built-in guest, with all limits on. A view that
// was seen before costs no call at all.
func BenchmarkPlan(b *testing.B) {
	p := loaded(b, testEngine(b), openai(b))
	request := &abi.View{
		Method: "POST", Scheme: "http", Target: "/api/openai/v1/chat/completions", Authority: "127.0.0.1:8080",
		Mount: "/api/openai", Path: "/v1/chat/completions", UpstreamAuthority: "api.openai.com",
	}
	b.Run("called", func(b *testing.B) {
		p.Manifest.NeedsTime = true // such plans are not kept
		defer func() { p.Manifest.NeedsTime = false }()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Plan("t", request); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Plan("t", request); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkLoad is what a start of the broker takes for one plugin, and what it
// takes with its code in the cache.
func BenchmarkLoad(b *testing.B) {
	module := openai(b)
	dir := b.TempDir()
	write(b, filepath.Join(dir, "openai.wasm"), module)
	load := func(b *testing.B, cache string) {
		h := cached(b, dir, cache, testMAC, module)
		if err := h.Load(context.Background()); err != nil {
			b.Fatal(err)
		}
		if _, ok := h.Find("openai"); !ok {
			b.Fatal(h.States())
		}
		h.Close()
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			load(b, b.TempDir())
		}
	})
	b.Run("warm", func(b *testing.B) {
		cache := b.TempDir()
		load(b, cache)
		b.ResetTimer()
		for b.Loop() {
			load(b, cache)
		}
	})
}
