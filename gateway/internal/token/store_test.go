package token

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
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
	if g, err := c.Prove(bearer()); err == nil || g.Valid() {
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
		g, err := c.Prove(bearer())
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
		if c.Credential() != "main" {
			t.Fatal("not found")
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

// bearer is the session of a plan that checks nothing: to present the token is
// its proof.
func bearer() *expr.Session {
	v, err := expr.Vet(&plan.Plan{Manifest: new(plan.Manifest)})
	if err != nil {
		panic(err)
	}
	return v.Session()
}
