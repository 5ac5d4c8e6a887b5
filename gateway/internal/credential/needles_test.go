package credential_test

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

func (h *house) opened(tenant, name string) credential.Credential {
	h.t.Helper()
	c, err := h.store.Open(h.permit(tenant, name, "openai", host), h.lease(), h.slot())
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// finds is the name that a mask over value would show, "-" for none, "" where the
// value is not found.
func finds(s *needle.Set, value string) string {
	hits := s.Find([]byte("{"+value+"}"), 0, needle.Whole, nil)
	switch {
	case len(hits) == 0:
		return ""
	case s.Name(hits[0].Needle) == "":
		return "-"
	}
	return s.Name(hits[0].Needle)
}

// Every answer is searched for all long secrets of the tenant, and a mask names
// only the request's own credential.
func TestTenantScope(t *testing.T) {
	h := newHouse(t)
	const other, shared, short, own = "sk-other-0123456789ab", "sk-shared-0123456789a", "short-of-16", "own-short"
	set := func(tenant, name string, values ...string) {
		t.Helper()
		fields := map[string]credential.Field{"account": {Value: secret.New([]byte("public-0123456789-" + name)), Public: true}}
		for i, v := range values {
			fields[fmt.Sprintf("field%d", i)] = credential.Field{Value: secret.New([]byte(v))}
		}
		if _, err := h.store.Set(tenant, name, "openai", []string{host}, fields); err != nil {
			t.Fatal(err)
		}
	}
	set("default", "main", key, shared, own)
	set("default", "other", other, shared, short)
	set("tenant-2", "main", "sk-of-another-tenant-1")

	main, second := h.opened("default", "main"), h.opened("default", "other")
	for value, want := range map[string][2]string{
		key: {"main", "-"}, other: {"-", "other"}, shared: {"main", "other"}, own: {"main", ""}, short: {"", "other"},
		base64.StdEncoding.EncodeToString([]byte(other)): {"-", "other"},
		"public-0123456789-main":                         {"", ""}, "sk-of-another-tenant-1": {"", ""},
	} {
		if got := [2]string{finds(main.Needles(), value), finds(second.Needles(), value)}; got != want {
			t.Errorf("%s: found as %q, want %q", value, got, want)
		}
	}
	if main.Built() != 3 || second.Built() != 0 {
		t.Errorf("the set was built of %d secrets, then of %d, want 3 and none", main.Built(), second.Built())
	}
	if c := h.opened("tenant-2", "main"); finds(c.Needles(), key) != "" || finds(c.Needles(), "sk-of-another-tenant-1") != "main" || c.Built() != 1 {
		t.Error("tenants are not apart")
	}
}

// A request that begins after a change is searched for what is there then, and for
// nothing that is gone. What runs keeps what it began with.
func TestTenantScopeFollowsChanges(t *testing.T) {
	h := newHouse(t)
	const first, second = "sk-first-0123456789abc", "sk-second-0123456789ab"
	h.set("main", key)
	before := h.opened("default", "main")
	h.set("other", first)
	step := func(what string, built int, finding, missing string) {
		t.Helper()
		c := h.opened("default", "main")
		if c.Built() != built || finding != "" && finds(c.Needles(), finding) != "-" || finds(c.Needles(), missing) != "" || finds(c.Needles(), key) != "main" {
			t.Errorf("%s: built of %d, want %d; finds %q and %q", what, c.Built(), built, finds(c.Needles(), finding), finds(c.Needles(), missing))
		}
		if again := h.opened("default", "main"); again.Built() != 0 || again.Needles() != c.Needles() {
			t.Errorf("%s: the set was built again", what)
		}
	}
	step("set", 2, first, second)
	if _, err := h.store.Rotate("default", "other", fields(second)); err != nil {
		t.Fatal(err)
	}
	step("rotated", 2, second, first)
	if _, err := h.store.Rebind("default", "other", []string{"eu.example.com"}); err != nil {
		t.Fatal(err)
	}
	step("rebound", 2, second, first)
	if err := h.store.Remove("default", "other"); err != nil {
		t.Fatal(err)
	}
	step("removed", 1, "", second)
	h.reopen()
	step("started anew", 1, "", second)
	if finds(before.Needles(), key) != "main" || finds(before.Needles(), first) != "" {
		t.Error("a running stream's set has changed")
	}
	// One that does not open can't be sent, and so is not searched for.
	h.set("other", first)
	err := h.kv.Update(func(b *kv.Batch) error {
		return b.Set(kv.Key("credential", "default", "other"), []byte("12345678damaged"))
	})
	if err != nil {
		t.Fatal(err)
	}
	step("damaged", 1, "", first)
}

// With the sets there, a request costs a look-up; each credential in use has a few
// hundred bytes of its own, however many secrets the tenant has.
func TestTenantScopeCostsALookUp(t *testing.T) {
	h := newHouse(t)
	const n = 300
	for i := range n {
		h.set(fmt.Sprint("c", i), fmt.Sprintf("%s-%06d-%s", key, i, strings.Repeat("x", 20)))
	}
	lease, slot := h.lease(), h.slot()
	var permits []policy.Permit
	for i := range n {
		permits = append(permits, h.permit("default", fmt.Sprint("c", i), "openai", host))
	}
	open := func(p policy.Permit) {
		if _, err := h.store.Open(p, lease, slot); err != nil {
			t.Fatal(err)
		}
	}
	if allocs := testing.AllocsPerRun(100, func() { open(permits[0]) }); allocs != 0 {
		t.Errorf("%v allocations to open", allocs)
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for _, p := range permits {
		open(p)
	}
	if each := (heap() - before) / n; each > 4<<10 {
		t.Errorf("%d bytes for each credential in use: the set is not shared", each)
	} else {
		t.Logf("%d bytes for each credential in use", each)
	}
}

// Needles are made for what will be logged, and for nothing else.
func TestNeedlesNeedASlot(t *testing.T) {
	h := newHouse(t)
	h.set("main", key)
	used := h.slot()
	used.Release()
	for name, slot := range map[string]accesslog.Slot{"none": {}, "used": used} {
		if set, built, err := h.store.Needles("default", "main", slot); err == nil || set != nil || built != 0 {
			t.Errorf("%s: %v, %d, %v", name, set, built, err)
		}
	}
	if set, built, err := h.store.Needles("default", "main", h.slot()); err != nil || built != 1 || finds(set, key) != "main" {
		t.Errorf("%d, %v", built, err)
	}
}
