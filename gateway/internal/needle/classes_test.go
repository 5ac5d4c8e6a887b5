package needle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Runs are found as a loop over the bytes finds them, by shuffles or not, from any
// place on.
func TestRunsAreThoseOfALoop(t *testing.T) { eachProcessor(t, runsAreThoseOfALoop) }

func runsAreThoseOfALoop(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 6000 {
		var alphabet [256]bool
		high := r.IntN(2) == 0
		for c := range alphabet {
			alphabet[c] = r.IntN(2) == 0 && (c < 128 || high && r.IntN(3) == 0)
		}
		c := &newClasses(&alphabet)[r.IntN(3)]
		var in, out []byte
		for b := range 256 {
			if c.in[b] {
				in = append(in, byte(b))
			} else {
				out = append(out, byte(b))
			}
		}
		text := make([]byte, r.IntN(400))
		for i := 0; i < len(text); {
			from := [][]byte{in, in, out, {0}}[r.IntN(4)]
			for n := 1 + r.IntN([]int{3, 20, 90}[r.IntN(3)]); n > 0 && i < len(text); i, n = i+1, n-1 {
				text[i] = from[r.IntN(len(from))]
			}
		}
		at, least := 0, 2+r.IntN(80)
		if len(text) > 0 {
			at = r.IntN(min(len(text), 70))
		}
		var got, want []string
		for end := at; ; {
			var start int
			if start, end = c.run(text, end, least); start == end {
				break
			}
			got = append(got, fmt.Sprint(start, end))
		}
		is := func(i int) bool { return c.in[text[i]] && (text[i] != 0 || i == 0 || text[i-1] != 0) }
		for i := at; i < len(text); {
			j := i
			for j < len(text) && is(j) {
				j++
			}
			if j-i >= least {
				want = append(want, fmt.Sprint(i, j))
			}
			i = max(j, i+1)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q, from %d on, least %d\n got %v\nwant %v", text, at, least, got, want)
		}
	}
}

// A gram is found by the loops of instructions where it is by that of Go.
func TestProbesAreThoseOfALoop(t *testing.T) { eachProcessor(t, probesAreThoseOfALoop) }

func probesAreThoseOfALoop(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 6))
	for n, length := range []int{4, 9, 16, 23, 51, 16, 51} {
		key := letters(r, length)
		list := []spelling{{text: []byte(key), form: Raw}}
		for n >= 5 && len(list) < 20 {
			list = append(list, spelling{text: []byte(letters(r, length)), form: Raw})
		}
		few, many := newEngine(list), newEngine(list)
		many.few = nil
		for i := range many.filter { // every other gram or so passes
			many.filter[i] = r.Uint64() | r.Uint64()
		}
		if length == 51 {
			clear(many.filter)
			many.filter[r.IntN(len(many.filter))] = ^uint64(0)
		}
		for range 500 {
			b := []byte(randomBytes(r, 8+r.IntN(3000)))
			for range r.IntN(4) { // parts of the key, which the other engine looks for
				from := r.IntN(length - 3)
				copy(b[r.IntN(len(b)):], key[from:from+4+r.IntN(length-from-3)])
			}
			p, last := r.IntN(len(b)), len(b)-8
			got, want := listed(many.probe, b, p, last), listed(many.probeSlow, b, p, last)
			if !slices.Equal(got, want) {
				t.Fatalf("a filter of %d words, stride %d: from %d to %d, got %d, want %d", len(many.filter), many.stride, p, last, got, want)
			}
			got = listed(few.probe, b, p, last)
			for ; p <= last; p += few.stride { // it may list others, by chance
				for at := range few.stride {
					if (wordAt([]byte(key), at)^wordAt(b, p))&few.gram == 0 && !slices.Contains(got, int32(p)) {
						t.Fatalf("stride %d: %q at %d is passed by", few.stride, b[p:p+few.width], p)
					}
				}
			}
			if 4*len(got) > len(b) {
				t.Fatalf("stride %d: %d of %d places are listed", few.stride, len(got), len(b)/few.stride)
			}
		}
	}
}

// listed is all that a probe lists from p to last.
func listed(probe func(b []byte, p, last int, list *[seen]int32) (n, next int), b []byte, p, last int) (all []int32) {
	for n := 0; p <= last; {
		var list [seen]int32
		n, p = probe(b, p, last, &list)
		all = append(all, list[:n]...)
	}
	return all
}
