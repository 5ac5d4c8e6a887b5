package credential_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
)

func TestSetRotateRebindRemove(t *testing.T) {
	h := newHouse(t)
	made := h.clock
	info := h.set("main", key)
	if info.Version != 1 || info.Provider != "openai" || fmt.Sprint(info.Fields) != "[account api_key]" || fmt.Sprint(info.Hosts) != "[api.example.com]" {
		t.Errorf("%+v", info)
	}
	if _, err := h.store.Set("default", "main", "openai", []string{host}, fields("other")); !errors.Is(err, credential.ErrExists) {
		t.Errorf("set again: %v", err)
	}
	if got, err := h.read("default", "main"); got != key || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	h.clock = h.clock.Add(time.Hour)
	info, err := h.store.Rotate("default", "main", fields(key+"-2"))
	if err != nil || info.Version != 2 || !info.Created.Equal(made) || !info.Updated.Equal(h.clock) {
		t.Errorf("rotate: %+v, %v", info, err)
	}
	if got, err := h.read("default", "main"); got != key+"-2" || err != nil {
		t.Errorf("after rotate: %q, %v", got, err)
	}
	info, err = h.store.Rebind("default", "main", []string{"eu.example.com"})
	if err != nil || info.Version != 3 || fmt.Sprint(info.Hosts) != "[eu.example.com]" {
		t.Errorf("rebind: %+v, %v", info, err)
	}
	if _, err := h.read("default", "main"); err == nil {
		t.Error("the old host still gets it")
	}
	h.reopen()
	if shown, err := h.store.Show("default", "main"); err != nil || fmt.Sprint(shown) != fmt.Sprint(info) {
		t.Errorf("after a restart %+v, %v, want %+v", shown, err, info)
	}
	if err := h.store.Remove("default", "main"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.read("default", "main"); err == nil {
		t.Error("a removed credential opens")
	}
	for what, err := range map[string]error{
		"remove": h.store.Remove("default", "main"),
		"show":   second(h.store.Show("default", "main")),
		"rotate": second(h.store.Rotate("default", "main", fields(key))),
		"rebind": second(h.store.Rebind("default", "main", nil)),
	} {
		if !errors.Is(err, credential.ErrNotFound) {
			t.Errorf("%s of what is not there: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestNames(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"", "A", "a b", "a/b", "a\n", "ä", strings.Repeat("a", 65), "a\x00"} {
		if _, err := h.store.Set("default", name, "openai", nil, fields(key)); err == nil || !strings.Contains(err.Error(), "must match") {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"a", "a.b-c_9", strings.Repeat("a", 64)} {
		h.set(name, key)
	}
}

func TestListShowsOneTenantsAndNoValue(t *testing.T) {
	h := newHouse(t)
	if list, err := h.store.List("default"); err != nil || list == nil || len(list) != 0 {
		t.Errorf("an empty list is %#v, %v", list, err)
	}
	h.set("b", key)
	h.set("a", key)
	for _, tenant := range []string{"defaul", "default2", "other"} { // each begins like another
		if _, err := h.store.Set(tenant, "theirs", "openai", []string{host}, fields(key)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := h.store.List("default")
	if err != nil || len(list) != 2 || list[0].Name != "a" || list[1].Name != "b" {
		t.Errorf("%+v, %v", list, err)
	}
	text, err := json.Marshal(list)
	if err != nil || hides(t, text) != "" {
		t.Errorf("%s: %v", text, err)
	}
	if _, err := json.Marshal(fields(key)); err == nil {
		t.Error("a Field can be marshalled")
	}
	if printed := fmt.Sprintf("%v %+v %#v %v", fields(key), list, h.store, fields(key)["api_key"]); hides(t, []byte(printed)) != "" {
		t.Errorf("a print shows a value: %s", printed)
	}
}

// hides returns the spelling of the key that b holds, if any.
func hides(t *testing.T, b []byte) string {
	t.Helper()
	for name, s := range map[string]string{
		"raw": key, "base64": base64.StdEncoding.EncodeToString([]byte(key))[:20], "hex": hex.EncodeToString([]byte(key)), "the end": key[8:],
	} {
		if bytes.Contains(b, []byte(s)) {
			return name
		}
	}
	return ""
}

func TestNoPlaintextOnDisk(t *testing.T) {
	h := newHouse(t)
	h.set("main", key)
	if _, err := h.store.Rotate("default", "main", fields(key+"x")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.read("default", "main"); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		bytesRead, named := 0, false
		err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) { // compacted away meanwhile
				return nil
			}
			bytesRead += len(b)
			named = named || bytes.Contains(b, []byte("main"))
			if form := hides(t, b); form != "" {
				t.Errorf("%s: %s holds the key (%s)", when, filepath.Base(path), form)
			}
			return err
		})
		if err != nil || bytesRead == 0 || !named {
			t.Errorf("%s: %d bytes read, %v; the credential's name was found: %v", when, bytesRead, err, named)
		}
	}
	check("while open")
	h.reopen()
	check("after a restart")
}

// What the store holds, as someone with access to its files could change it.
func TestRecordsThatWereTamperedWith(t *testing.T) {
	row := func(h *house, tenant, name string) []byte {
		v, ok, err := h.kv.Get(kv.Key("credential", tenant, name))
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return v
	}
	put := func(h *house, tenant, name string, v []byte) {
		if err := h.kv.Update(func(b *kv.Batch) error { return b.Set(kv.Key("credential", tenant, name), v) }); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]func(h *house){
		"a higher version":        func(h *house) { v := row(h, "default", "main"); v[7]++; put(h, "default", "main", v) },
		"version 0":               func(h *house) { v := row(h, "default", "main"); v[7] = 0; put(h, "default", "main", v) },
		"another one's row":       func(h *house) { put(h, "default", "main", row(h, "default", "other")) },
		"another tenant's row":    func(h *house) { put(h, "default", "main", row(h, "rich", "main")) },
		"a bit":                   func(h *house) { v := row(h, "default", "main"); v[len(v)-1] ^= 1; put(h, "default", "main", v) },
		"the nonce":               func(h *house) { v := row(h, "default", "main"); v[8] ^= 1; put(h, "default", "main", v) },
		"cut short":               func(h *house) { v := row(h, "default", "main"); put(h, "default", "main", v[:len(v)-1]) },
		"only the version":        func(h *house) { put(h, "default", "main", row(h, "default", "main")[:8]) },
		"nothing":                 func(h *house) { put(h, "default", "main", nil) },
		"a token's record's text": func(h *house) { put(h, "default", "main", append(make([]byte, 8), `{"provider":"openai"}`...)) },
	}
	for name, tamper := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.set("main", key)
			h.set("other", key+"-other")
			if _, err := h.store.Set("rich", "main", "openai", []string{host}, fields(key+"-rich")); err != nil {
				t.Fatal(err)
			}
			tamper(h)
			h.reopen() // nothing is in memory then
			got, err := h.read("default", "main")
			if err == nil || got != "" {
				t.Fatalf("it opens: %q", got)
			}
			for what, err := range map[string]error{"open": err, "show": second(h.store.Show("default", "main")), "list": second(h.store.List("default")), "rotate": second(h.store.Rotate("default", "main", fields(key)))} {
				if err == nil || hides(t, []byte(err.Error())) != "" {
					t.Errorf("%s: %v", what, err)
				}
			}
			if got, err := h.read("default", "other"); got != key+"-other" || err != nil {
				t.Errorf("the one beside it: %q, %v", got, err)
			}
		})
	}
}

