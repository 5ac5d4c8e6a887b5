package limit

import (
	"fmt"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/token"
	"pgregory.net/rapid"
)

// In any window, not only in one that begins when the token was new.
func TestNeverMoreThanTheRateInAnyWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := token.Rate{
			N:   rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(1, 1_000_000)).Draw(t, "n"),
			Per: rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour}).Draw(t, "per"),
		}
		r, now := newRates(), int64(0)
		const asTold = -1 // wait no longer than it takes
		gap := rapid.OneOf(rapid.Just(int64(0)), rapid.Just(int64(asTold)), rapid.Int64Range(0, 3*every(rate)), rapid.Int64Range(0, 2*int64(rate.Per)))
		told := int64(0)
		var passed []int64
		for range rapid.IntRange(1, 150).Draw(t, "requests") {
			if g := gap.Draw(t, "gap"); g == asTold {
				now += told
			} else {
				now += g
			}
			wait, ok := r.take("a", rate, now)
			told = int64(wait)
			if ok {
				passed = append(passed, now)
			} else if wait <= 0 {
				t.Fatalf("refused, to wait %s", wait)
			} else if _, early := r.take("a", rate, now+int64(wait)-1); early {
				t.Fatalf("told to wait %s, and a nanosecond less would do", wait)
			}
		}
		for i := range passed {
			for j := i; j < len(passed); j++ {
				// count ≤ N + t·N/Per, without fractions
				count, span := int64(j-i+1), passed[j]-passed[i]
				if count <= int64(rate.N) {
					continue // and with an N below the number of requests, nothing below overflows
				}
				if (count-int64(rate.N))*int64(rate.Per) > span*int64(rate.N) {
					t.Fatalf("%d passed in %s at %s", count, time.Duration(span), rate)
				}
			}
		}
	})
}

func TestRefilledTokensAreSweptAndOthersKept(t *testing.T) {
	r := newRates()
	hourly := token.Rate{N: 1, Per: time.Hour}
	quick := token.Rate{N: 1, Per: time.Second}
	if _, ok := r.take("busy", hourly, 0); !ok {
		t.Fatal("refused at first")
	}
	for i := range 100 * firstSweep {
		now := int64(i) * int64(time.Millisecond)
		if _, ok := r.take(fmt.Sprint(i), quick, now); !ok {
			t.Fatal("refused at first")
		}
		if len(r.full) > 3*firstSweep {
			t.Fatalf("%d entries, where about 1000 are in use", len(r.full))
		}
	}
	if _, ok := r.take("busy", hourly, int64(time.Hour)-1); ok {
		t.Error("a token that was not refilled was forgotten, and got its rate again")
	}
	if _, ok := r.take("busy", hourly, int64(time.Hour)); !ok {
		t.Error("not refilled after an hour")
	}
}
