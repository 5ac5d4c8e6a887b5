package token

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// clock stands still until it is told to move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

type room struct {
	*Store
	clock  *clock
	kv     *kv.Store
	keeper *seal.Keeper
	dir    string
}

func newRoom(t testing.TB) room {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	st, err := kv.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	keeper, err := seal.Open(st, secret.New(bytes.Repeat([]byte{7}, seal.MasterSize)))
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return room{NewStore(st, keeper, c.now), c, st, keeper, dir}
}

// reopened is the room as another process would find it: nothing cached.
func (r room) reopened() *Store { return NewStore(r.kv, r.keeper, r.clock.now) }

var basic = Record{Tenant: "default", Agent: "coder@example/1", Provider: "openai", Credential: "main"}

func (r room) issue(t testing.TB, rec Record) (plain []byte, got Record) {
	t.Helper()
	p, got, err := r.Issue(rec)
	if err != nil {
		t.Fatal(err)
	}
	return p.Reveal(), got
}

// refused checks the code, and that the Claim can't be proven.
func refused(t *testing.T, s *Store, plain []byte, provider string, code fault.Code, words string) Claim {
	t.Helper()
	c, err := s.Find(plain, provider)
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != code || !strings.Contains(f.Message, words) {
		t.Errorf("%v\nwant %s: …%s…", err, code, words)
	}
	if g, err := c.Prove(); err == nil || g.Valid() {
		t.Errorf("%s: the claim was proven", code)
	}
	return c
}

func TestIssueFindProve(t *testing.T) {
	r := newRoom(t)
	want := basic
	want.Expires = r.clock.now().Add(time.Hour)
	want.Rules = Rules{Allow: []string{"GET /v1/*"}, Deny: []string{"* /v1/x"}, Ops: []string{"s3:Get*"}, ReadOnly: true, AllowGrant: true,
		From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Rate: Rate{60, time.Minute}}
	plain, rec := r.issue(t, want)
	want.ID, want.Created = rec.ID, r.clock.now()
	if !reflect.DeepEqual(rec, want) {
		t.Errorf("issued %+v\nwant %+v", rec, want)
	}
	for name, s := range map[string]*Store{"first": r.Store, "cached": r.Store, "reopened": r.reopened()} {
		c, err := s.Find(plain, "openai")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		g, err := c.Prove()
		if err != nil || !g.Valid() {
			t.Fatalf("%s: %v", name, err)
		}
		if c.Tenant() != "default" || c.Agent() != rec.Agent || c.TokenID() != rec.ID {
			t.Errorf("%s: claim of %s %s %s", name, c.Tenant(), c.Agent(), c.TokenID())
		}
		got := Record{ID: g.TokenID(), Tenant: g.Tenant(), Agent: g.Agent(), Provider: g.Provider(), Credential: g.Credential(), Created: rec.Created, Expires: rec.Expires, Rules: g.Rules()}
		if !reflect.DeepEqual(got, rec) {
			t.Errorf("%s: grant of %+v\nwant %+v", name, got, rec)
		}
	}
}

func TestRefusals(t *testing.T) {
	r := newRoom(t)
	plain, rec := r.issue(t, basic)
	foreign := newText("openai").Reveal()
	refused(t, r.Store, nil, "openai", fault.TokenMissing, "no proxy token")
	refused(t, r.Store, plain[:40], "openai", fault.TokenInvalid, "cut short")
	refused(t, r.Store, foreign, "openai", fault.TokenInvalid, "not known here")
	c := refused(t, r.Store, plain, "github", fault.TokenInvalid, "is for openai")
	if c.TokenID() != rec.ID {
		t.Errorf("the log would not learn which token it was: %q", c.TokenID())
	}
	refused(t, r.Store, foreign, "github", fault.TokenInvalid, "is for openai")
}