// A key under the credentials' prefix that this room did not write.
func TestStrangeKeyIsSaid(t *testing.T) {
	h := newHouse(t)
	err := h.kv.Update(func(b *kv.Batch) error { return b.Set(kv.Key("credential", "default", "a", "b"), []byte("x")) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.List("default"); err == nil || !strings.Contains(err.Error(), "key that can't be read") {
		t.Errorf("%v", err)
	}
}

// A request that begins after a change returned sees the change, however many
// read meanwhile. Run with -race.
func TestChangesReachReadersAtOnce(t *testing.T) {
	h := newHouse(t)
	h.set("main", fmt.Sprintf("%s-%06d", key, 0))
	permit, lease, slot := h.permit("default", "main", "openai", host), h.lease(), h.slot()
	var newest atomic.Int64 // the value that a change has returned with
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				least := newest.Load()
				c, err := h.store.Open(permit, lease, slot)
				if err != nil {
					t.Error(err)
					return
				}
				v, _ := c.Field("api_key")
				var got int64
				if _, err := fmt.Sscanf(string(v), key+"-%06d", &got); err != nil || got < least {
					t.Errorf("a reader got %q after version %d was there (%v)", v, least, err)
					return
				}
				if c.Needles().MaxLen() == 0 || c.Version() == 0 {
					t.Error("an open credential without needles or version")
					return
				}
			}
		})
	}
	for i := int64(1); i <= 50; i++ {
		if _, err := h.store.Rotate("default", "main", fields(fmt.Sprintf("%s-%06d", key, i))); err != nil {
			t.Error(err)
			break
		}
		newest.Store(i)
	}
	close(stop)
	wg.Wait()
	if _, err := h.store.Open(permit, lease, slot); err != nil { // so that it is in memory
		t.Fatal(err)
	}
	if err := h.store.Remove("default", "main"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Open(permit, lease, slot); err == nil {
		t.Error("a removed credential opens from memory")
	}
	h.set("main", key+"-new")
	if got, err := h.read("default", "main"); got != key+"-new" || err != nil {
		t.Errorf("set again: %q, %v", got, err)
	}
}
