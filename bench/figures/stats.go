// Package figures turns the samples of a benchmark into the table that is
// printed: medians, spreads and ratios.
package figures

import (
	"math"
	"slices"
)

// Quantile is the smallest sample that at least the share q of all samples
// reaches up to (the nearest-rank method): no value is reported that was not
// measured. It is NaN for no samples. The samples are sorted by it.
func Quantile(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	slices.Sort(samples)
	rank := int(math.Ceil(q * float64(len(samples))))
	return samples[min(max(rank, 1), len(samples))-1]
}

// Spread is what a few rounds of one measurement came to.
type Spread struct {
	Median, Min, Max float64
}

// Of is the spread of the samples that are numbers: a round may have had none.
// With an even count of them the median is the mean of the two in the middle.
func Of(samples []float64) Spread {
	s := slices.DeleteFunc(slices.Clone(samples), math.IsNaN)
	if len(s) == 0 {
		return Spread{math.NaN(), math.NaN(), math.NaN()}
	}
	slices.Sort(s)
	mid := len(s) / 2
	median := s[mid]
	if len(s)%2 == 0 {
		median = (s[mid-1] + s[mid]) / 2
	}
	return Spread{Median: median, Min: s[0], Max: s[len(s)-1]}
}

// Ratio is the median of a/b, round by round: what slows a whole round down
// slows both, and so cancels out. Rounds without both are left out.
func Ratio(a, b []float64) float64 {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if r := a[i] / b[i]; !math.IsNaN(r) && !math.IsInf(r, 0) {
			ratios = append(ratios, r)
		}
	}
	return Of(ratios).Median
}
