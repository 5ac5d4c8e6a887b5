package plugin

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// count asks moody for a plan, and gives the number that its instance is at.
func count(t *testing.T, p *Plugin, tenant, method string) (int, error) {
	t.Helper()
	v, err := p.Plan(tenant, view(method))
	if err != nil {
		return 0, err
	}
	out, err := v.Session().Edit(0)
	if err != nil {
		t.Fatal(err)
	}
	return int(out.Bytes[0] - '0'), nil
}

// An instance is used again for its tenant, never for another one.
func TestInstancesServeOneTenant(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	for i, step := range []struct {
		tenant string
		want   int
	}{{"a", 1}, {"a", 2}, {"b", 1}, {"a", 3}, {"b", 2}, {"", 1}, {"c", 1}, {"", 2}, {"a", 4}} {
		if got, err := count(t, p, step.tenant, "GET"); got != step.want || err != nil {
			t.Errorf("step %d: tenant %q is served by an instance at %d, %v, want %d", i, step.tenant, got, err, step.want)
		}
	}
	if ready(p) != 4 {
		t.Errorf("%d instances for 4 tenants", ready(p))
	}
}

// Whatever fails, the instance is dead, and the next request has a fresh one. A
// plan that the host refuses counts as a failure too.
func TestFailureKillsTheInstance(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	for method, why := range map[string]string{
		"TRAP": "unreachable", "LOOP": "in time", "BAD": "the host sets it itself", "EXIT": "exit_code", "SAY": "hurts",
	} {
		if n, err := count(t, p, "t", "GET"); n != 1 || err != nil {
			t.Fatalf("before %s: a fresh instance is at %d, %v", method, n, err)
		}
		old := p.pool.idle["t"][0]
		_, err := count(t, p, "t", method)
		if got := failed(t, err, "moody"); !strings.Contains(got, why) {
			t.Errorf("%s: %s", method, got)
		}
		if !old.dead || !old.module.IsClosed() || ready(p) != 0 {
			t.Errorf("%s: the instance lives: dead %v, closed %v, %d are ready", method, old.dead, old.module.IsClosed(), ready(p))
		}
	}
	if _, err := p.Scrub("t", &abi.AnswerHead{Status: 500}); err == nil || ready(p) != 0 {
		t.Errorf("a scrub that traps: %v, %d instances are ready", err, ready(p))
	}
	if _, err := p.Scrub("t", &abi.AnswerHead{Status: 200}); err != nil {
		t.Error(err)
	}
}

func TestResultThatIsRefusedKillsTheInstance(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "ok"))
	no := errors.New("no")
	if err := p.pool.with("t", abi.ExportPlan, []byte{}, func([]byte) error { return no }); !errors.Is(err, no) || ready(p) != 0 {
		t.Errorf("%v, %d instances are ready", err, ready(p))
	}
}

