package token

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
)

// What somebody who can write to the store, but has no key, may try.
func TestRowsOfTheStoreCannotBeSwapped(t *testing.T) {
	r := newRoom(t)
	strong, strongRec := r.issue(t, basic)
	narrow := basic
	narrow.ReadOnly = true
	weak, weakRec := r.issue(t, narrow)
	otherTenant := basic
	otherTenant.Tenant = "evil"
	foreign, foreignRec := r.issue(t, otherTenant)
	row := func(plain []byte) []byte {
		v, ok, err := r.kv.Get(rowKey(hexDigest(plain)))
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return v
	}
	put := func(key, value []byte) {
		if err := r.kv.Update(func(b *kv.Batch) error { return b.Set(key, value) }); err != nil {
			t.Fatal(err)
		}
	}
	keep := row(weak)
	parts, _ := kv.Split(row(foreign))
	for name, value := range map[string][]byte{
		"the row of a stronger token": row(strong),
		"the row of another tenant":   row(foreign),
		"another tenant's name":       kv.Key("evil", parts[1]),
		"a tenant that isn't there":   kv.Key("nobody", parts[1]),
		"nothing":                     {},
		"rubbish":                     {0xff},
		"a byte changed":              append(bytes.Clone(keep[:len(keep)-1]), keep[len(keep)-1]^1),
	} {
		put(rowKey(hexDigest(weak)), value)
		refused(t, r.reopened(), weak, "openai", fault.Overloaded, "at its limit")
		if list, err := r.List(); err == nil || len(list) != 2 {
			t.Errorf("%s: List gave %d and %v", name, len(list), err)
		}
	}
	put(rowKey(hexDigest(weak)), keep)
	put(indexKey(weakRec.ID), []byte(hexDigest(strong)))
	if err := r.Revoke(weakRec.ID); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a bent index: %v", err)
	}
	if got, err := r.Show(strongRec.ID); err != nil || !got.Revoked.IsZero() {
		t.Errorf("it revoked another token: %v", err)
	}
	if _, err := r.Show(foreignRec.ID); err != nil {
		t.Error(err)
	}
}

func TestATokenIsNowhereInTheStore(t *testing.T) {
	r := newRoom(t)
	plain, _ := r.issue(t, Record{Tenant: "default", Agent: "agent-in-the-record", Provider: "openai", Credential: "main"})
	if err := r.kv.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(r.dir)
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	found := false
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(r.dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(content, []byte(hexDigest(plain)))
		for name, needle := range map[string][]byte{"token": plain, "half of it": plain[12:36], "agent": []byte("agent-in-the-record")} {
			if bytes.Contains(content, needle) {
				t.Errorf("%s holds the %s", f.Name(), name)
			}
		}
	}
	if !found {
		t.Error("its digest isn't there either: this test looks in the wrong place")
	}
}
