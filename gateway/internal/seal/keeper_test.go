package seal

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"pgregory.net/rapid"
)

const plain = "sk-live-the-plaintext-that-must-not-be-found"

func master(b byte) secret.Bytes { return secret.New(bytes.Repeat([]byte{b}, MasterSize)) }

func newStore(t *testing.T, dir string) *kv.Store {
	t.Helper()
	st, err := kv.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func newKeeper(t *testing.T) (*Keeper, *kv.Store) {
	t.Helper()
	st := newStore(t, filepath.Join(t.TempDir(), "s"))
	k, err := Open(st, master(1))
	if err != nil {
		t.Fatal(err)
	}
	return k, st
}

var home = ID{Purpose: "credential", Tenant: "acme", Name: "main", Version: 3}

func TestARecordOpensOnlyWhereItBelongs(t *testing.T) {
	k, _ := newKeeper(t)
	sealed, err := k.Seal(home, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.Open(home, sealed)
	if err != nil || string(got.Reveal()) != plain {
		t.Fatalf("%v", err)
	}
	ids := map[string]ID{
		"other purpose":    {"token", "acme", "main", 3},
		"other tenant":     {"credential", "evil", "main", 3},
		"the broker's own": {"credential", "", "main", 3},
		"other name":       {"credential", "acme", "main2", 3},
		"other version":    {"credential", "acme", "main", 2},
		"no version":       {"credential", "acme", "main", 0},
		"border moved":     {"credentialacme", "acme", "main", 3},
		"fields swapped":   {"credential", "acme", "acme", 3},
		"the tenant's key": {"tenant-key", "acme", "", 0},
	}
	for name, id := range ids {
		// Each tenant has its key, so that it is never just the lack of one.
		if _, err := k.Seal(ID{Purpose: "x", Tenant: id.Tenant}, nil); err != nil {
			t.Fatal(err)
		}
		if got, err := k.Open(id, sealed); err == nil || got.Len() != 0 {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestAnyChangedBitIsFound(t *testing.T) {
	k, _ := newKeeper(t)
	sealed, err := k.Seal(home, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(sealed) * 8 {
		sealed[i/8] ^= 1 << (i % 8)
		if _, err := k.Open(home, sealed); err == nil {
			t.Fatalf("bit %d changed, and it opened", i)
		}
		sealed[i/8] ^= 1 << (i % 8)
	}
	for _, cut := range []int{0, 1, 4, 5, 17, len(sealed) - 1} {
		if _, err := k.Open(home, sealed[:cut]); err == nil {
			t.Errorf("cut to %d bytes, and it opened", cut)
		}
	}
	if _, err := k.Open(home, append(sealed, 0)); err == nil {
		t.Error("a byte was added, and it opened")
	}
}

func TestIDsNeverEncodeAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// The same pieces, dealt to the fields with other borders.
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b", "\x00", "\x01a", "\x02"}), 3, 5).Draw(t, "pieces")
		glue := rapid.SampledFrom([]string{"", "\x00", "\x01", ":"}).Draw(t, "glue")
		deal := func(label string) ID {
			i := rapid.IntRange(1, len(pieces)-2).Draw(t, label+" first border")
			j := rapid.IntRange(i+1, len(pieces)-1).Draw(t, label+" second border")
			return ID{strings.Join(pieces[:i], glue), strings.Join(pieces[i:j], glue), strings.Join(pieces[j:], glue),
				rapid.Uint64Range(0, 1).Draw(t, label+" version")}
		}
		a, b := deal("a"), deal("b")
		if (a == b) != bytes.Equal(a.associated(), b.associated()) {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

func TestNoPlaintextInTheStoreDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	st := newStore(t, dir)
	m := []byte("0123456789abcdefMASTERMASTERMAST")
	k, err := Open(st, secret.New(append([]byte(nil), m...)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		id := ID{"credential", fmt.Sprintf("t%d", i%5), fmt.Sprint(i), 1}
		sealed, err := k.Seal(id, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Update(func(b *kv.Batch) error { return b.Set(kv.Key("row", id.Name), sealed) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		for _, s := range []string{plain, string(m)} {
			for form, needle := range map[string]string{
				"raw": s, "hex": hex.EncodeToString([]byte(s)), "base64": base64.RawStdEncoding.EncodeToString([]byte(s))[:32],
			} {
				if bytes.Contains(content, []byte(needle)) {
					t.Errorf("%s holds it (%s)", path, form)
				}
			}
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("looked at %d files: %v", files, err)
	}
}

func TestWrongMasterIsRefusedFirst(t *testing.T) {
	_, st := newKeeper(t)
	if _, err := Open(st, master(2)); !errors.Is(err, ErrWrongMaster) {
		t.Errorf("another master key: %v", err)
	}
	if _, err := Open(st, master(1)); err != nil {
		t.Errorf("the right one: %v", err)
	}
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := Open(st, secret.New(make([]byte, n))); err == nil || errors.Is(err, ErrWrongMaster) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestALostCheckRecordDoesNotLetAnyKeyIn(t *testing.T) {
	k, st := newKeeper(t)
	if _, err := k.Seal(home, nil); err != nil {
		t.Fatal(err)
	}
	if err := st.Update(func(b *kv.Batch) error { return b.Delete(checkKey) }); err != nil {
		t.Fatal(err)
	}
	for b := byte(1); b <= 2; b++ {
		if _, err := Open(st, master(b)); err == nil || !strings.Contains(err.Error(), "backup") {
			t.Errorf("master %d: %v", b, err)
		}
	}
}

func TestTenantKeysCannotBeSwapped(t *testing.T) {
	k, st := newKeeper(t)
	for _, tenant := range []string{"acme", "evil"} {
		if _, err := k.Seal(ID{Purpose: "x", Tenant: tenant}, nil); err != nil {
			t.Fatal(err)
		}
	}
	row, ok, err := st.Get(tenantKey("evil"))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := st.Update(func(b *kv.Batch) error { return b.Set(tenantKey("acme"), row) }); err != nil {
		t.Fatal(err)
	}
	fresh, err := Open(st, master(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Seal(home, nil); err == nil || !strings.Contains(err.Error(), `tenant "acme"`) {
		t.Errorf("evil's key served for acme: %v", err)
	}
}

func TestTenantKeyIsMadeOnceAndKept(t *testing.T) {
	k, st := newKeeper(t)
	const tenants, each = 30, 8
	id := func(i int) ID { return ID{"credential", fmt.Sprint("t", i/each), "main", 1} }
	sealed := make([][]byte, tenants*each)
	var wg sync.WaitGroup
	for i := range sealed {
		wg.Go(func() {
			var err error
			if sealed[i], err = k.Seal(id(i), []byte(plain)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	fresh, err := Open(st, master(1))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sealed {
		if got, err := fresh.Open(id(i), s); err != nil || string(got.Reveal()) != plain {
			t.Errorf("record %d after reopening: %v", i, err)
		}
		if bytes.Equal(s, sealed[(i+1)%len(sealed)]) {
			t.Error("the same nonce twice")
		}
	}
	if _, err := fresh.Open(ID{Purpose: "x", Tenant: "nobody"}, sealed[0]); err == nil {
		t.Error("opened for a tenant that has no key")
	}
	if _, ok, _ := st.Get(tenantKey("nobody")); ok {
		t.Error("Open made a key")
	}
}

func TestMAC(t *testing.T) {
	k, st := newKeeper(t)
	again, err := Open(st, master(1))
	if err != nil {
		t.Fatal(err)
	}
	one := k.MAC("compile-cache", []byte("data"))
	if len(one) != 32 || !hmac.Equal(one, again.MAC("compile-cache", []byte("data"))) {
		t.Error("the same master key, purpose and data give another MAC")
	}
	_, other := newKeeper(t)
	if err := other.Update(func(b *kv.Batch) error { return b.Delete(checkKey) }); err != nil {
		t.Fatal(err)
	}
	k2, err := Open(other, master(2))
	if err != nil {
		t.Fatal(err)
	}
	for name, mac := range map[string][]byte{
		"data":    k.MAC("compile-cache", []byte("date")),
		"purpose": k.MAC("checkpoint", []byte("data")),
		"border":  k.MAC("compile-cached", []byte("ata")),
		"master":  k2.MAC("compile-cache", []byte("data")),
	} {
		if hmac.Equal(one, mac) {
			t.Errorf("another %s, the same MAC", name)
		}
	}
}

func TestZeroValuesDeny(t *testing.T) {
	k, _ := newKeeper(t)
	for _, id := range []ID{{}, {Tenant: "x", Name: "y", Version: 1}} {
		if _, err := k.Seal(id, nil); !errors.Is(err, errNoPurpose) {
			t.Errorf("sealed for %+v: %v", id, err)
		}
		if _, err := k.Open(id, nil); !errors.Is(err, errNoPurpose) {
			t.Errorf("opened for %+v: %v", id, err)
		}
	}
	var none *Keeper
	for _, k := range []*Keeper{none, {}} {
		if _, err := k.Seal(home, nil); err == nil {
			t.Error("a zero Keeper seals")
		}
		if _, err := k.Open(home, nil); err == nil {
			t.Error("a zero Keeper opens")
		}
		if a, b := k.MAC("p", nil), k.MAC("p", nil); hmac.Equal(a, b) || hmac.Equal(a, nil) {
			t.Error("a zero Keeper makes MACs that verify")
		}
	}
}
