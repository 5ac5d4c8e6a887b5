package needle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Runs are found as a loop over the bytes finds them, whatever the blocks.
func TestRunsAreThoseOfALoop(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 3000 {
		steps, blocks := 2+r.IntN(4), 1+r.IntN(5)
		in, marks := make([]bool, 64*blocks), make([]bool, 64*blocks)
		for i := 0; i < len(in); {
			n, v := 1+r.IntN(80), r.IntN(3) > 0
			for ; n > 0 && i < len(in); i, n = i+1, n-1 {
				in[i], marks[i] = v, v && r.IntN(30) == 0
			}
		}
		var got, want []string
		f := runs{steps: steps, class: runClass, mark: ^uint64(0), open: -1, found: func(start, end int, marked bool) { got = append(got, fmt.Sprint(start, end, marked)) }}
		list := make([]masks, blocks)
		for k := range list {
			m := &list[k]
			for i := range 64 {
				if in[64*k+i] {
					m[0] |= 1 << i
				}
				if marks[64*k+i] {
					m[1] |= 1 << i
				}
			}
		}
		cut := r.IntN(blocks + 1)
		f.blocks(0, list[:cut])
		f.blocks(64*cut, list[cut:])
		f.end(64 * blocks)
		for i := 0; i < len(in); {
			j := i
			for j < len(in) && in[j] {
				j++
			}
			if j-i >= 1<<steps {
				want = append(want, fmt.Sprint(i, j, slices.Contains(marks[i:j], true)))
			}
			i = max(j, i+1)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("steps %d\n got %v\nwant %v", steps, got, want)
		}
	}
}

// The masks by shuffles are those by tables.
func TestClassifyIsTheSlowOne(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	for _, high := range []bool{false, true} {
		var alphabet [256]bool
		for c := range alphabet {
			alphabet[c] = r.IntN(2) == 0 && (c < 128 || high)
		}
		c := newClasses(&alphabet)
		b := []byte(randomBytes(r, 64*40))
		got, want := make([]masks, 40), make([]masks, 40)
		c.classify(got, b)
		c.classifySlow(want, b)
		if !slices.Equal(got, want) {
			t.Fatal("they differ")
		}
	}
}