// An input without a byte is one too: the guest must not be told of the length
// of another.
func TestEmptyInput(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	if _, err := p.Plan("t", view("GET")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Scrub("t", &abi.AnswerHead{}); err != nil {
		t.Error(err)
	}
}

// A guest is asked for room once, and again only for an input that needs more.
func TestRoomIsUsedAgain(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	for _, step := range []struct{ query, room int }{{10, leastRoom}, {20, leastRoom}, {leastRoom, leastRoom + 3}, {30, leastRoom + 3}} {
		v := &abi.View{Query: strings.Repeat("q", step.query)}
		if _, err := p.Plan("t", v); err != nil {
			t.Fatal(err)
		}
		in := p.pool.idle["t"][0]
		raw := v.Marshal()
		if got, ok := in.module.Memory().Read(in.room, uint32(len(raw))); !ok || string(got) != string(raw) || in.size < step.room || in.size > step.room {
			t.Errorf("%d bytes: room for %d, want %d; the guest reads %.20q", len(raw), in.size, step.room, got)
		}
	}
}

func TestInputIsBounded(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	long := view("GET")
	long.Headers = []abi.Header{{Name: "x", Value: strings.Repeat("x", abi.MaxView)}}
	_, err := p.Plan("t", long)
	if why := failed(t, err, "moody"); !strings.Contains(why, "at most 524288") || ready(p) != 1 {
		t.Errorf("%s; %d instances: it was never asked", why, ready(p))
	}
}

// The limit of one call never reaches into the next, and an instance that met it
// is not used again.
func TestEachCallHasAllOfItsTime(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	for want := 1; want < 3; want++ {
		if n, err := count(t, p, "t", "GET"); n != want || err != nil {
			t.Fatal(n, err)
		}
		p.pool.idle["t"][0].watch.until = time.Now().Add(-time.Hour)
	}
	in := p.pool.idle["t"][0]
	in.may = -time.Hour
	_, err := count(t, p, "t", "LOOP")
	if why := failed(t, err, "moody"); !strings.Contains(why, "in time") || !in.dead || ready(p) != 0 {
		t.Errorf("%s; dead %v, %d ready", why, in.dead, ready(p))
	}
	if n, err := count(t, p, "t", "GET"); n != 1 || err != nil {
		t.Errorf("the next one is at %d, %v", n, err)
	}
}

func TestInstancesAtOnceAreBounded(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	limit := int64(cap(p.pool.slots))
	var running, most atomic.Int64
	full := make(chan struct{})
	var calls sync.WaitGroup
	for i := range 4 * limit {
		calls.Go(func() {
			err := p.pool.with(fmt.Sprint("t", i%3), abi.ExportScrub, []byte{8, 1}, func([]byte) error {
				n := running.Add(1)
				defer running.Add(-1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				if n == limit {
					select {
					case <-full:
					default:
						close(full)
					}
				}
				<-full // all that may run do so at once
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	within(t, "four times as many calls as may run", time.Minute, calls.Wait)
	if most.Load() != limit || running.Load() != 0 {
		t.Errorf("%d ran at once, of %d that may", most.Load(), limit)
	}
}

// Tenants that come and go leave no more than so many instances behind.
func TestIdleInstancesAreBounded(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	for i := range 2 * maxIdle {
		if n, err := count(t, p, fmt.Sprint("tenant-", i), "GET"); n != 1 || err != nil {
			t.Fatalf("tenant %d: an instance at %d, %v", i, n, err)
		}
	}
	if ready(p) != maxIdle || p.pool.count != maxIdle || len(p.pool.idle) > maxIdle {
		t.Errorf("%d instances, counted as %d, of %d tenants; at most %d may wait", ready(p), p.pool.count, len(p.pool.idle), maxIdle)
	}
}

// Many tenants at once, some of whose requests fail. Run with -race.
func TestPoolUnderLoad(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	var calls sync.WaitGroup
	for i := range 8 {
		calls.Go(func() {
			for n := range 30 {
				method := "GET"
				if n%7 == i%7 {
					method = "TRAP"
				}
				if _, err := count(t, p, fmt.Sprint(i%3), method); (err != nil) != (method == "TRAP") {
					t.Errorf("%s: %v", method, err)
				}
			}
		})
	}
	calls.Wait()
	if ready(p) > cap(p.pool.slots)+1 {
		t.Errorf("%d instances are ready, of %d that may run at once", ready(p), cap(p.pool.slots))
	}
}

// A plan is used again for the very same view of the same tenant, and for none
// that differs in anything.
func TestKeptPlans(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	one := view("GET")
	first, err := p.Plan("a", one)
	if err != nil {
		t.Fatal(err)
	}
	same := *one
	if again, err := p.Plan("a", &same); err != nil || again.Plan() != first.Plan() {
		t.Errorf("the same view has another plan, %v", err)
	}
	if other, err := p.Plan("b", &same); err != nil || other.Plan() == first.Plan() {
		t.Errorf("two tenants share a plan, %v", err)
	}
	for i := range 20 {
		changed := *one
		switch i {
		case 0:
			changed.Path += "x"
		case 1:
			changed.Headers = []abi.Header{{Name: "x"}}
		case 2:
			changed.Authority = "x"
		default:
			changed.Query += fmt.Sprint(i)
		}
		if v, err := p.Plan("a", &changed); err != nil || v.Plan() == first.Plan() {
			t.Errorf("change %d: another view has the same plan, %v", i, err)
		}
	}
	// Where a name ends and the view begins must be clear.
	x, y := &abi.View{Method: "G"}, &abi.View{}
	enc := string(x.Marshal())
	if a, err := p.Plan("t", x); err != nil {
		t.Fatal(err)
	} else if b, err := p.Plan("t"+enc, y); err == nil && a.Plan() == b.Plan() {
		t.Error("a tenant's name passes for a view")
	}
}

func TestPlansThatDependOnTimeAreNotKept(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	p.Manifest.NeedsTime = true
	one := view("GET")
	first, err := p.Plan("a", one)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.Plan("a", one); err != nil || again.Plan() == first.Plan() || len(p.kept.plans) != 0 {
		t.Errorf("%d plans are kept, %v", len(p.kept.plans), err)
	}
}

func TestKeptPlansAreBounded(t *testing.T) {
	var k kept
	raw := make([]byte, maxKeptPlan)
	p := loaded(t, testEngine(t), guest(t, "ok"))
	plan, err := p.Plan("t", view("GET"))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for i := range 3 * maxKept / cost(nil, raw) {
		key := fmt.Appendf(nil, "key-%d", i)
		k.add(key, plan, raw)
		k.add(key, plan, raw) // again: it counts once
		if _, ok := k.find(key); !ok || k.size > maxKept {
			t.Fatalf("after %d plans: found %v, size %d", i, ok, k.size)
		}
		total = 0
		for key := range k.plans {
			total += cost([]byte(key), raw)
		}
		if total != k.size {
			t.Fatalf("%d bytes are counted as %d", total, k.size)
		}
	}
	k.add(make([]byte, maxKeptKey+1), plan, nil)
	k.add([]byte("long plan"), plan, make([]byte, maxKeptPlan+1))
	if _, ok := k.find([]byte("long plan")); ok {
		t.Error("a long plan is kept")
	}
	if _, ok := k.find(make([]byte, maxKeptKey+1)); ok {
		t.Error("a long view is kept")
	}
}

// A plugin that nobody holds any more gives its instances back.
func TestDroppedPluginIsClosed(t *testing.T) {
	e := testEngine(t)
	var instances []*instance
	func() {
		p, err := e.load(context.Background(), guest(t, "moody"), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, tenant := range []string{"a", "b"} {
			if _, err := p.Plan(tenant, view("GET")); err != nil {
				t.Fatal(err)
			}
			instances = append(instances, p.pool.idle[tenant][0])
		}
	}()
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		runtime.GC()
		closed := 0
		for _, in := range instances {
			if in.module.IsClosed() {
				closed++
			}
		}
		if closed == len(instances) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d instances are closed", closed, len(instances))
		}
	}
}