func TestExpiryIsJudgedAtEachFind(t *testing.T) {
	r := newRoom(t)
	rec := basic
	rec.Expires = r.clock.now().Add(time.Hour)
	plain, rec := r.issue(t, rec)
	r.clock.advance(time.Hour - 1)
	if _, err := r.Find(plain, "openai"); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(1)
	c := refused(t, r.Store, plain, "openai", fault.TokenExpired, "expired")
	if c.TokenID() != rec.ID || c.Agent() != rec.Agent || c.Tenant() != rec.Tenant {
		t.Errorf("the log would not learn which token it was: %q", c.TokenID())
	}
}

func TestRevokedBeforeRevokeReturns(t *testing.T) {
	r := newRoom(t)
	plain, rec := r.issue(t, basic)
	other, _ := r.issue(t, basic)
	for _, p := range [][]byte{plain, other} { // into the cache
		if _, err := r.Find(p, "openai"); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Revoke(rec.ID); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{r.Store, r.Store, r.reopened()} {
		c := refused(t, s, plain, "openai", fault.TokenRevoked, "revoked")
		if c.TokenID() != rec.ID {
			t.Errorf("the log would not learn which token it was: %q", c.TokenID())
		}
	}
	if _, err := r.Find(other, "openai"); err != nil {
		t.Errorf("another token: %v", err)
	}
	since := r.clock.now()
	r.clock.advance(time.Hour)
	if err := r.Revoke(rec.ID); err != nil {
		t.Errorf("revoked again: %v", err)
	}
	if got, err := r.Show(rec.ID); err != nil || !got.Revoked.Equal(since) {
		t.Errorf("since %s, want %s; %v", got.Revoked, since, err)
	}
	for _, id := range []string{"", "tok_0000000000000000", rec.ID + "x"} {
		if err := r.Revoke(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := r.Show(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// A Find that read the record before the revocation, and gets to the cache only
// after it, step by step.
func TestAStaleFillDoesNotSurviveARevocation(t *testing.T) {
	r := newRoom(t)
	plain, rec := r.issue(t, basic)
	d := digest(sha256.Sum256(plain))
	_, ticket := r.cache.get(&d)
	stale, err := r.read(hex.EncodeToString(d[:]))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Revoke(rec.ID); err != nil {
		t.Fatal(err)
	}
	r.cache.put(&d, stale, ticket)
	refused(t, r.Store, plain, "openai", fault.TokenRevoked, "revoked")
}

func TestRevocationRacesWithFinds(t *testing.T) {
	r := newRoom(t)
	for range 20 {
		plain, rec := r.issue(t, basic)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					if _, err := r.Find(plain, "openai"); err != nil {
						return
					}
				}
			})
		}
		if err := r.Revoke(rec.ID); err != nil {
			t.Fatal(err)
		}
		refused(t, r.Store, plain, "openai", fault.TokenRevoked, "revoked")
		wg.Wait() // ends only when each of them was refused
		refused(t, r.Store, plain, "openai", fault.TokenRevoked, "revoked")
	}
}

func TestFindOfACachedTokenDoesNotAllocate(t *testing.T) {
	r := newRoom(t)
	rec := basic
	rec.Expires = r.clock.now().Add(time.Hour)
	plain, _ := r.issue(t, rec)
	if n := testing.AllocsPerRun(200, func() {
		c, err := r.Find(plain, "openai")
		if err != nil {
			t.Fatal(err)
		}
		if g, err := c.Prove(); err != nil || g.Credential() != "main" {
			t.Fatal("not proven")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestList(t *testing.T) {
	r := newRoom(t)
	if list, err := r.List(); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	var want []string
	for i := range 10 {
		rec := basic
		rec.Tenant, rec.Agent = fmt.Sprintf("t%d", i%3), fmt.Sprint(i)
		_, rec = r.issue(t, rec)
		want = append(want, rec.ID)
		r.clock.advance(time.Second)
	}
	if err := r.Revoke(want[4]); err != nil {
		t.Fatal(err)
	}
	list, err := r.List()
	var got []string
	for i, rec := range list {
		got = append(got, rec.ID)
		if rec.Revoked.IsZero() == (i == 4) || rec.Agent != fmt.Sprint(i) {
			t.Errorf("%d: %+v", i, rec)
		}
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v\n%v", got, want, err)
	}
}

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

func TestBadRecordsAreRefusedAllAtOnce(t *testing.T) {
	r := newRoom(t)
	long := strings.Repeat("a", 129)
	cases := map[string]struct {
		change func(*Record)
		want   []string
	}{
		"empty":           {func(r *Record) { *r = Record{} }, []string{"the tenant", "the agent", "the provider", "the credential"}},
		"agent":           {func(r *Record) { r.Agent = "a b" }, []string{"the agent"}},
		"agent too long":  {func(r *Record) { r.Agent = long }, []string{"the agent"}},
		"agent bytes":     {func(r *Record) { r.Agent = "a\xff" }, []string{"the agent"}},
		"underscore":      {func(r *Record) { r.Provider = "open_ai" }, []string{"the provider"}},
		"provider digit":  {func(r *Record) { r.Provider = "3s" }, []string{"the provider"}},
		"credential":      {func(r *Record) { r.Credential = "Main" }, []string{"the credential"}},
		"tenant":          {func(r *Record) { r.Tenant = "a/b" }, []string{"the tenant"}},
		"expired at once": {func(rec *Record) { rec.Expires = r.clock.now() }, []string{"later time"}},
		"rules":           {func(r *Record) { r.Allow, r.Rate = []string{"x"}, Rate{N: 1} }, []string{"begin with a method", "a rate is written"}},
	}
	for name, c := range cases {
		rec := basic
		c.change(&rec)
		plain, _, err := r.Issue(rec)
		if err == nil || plain.Len() != 0 {
			t.Errorf("%s: issued", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not in: %v", name, want, err)
			}
		}
	}
	if list, _ := r.List(); len(list) != 0 {
		t.Errorf("%d refused tokens are in the store", len(list))
	}
	rec := basic
	rec.ID, rec.Revoked, rec.Agent = "tok_mine", r.clock.now(), "aZ09._@/-"
	if _, got := r.issue(t, rec); got.ID == rec.ID || !got.Revoked.IsZero() {
		t.Errorf("Issue took id or revocation from its caller: %+v", got)
	}
}

func TestARecordWithUnknownRulesIsRefused(t *testing.T) {
	if _, err := decode([]byte(`{"id":"tok_x","max_spend":5}`)); err == nil || !strings.Contains(err.Error(), "newer seks") {
		t.Errorf("a rule that we don't know was dropped: %v", err)
	}
}

func TestZeroValuesDeny(t *testing.T) {
	if g, err := (Claim{}).Prove(); err == nil || g.Valid() || fault.From(err).Code != fault.TokenInvalid {
		t.Errorf("%v", err)
	}
	if (Claim{}).Tenant()+(Claim{}).Agent()+(Claim{}).TokenID() != "" {
		t.Error("a zero Claim names somebody")
	}
	var g Grant
	if g.Valid() || g.Tenant()+g.Agent()+g.TokenID()+g.Provider()+g.Credential() != "" || !reflect.DeepEqual(g.Rules(), Rules{}) {
		t.Error("a zero Grant grants")
	}
}

func TestAStoreThatCannotBeReadDenies(t *testing.T) {
	r := newRoom(t)
	plain, _ := r.issue(t, basic)
	if err := r.kv.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, r.Store, plain, "openai", fault.Overloaded, "at its limit")
	if _, _, err := r.Issue(basic); err == nil {
		t.Error("issued what is not kept")
	}
}

func BenchmarkFind(b *testing.B) {
	r := newRoom(b)
	plain, _ := r.issue(b, basic)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Find(plain, "openai"); err != nil {
			b.Fatal(err)
		}
	}
}
