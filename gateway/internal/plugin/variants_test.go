package plugin

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Parameters make another plugin of the same code, in all of its instances. What
// a plugin does not take is said, and nothing that was trusted is changed by them.
func TestParameters(t *testing.T) {
	module := goPlugin(t, "header")
	f := newFolder(t, Digest(module), Digest(guest(t, "ok")))
	f.write("header.wasm", module)
	f.write("ok.wasm", guest(t, "ok"))
	f.load("header.wasm header 1.0.0 built-in", "ok.wasm ok 1.0.0 built-in")
	base, _ := f.host.Find("header")
	ctx := context.Background()
	named, err := f.host.Configured(ctx, base, map[string]string{"header": "x-key"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []string{"a", "b"} { // the second is an instance of its own
		for p, want := range map[*Plugin]string{base: "authorization", named: "x-key"} {
			v, err := p.Plan(tenant, view("GET"))
			if err != nil || v.Plan().Edits[0].Name != want {
				t.Errorf("%v, %v, want %s", v.Plan(), err, want)
			}
		}
	}
	if again, err := f.host.Configured(ctx, base, map[string]string{"header": "x-key"}); again != named || err != nil {
		t.Errorf("the same parameters make another plugin, %v", err)
	}
	ok, _ := f.host.Find("ok")
	for _, c := range []struct {
		p          *Plugin
		parameters map[string]string
		says       string
	}{
		{base, map[string]string{"colour": "red"}, `takes no parameter "colour"`},
		{base, map[string]string{"header": "a", "query": "b"}, "both given"},
		{base, map[string]string{"header": "content-length"}, "content-length"},
		{base, map[string]string{"header": "a\r\nb: c"}, "must be a header name"},
		{base, map[string]string{"prefix": strings.Repeat("x", 1<<15)}, "at most 16384"},
		{ok, map[string]string{"header": "a"}, "takes no parameter"},
	} {
		if p, err := f.host.Configured(ctx, c.p, c.parameters); err == nil || p != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60v: %v, want %q", c.parameters, err, c.says)
		}
	}
	// A manifest that tells of another host, once it has parameters, is refused.
	was, is := *base.Manifest, *named.Manifest
	if sameTrust(&was, &is) != nil {
		t.Error("another sink at the same host is refused")
	}
	is.Upstreams = ok.Manifest.Upstreams
	if sameTrust(&was, &is) == nil {
		t.Error("parameters brought another host")
	}
	is = *named.Manifest
	is.Fields = ok.Manifest.Fields[:0]
	if sameTrust(&was, &is) == nil {
		t.Error("parameters took a field away")
	}
}

// Code and instances of a version that is gone are freed, those with parameters
// too.
func TestVariantsAreFreed(t *testing.T) {
	module := goPlugin(t, "header")
	f := newFolder(t, Digest(module))
	f.write("header.wasm", module)
	f.load("header.wasm header 1.0.0 built-in")
	var first *instance
	func() {
		base, _ := f.host.Find("header")
		p, err := f.host.Configured(context.Background(), base, map[string]string{"query": "k"})
		if err != nil {
			t.Fatal(err)
		}
		first = p.pool.spare
		runtime.KeepAlive(p)
	}()
	if err := os.Remove(filepath.Join(f.dir, "header.wasm")); err != nil {
		t.Fatal(err)
	}
	f.load()
	for deadline := time.Now().Add(20 * time.Second); !first.module.IsClosed(); runtime.Gosched() {
		f.host.Forget()
		if time.Now().After(deadline) {
			t.Fatal("an instance of a version that is gone still runs")
		}
	}
}

// Ten thousand requests of two tenants to a Go guest leave nothing of one in what
// serves the other.
func TestMemoryHoldsOneTenantsRequests(t *testing.T) {
	p := loaded(t, testEngine(t), openai(t))
	p.Manifest.NeedsTime = true // each one calls the guest
	tenants := []string{"tenant-a", "tenant-b"}
	for i := range 10_000 {
		tenant := tenants[i%2]
		v := view("POST")
		v.Authority, v.Query = "broker", "of="+marker(tenant)+"&"+v.Query
		if _, err := p.Plan(tenant, v); err != nil {
			t.Fatal(err)
		}
	}
	dumped := 0
	for _, tenant := range tenants {
		for _, in := range p.pool.idle[tenant] {
			memory, ok := in.module.Memory().Read(0, in.module.Memory().Size())
			if !ok {
				t.Fatal("no memory")
			}
			dumped++
			if !bytes.Contains(memory, []byte(marker(tenant))) {
				t.Errorf("%s: its own requests are not found: the dump is not of what ran", tenant)
			}
			for _, other := range tenants {
				if other != tenant && bytes.Contains(memory, []byte(marker(other))) {
					t.Errorf("%s: a request of %s is in its memory", tenant, other)
				}
			}
		}
	}
	if dumped < 2 || p.pool.spare != nil {
		t.Errorf("%d instances were dumped", dumped)
	}
}

func marker(tenant string) string { return "marker-of-" + tenant + "-0123456789" }
