package figures

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestQuantile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i) // not sorted
	}
	for _, c := range []struct {
		name    string
		samples []float64
		q, want float64
	}{
		{"one sample is every quantile", []float64{7}, 0.99, 7},
		{"median of an even number is the lower one", []float64{4, 1, 3, 2}, 0.5, 2},
		{"p99 of 100", hundred, 0.99, 99},
		{"p100", hundred, 1, 100},
		{"p0 is the least", hundred, 0, 1},
	} {
		if got := Quantile(slices.Clone(c.samples), c.q); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if !math.IsNaN(Quantile(nil, 0.5)) {
		t.Error("a quantile of nothing is a number")
	}
}

// At least the share q is at or below the quantile, and less than q is below
// any smaller sample.
func TestQuantileHoldsItsShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 50).Draw(t, "samples")
		q := rapid.Float64Range(0.01, 1).Draw(t, "q")
		got := Quantile(slices.Clone(samples), q)
		atMost, below := 0, 0
		for _, s := range samples {
			if s <= got {
				atMost++
			}
			if s < got {
				below++
			}
		}
		need := q * float64(len(samples))
		if float64(atMost) < need || float64(below) >= need {
			t.Fatalf("quantile %v of %v is %v: %d at most, %d below", q, samples, got, atMost, below)
		}
	})
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		want    Spread
	}{
		{[]float64{3, 1, 2}, Spread{2, 1, 3}},
		{[]float64{4, 1, 3, 2}, Spread{2.5, 1, 4}},
		{[]float64{5}, Spread{5, 5, 5}},
		{[]float64{math.NaN(), 7, 5, 6}, Spread{6, 5, 7}},
	} {
		first := c.samples[0]
		if got := Of(c.samples); got != c.want {
			t.Errorf("%v: %v, want %v", c.samples, got, c.want)
		}
		if c.samples[0] != first && !math.IsNaN(first) {
			t.Errorf("Of sorted its samples: rounds no longer pair")
		}
	}
	if !math.IsNaN(Of(nil).Median) {
		t.Error("a median of nothing is a number")
	}
}

func TestRatioPairsRounds(t *testing.T) {
	// The second round ran on a machine half as fast: the ratio does not see it.
	if got := Ratio([]float64{80, 40, 82}, []float64{100, 50, 100}); got != 0.8 {
		t.Errorf("%v, want 0.8", got)
	}
	if got := Ratio([]float64{80, 40}, []float64{0, 50}); got != 0.8 {
		t.Errorf("a round without a peer counted: %v", got)
	}
	if !math.IsNaN(Ratio(nil, []float64{1})) {
		t.Error("a ratio of nothing is a number")
	}
}
