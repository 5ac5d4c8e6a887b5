package plugin

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testMAC(data []byte) []byte {
	m := hmac.New(sha256.New, []byte("key"))
	m.Write(data)
	return m.Sum(nil)
}

// cached opens a host over a folder of two modules with a compile cache.
func cached(t testing.TB, dir, cache string, mac MAC, modules ...[]byte) *Host {
	t.Helper()
	var digests []string
	for _, m := range modules {
		digests = append(digests, Digest(m))
	}
	h, err := NewHost(context.Background(), Config{Dir: dir, CacheDir: cache, Builtins: digests, MAC: mac})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// entries are the files of compiled code, without their MACs.
func entries(t testing.TB, cache string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(cache, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".mac") {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Compiled code is run only if this broker wrote it, for that module. All else
// is gone before wazero opens the folder, and is compiled again.
func TestCompileCache(t *testing.T) {
	modules := [][]byte{guest(t, "ok"), guest(t, "moody")}
	swap := func(a, b string) {
		x, y := read(t, a), read(t, b)
		write(t, a, y)
		write(t, b, x)
	}
	tests := []struct {
		name   string
		tamper func(list []string)
		gone   int // how many entries are removed
	}{
		{"untouched", func([]string) {}, 0},
		{"a bit", func(l []string) { b := read(t, l[0]); b[len(b)/2] ^= 1; write(t, l[0], b) }, 1},
		{"cut short", func(l []string) { write(t, l[0], read(t, l[0])[:9]) }, 1},
		{"emptied", func(l []string) { write(t, l[0], nil) }, 1},
		{"a byte more", func(l []string) { write(t, l[0], append(read(t, l[0]), 0)) }, 1},
		{"no MAC", func(l []string) { _ = os.Remove(l[0] + ".mac") }, 1},
		{"a MAC cut short", func(l []string) { write(t, l[0]+".mac", read(t, l[0]+".mac")[:16]) }, 1},
		{"an empty MAC", func(l []string) { write(t, l[0]+".mac", nil) }, 1},
		{"another one's MAC", func(l []string) { write(t, l[0]+".mac", read(t, l[1]+".mac")) }, 1},
		{"a MAC under another key", func(l []string) { s := sha256.Sum256(read(t, l[0])); write(t, l[0]+".mac", s[:]) }, 1},
		{"two modules' code exchanged", func(l []string) { swap(l[0], l[1]); swap(l[0]+".mac", l[1]+".mac") }, 2},
		{"all of it", func(l []string) { _ = os.RemoveAll(filepath.Dir(l[0])) }, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
			write(t, filepath.Join(dir, "a.wasm"), modules[0])
			write(t, filepath.Join(dir, "b.wasm"), modules[1])
			first := cached(t, dir, cache, testMAC, modules...)
			if err := first.Load(context.Background()); err != nil {
				t.Fatal(err)
			}
			first.Close()
			list := entries(t, cache)
			if len(list) != len(modules) {
				t.Fatalf("%d entries for %d modules", len(list), len(modules))
			}
			if info, err := os.Stat(cache); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("the cache has mode %v", info.Mode())
			}
			tt.tamper(list)
			h := cached(t, dir, cache, testMAC, modules...)
			defer h.Close()
			if err := h.engine.dropForeign(); err != nil {
				t.Fatal(err)
			}
			if left := entries(t, cache); len(left) != len(modules)-tt.gone {
				t.Errorf("%d entries are left for wazero to read, want %d", len(left), len(modules)-tt.gone)
			}
			if err := h.Load(context.Background()); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"ok", "moody"} {
				p, ok := h.Find(name)
				if !ok {
					t.Fatalf("%s does not serve", name)
				}
				if v, err := p.Plan("t", view("GET")); err != nil || v.Plan().Edits[0].Name != map[string]string{"ok": "authorization", "moody": "x-count"}[name] {
					t.Errorf("%s plans %v, %v", name, v.Plan(), err)
				}
			}
			for _, path := range entries(t, cache) {
				if want := testMAC(append([]byte(filepath.Base(path)+"\x00"), read(t, path)...)); !bytes.Equal(read(t, path+".mac"), want) {
					t.Errorf("%s has another MAC", path)
				}
			}
		})
	}
}

// A file that somebody puts there while the broker runs gets no MAC from it.
func TestForeignEntryIsNeverSealed(t *testing.T) {
	ok := guest(t, "ok")
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	write(t, filepath.Join(dir, "ok.wasm"), ok)
	h := cached(t, dir, cache, testMAC, ok)
	defer h.Close()
	if err := h.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	mine := entries(t, cache)
	foreign := filepath.Join(filepath.Dir(mine[0]), strings.Repeat("ab", 32))
	write(t, foreign, []byte("native code of somebody else's"))
	if err := h.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left := entries(t, cache); len(left) != 1 || left[0] != mine[0] {
		t.Errorf("%v is left", left)
	}
	if _, err := os.Stat(foreign + ".mac"); err == nil {
		t.Error("it has a MAC")
	}
}

// Another master key makes another MAC: what a restored folder brings is dropped.
func TestCacheOfAnotherBroker(t *testing.T) {
	ok := guest(t, "ok")
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	write(t, filepath.Join(dir, "ok.wasm"), ok)
	h := cached(t, dir, cache, testMAC, ok)
	if err := h.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.Close()
	other := cached(t, dir, cache, func(b []byte) []byte { return testMAC(append(b, 'x')) }, ok)
	defer other.Close()
	if err := other.engine.dropForeign(); err != nil {
		t.Fatal(err)
	}
	if left := entries(t, cache); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// Versions that come and go leave no more in the cache than a bounded number.
func TestOldCodeIsDropped(t *testing.T) {
	const bound = 4*1 + 8
	var versions [][]byte
	for i := range 2 * bound {
		versions = append(versions, version(t, fmt.Sprintf("1.%d.%d", i/10, i%10)))
	}
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	h := cached(t, dir, cache, testMAC, versions...)
	defer h.Close()
	for i, module := range versions {
		write(t, filepath.Join(dir, "moody.wasm"), module)
		if err := h.Load(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n := len(entries(t, cache)); n > bound+1 || n == 0 {
			t.Fatalf("%d entries after %d versions", n, i+1)
		}
	}
}
