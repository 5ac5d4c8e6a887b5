package plugin

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// A tenant whose requests all loop, for as long as a call may take, leaves room for
// the next tenant: that one waits for none of them.
func TestALoopingTenantHoldsUpItself(t *testing.T) {
	e := testEngine(t)
	e.callLimit = time.Minute
	p := loaded(t, e, guest(t, "moody"))
	var loops sync.WaitGroup
	defer loops.Wait()
	for range 4 * runtime.GOMAXPROCS(0) {
		loops.Go(func() { _, _ = p.Plan("loops", view("LOOP")) })
	}
	running := func() int {
		p.pool.turns.mu.Lock()
		defer p.pool.turns.mu.Unlock()
		if own := p.pool.turns.by["loops"]; own != nil {
			return len(own.places)
		}
		return 0
	}
	for deadline := time.Now().Add(30 * time.Second); running() < p.pool.turns.most; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the loops do not run")
		}
	}
	within(t, "another tenant's call", 20*time.Second, func() {
		if _, err := p.Plan("other", view("GET")); err != nil {
			t.Error(err)
		}
	})
	e.close(t.Context()) // ends the loops
}

// A tenant that has gone leaves no entry.
func TestTurnsAreGivenBack(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	for _, method := range []string{"GET", "TRAP", "BAD"} {
		_, _ = p.Plan("t", view(method))
	}
	if n := len(p.pool.turns.by) + len(p.pool.slots); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// Plugins take a later version's messages: fields with numbers that they do not
// know, of every kind, before and behind those that they do.
func TestUnknownFieldsChangeNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	field := func() []byte {
		number := 64 + random.Uint64N(1<<20)
		switch random.IntN(4) {
		case 0:
			return binary.AppendUvarint(binary.AppendUvarint(nil, number<<3), random.Uint64())
		case 1:
			return append(binary.AppendUvarint(nil, number<<3|1), "8 bytes."...)
		case 2:
			return append(binary.AppendUvarint(nil, number<<3|5), "four"...)
		}
		text := strings.Repeat("later ", random.IntN(50))
		return append(binary.AppendUvarint(binary.AppendUvarint(nil, number<<3|2), uint64(len(text))), text...)
	}
	e := testEngine(t)
	modules := map[string][]byte{"ok": guest(t, "ok")}
	for _, name := range []string{"openai", "anthropic", "github", "header"} {
		modules[name] = goPlugin(t, name)
	}
	for name, module := range modules {
		p := loaded(t, e, module)
		for i := range 50 {
			v := view([]string{"GET", "POST"}[i%2])
			v.Headers = []abi.Header{{Name: "X-A", Value: fmt.Sprint(i)}}
			head := &abi.AnswerHead{Status: uint64(200 + i), Headers: []abi.Header{{Name: "Link", Value: "<https://x>"}}}
			e.salt = nil
			want, err := p.Plan("plain", v)
			if err != nil {
				t.Fatal(name, err)
			}
			wantScrub, err := p.Scrub("plain", head)
			if err != nil {
				t.Fatal(name, err)
			}
			e.salt = func(in []byte) []byte { return append(append(field(), in...), field()...) }
			got, err := p.Plan("salted", v)
			if err != nil || got.Plan().Text() != want.Plan().Text() {
				t.Fatalf("%s: %v\n%v\nwant\n%v", name, err, got.Plan(), want.Plan())
			}
			if gotScrub, err := p.Scrub("salted", head); err != nil || fmt.Sprint(gotScrub) != fmt.Sprint(wantScrub) {
				t.Fatalf("%s: %v, %+v, want %+v", name, err, gotScrub, wantScrub)
			}
		}
		e.salt = nil
	}
}
