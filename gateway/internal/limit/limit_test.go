package limit

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
)

type clock struct{ t atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_767_000_000, c.t.Load()) }
func (c *clock) advance(d time.Duration) { c.t.Add(int64(d)) }

// granter makes real Grants, the only way there is: by issuing tokens.
func granter(t *testing.T) func(rate string) token.Grant {
	t.Helper()
	st, err := kv.Open(filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	keeper, err := seal.Open(st, secret.New(bytes.Repeat([]byte{7}, seal.MasterSize)))
	if err != nil {
		t.Fatal(err)
	}
	tokens := token.NewStore(st, keeper, new(clock).now)
	return func(rate string) token.Grant {
		t.Helper()
		r, err := token.ParseRate(rate)
		if err != nil {
			t.Fatal(err)
		}
		plain, _, err := tokens.Issue(token.Record{Tenant: "t", Agent: "a", Provider: "p", Credential: "c", Rules: token.Rules{Rate: r}})
		if err != nil {
			t.Fatal(err)
		}
		claim, err := tokens.Find(plain.Reveal(), "p")
		if err != nil {
			t.Fatal(err)
		}
		grant, err := claim.Prove(bearer())
		if err != nil {
			t.Fatal(err)
		}
		return grant
	}
}

func acquire(t *testing.T, l *Limiter, g token.Grant) Lease {
	t.Helper()
	lease, err := l.Acquire(g)
	if err != nil || !lease.Valid() {
		t.Fatalf("refused: %v", err)
	}
	return lease
}

func refused(t *testing.T, l *Limiter, g token.Grant, code fault.Code, retry time.Duration) {
	t.Helper()
	lease, err := l.Acquire(g)
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != code || f.RetryAfter != retry {
		t.Errorf("%#v, want %s and %s", err, code, retry)
	}
	if lease.Valid() {
		t.Error("a refusal gave a lease")
	}
}

func TestZeroValuesDeny(t *testing.T) {
	l := New(1, new(clock).now)
	refused(t, l, token.Grant{}, fault.TokenInvalid, 0)
	if (Lease{}).Valid() {
		t.Error("the zero Lease is valid")
	}
	(Lease{}).Release()
	for _, n := range []int{0, -5} {
		refused(t, New(n, new(clock).now), granter(t)(""), fault.Overloaded, time.Second)
	}
}

func TestNAtOnceThenRefilledEvenly(t *testing.T) {
	c, grant := new(clock), granter(t)
	l := New(1000, c.now)
	g, other := grant("4/m"), grant("4/m")
	for range 4 {
		acquire(t, l, g)
	}
	refused(t, l, g, fault.RateLimited, 15*time.Second)
	acquire(t, l, other) // a rate is each token's own
	c.advance(15*time.Second - 1)
	refused(t, l, g, fault.RateLimited, time.Second) // a nanosecond, rounded up
	c.advance(1)
	acquire(t, l, g)
	refused(t, l, g, fault.RateLimited, 15*time.Second)
	c.advance(31 * time.Second)
	acquire(t, l, g)
	acquire(t, l, g)
	refused(t, l, g, fault.RateLimited, 14*time.Second)
	c.advance(time.Hour)
	for range 4 {
		acquire(t, l, g)
	}
	refused(t, l, g, fault.RateLimited, 15*time.Second)
	c.advance(-time.Hour) // a clock set back must not open the gate
	refused(t, l, g, fault.RateLimited, time.Hour+15*time.Second)
	_, err := l.Acquire(g)
	if !strings.Contains(err.Error(), "4/m") {
		t.Errorf("the sentence does not name the rate: %v", err)
	}
}

func TestWaitingAsToldIsEnough(t *testing.T) {
	for _, rate := range []string{"1/s", "3/s", "7/m", "999983/s", "1/h", "1000000/h"} {
		c := new(clock)
		l := New(1<<30, c.now)
		r, _ := token.ParseRate(rate)
		g := granter(t)(rate)
		for range min(r.N, 50) {
			acquire(t, l, g)
		}
		for range 20 {
			_, err := l.Acquire(g)
			if err == nil {
				continue
			}
			c.advance(fault.From(err).RetryAfter)
			acquire(t, l, g)
		}
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	l, g := New(3, new(clock).now), granter(t)("")
	a, b := acquire(t, l, g), acquire(t, l, g)
	acquire(t, l, g)
	refused(t, l, g, fault.Overloaded, time.Second)
	copied := a
	a.Release()
	a.Release()
	copied.Release()
	if a.Valid() || copied.Valid() {
		t.Error("valid after its release")
	}
	again := acquire(t, l, g) // takes the place of a
	refused(t, l, g, fault.Overloaded, time.Second)
	a.Release() // is over, and must not end its successor
	if !again.Valid() || !b.Valid() {
		t.Error("an old lease ended another")
	}
	refused(t, l, g, fault.Overloaded, time.Second)
}

func TestARefusedRequestUsesUpNothing(t *testing.T) {
	l, grant := New(1, new(clock).now), granter(t)
	g := grant("1/h")
	blocker := acquire(t, l, grant(""))
	refused(t, l, g, fault.Overloaded, time.Second) // its one request an hour is not spent
	blocker.Release()
	acquire(t, l, g).Release()
	for range 5 {
		refused(t, l, g, fault.RateLimited, time.Hour) // and none of these keeps the one place
	}
	acquire(t, l, grant("")).Release()
}

func TestManyAtOnce(t *testing.T) {
	const most = 8
	l, grant := New(most, new(clock).now), granter(t)
	g, rated := grant(""), grant("100/h")
	var running, passed atomic.Int64
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for range 500 {
				who := g
				if i%2 == 0 {
					who = rated
				}
				lease, err := l.Acquire(who)
				if err != nil {
					continue
				}
				if n := running.Add(1); n > most {
					t.Errorf("%d at once", n)
				}
				if i%2 == 0 {
					passed.Add(1)
				}
				running.Add(-1)
				lease.Release()
				lease.Release()
			}
		})
	}
	wg.Wait()
	if n := passed.Load(); n > 100 {
		t.Errorf("%d of 100 an hour passed", n)
	}
	for range most {
		acquire(t, l, g)
	}
	refused(t, l, g, fault.Overloaded, time.Second)
}

func TestNoAllocationWithoutARate(t *testing.T) {
	l, grant := New(4, new(clock).now), granter(t)
	for _, rate := range []string{"", "1000000/s"} {
		g := grant(rate)
		acquire(t, l, g).Release() // the first makes the slot, and the token's entry
		if n := testing.AllocsPerRun(200, func() {
			lease, err := l.Acquire(g)
			if err != nil {
				t.Fatal(err)
			}
			lease.Release()
		}); n != 0 {
			t.Errorf("rate %q: %v allocations", rate, n)
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
