package needle

import (
	"math/bits"
	"slices"
	"sort"
)

// A secret may be a few bytes again and again, as one letter is, and so may a part of a
// text: then an occurrence begins at each place, or what is one but for its end. Such a
// part is a run (Kolpakov and Kucherov, "Finding maximal repetitions in a word in linear
// time", 1999). It is looked at once, and its length says which spellings are in it.

const maxPeriod = 8

// period is the least number of bytes after which b repeats itself, twice at least; 0
// where it does not.
func period(b []byte, fold bool) int {
next:
	for n := 1; n <= min(maxPeriod, len(b)/2); n++ {
		for i := n; i < len(b); i++ {
			if !equal(b[i], b[i-n], fold) {
				continue next
			}
		}
		return n
	}
	return 0
}

// equal says whether two bytes are the same, or the same letter.
func equal(a, b byte, fold bool) bool {
	return a == b || fold && a|0x20 == b|0x20 && a|0x20 >= 'a' && a|0x20 <= 'z'
}

// repeats are the spellings of an engine that are nothing but a unit of a few bytes again
// and again: to the letter, or in any case.
type repeats struct {
	inAnyCase bool
	units     [maxPeriod + 1]map[uint64]rotated // by period, and by its bytes
	least     [maxPeriod + 1]int                // bytes of the shortest spelling
}

// rotated is a unit, as it is from one of its bytes on.
type rotated struct {
	of *unit
	by int
}

// unit has the spellings that repeat it by where in it they begin and end: in a run, each
// covers what the others do that are alike in both, if they fit.
type unit struct {
	ways  []way
	least [maxPeriod]int // bytes of a run that any is in, by where in the unit that begins
}

type way struct {
	begin, end int
	shortest   int
	list       []spelling // the longest first
}

// part puts what can be told by runs to the end of the list, and says what is left. A
// spelling is long enough for that where each of its grams that a search may look at has
// the same one so many bytes in front, or behind.
func (e *engine) part(list []spelling) (others []spelling) {
	e.repeats[1].inAnyCase = true
	for i := 0; i < len(list); {
		sp, rp := &list[i], &e.repeats[0]
		if sp.form.folds() {
			rp = &e.repeats[1]
		}
		n := period(sp.text, rp.inAnyCase)
		if n == 0 || len(sp.text) < e.width+2*n-1 {
			i++
			continue
		}
		sp.period = n
		rp.add(*sp, n)
		last := len(list) - 1
		list[i], list[last] = list[last], list[i]
		list = list[:last]
	}
	return list
}

func (rp *repeats) add(sp spelling, n int) {
	if rp.units[n] == nil {
		rp.units[n] = map[uint64]rotated{}
		rp.least[n] = len(sp.text)
	}
	rp.least[n] = min(rp.least[n], len(sp.text))
	t, known := rp.units[n][rp.key(sp.text[:n])]
	if !known {
		t.of = &unit{}
		for by := range n {
			rp.units[n][rp.key(sp.text[by:][:n])] = rotated{t.of, by}
		}
	}
	t.of.add(sp, t.by, n)
}

func (u *unit) add(sp spelling, begin, n int) {
	for by := range n {
		if need := (begin-by+n)%n + len(sp.text); u.least[by] == 0 || need < u.least[by] {
			u.least[by] = need
		}
	}
	end := (begin + len(sp.text)) % n
	i := slices.IndexFunc(u.ways, func(w way) bool { return w.begin == begin && w.end == end })
	if i < 0 {
		i = len(u.ways)
		u.ways = append(u.ways, way{begin: begin, end: end})
	}
	w := &u.ways[i]
	w.list = append(w.list, sp)
	slices.SortStableFunc(w.list, func(a, b spelling) int { return len(b.text) - len(a.text) })
	w.shortest = len(w.list[len(w.list)-1].text)
}

// key is what a unit is found by: its bytes.
func (rp *repeats) key(unit []byte) (key uint64) {
	for _, c := range unit {
		if rp.inAnyCase && c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		key = key<<8 | uint64(c)
	}
	return key
}

// run is what of a text is as it was so many bytes in front.
type run struct {
	from, to  int
	least     int // its period, which may be shorter than was looked for; 0: not known yet
	low, high int // what the hits in it cover
}

// runs looks at those that the gram at p may be in, and says at which of the places that are
// left a core may still be. What a word says of a gram, it may say of another.
func (e *engine) runs(t *trial, p int, word uint64, periods, left uint16) uint16 {
	for ; periods != 0; periods &= periods - 1 {
		k, n := bits.TrailingZeros16(periods)/maxPeriod, bits.TrailingZeros16(periods)%maxPeriod+1
		rp, r, mask := &e.repeats[k&1], &t.runs[k&1][n], e.gram
		if rp.inAnyCase {
			mask &^= fold
		}
		if r.to < p+e.width {
			switch {
			case (word^wordAt(t.b, p+n))&mask == 0 && p+n <= len(t.b):
				r.from, r.to = t.run(p, n, rp.inAnyCase)
			case p >= n && (word^wordAt(t.b, p-n))&mask == 0:
				r.from, r.to = t.run(p-n, n, rp.inAnyCase)
			default:
				continue
			}
			r.least, r.low, r.high = 0, 0, 0
			if size := r.to - r.from; size >= rp.least[n] && rp.least[n] > 0 {
				if u, known := rp.units[n][rp.key(t.b[r.from:][:n])]; known && size >= u.of.least[u.by] {
					t.fill(r, u, n)
				}
			}
		}
		if left == 0 || !rp.inAnyCase || 2*n > e.prefix {
			continue
		}
		if r.least == 0 {
			r.least = period(t.b[r.from:min(r.from+2*n, r.to)], true)
		}
		if r.least == n {
			left &^= e.edges[n].none(r, p, e.prefix)
		}
	}
	return left
}

// run is where the one of that period begins and ends that is from p to p+n at least.
func (t *trial) run(p, n int, inAnyCase bool) (from, to int) {
	b, from, to := t.b, p, p+n
	for from > t.low {
		if from >= 8 {
			from -= bits.LeadingZeros64(wordAt(b, from-8)^wordAt(b, from-8+n)) / 8
		}
		if from == 0 || !equal(b[from-1], b[from-1+n], inAnyCase) {
			break
		}
		from--
	}
	for to < len(b) {
		if to+8 <= len(b) {
			to += bits.TrailingZeros64(wordAt(b, to)^wordAt(b, to-n)) / 8
		}
		if to == len(b) || !equal(b[to], b[to-n], inAnyCase) {
			break
		}
		to++
	}
	return from, to
}

// fill adds hits of what repeats a unit, in a run that begins with it, rotated.
func (t *trial) fill(r *run, u rotated, n int) {
	for i := range u.of.ways {
		w := &u.of.ways[i]
		first := r.from + w.begin - u.by
		if first < r.from {
			first += n
		}
		if first+w.shortest > r.to {
			continue
		}
		fit := sort.Search(len(w.list), func(i int) bool { return first+len(w.list[i].text) <= r.to })
		for ; fit < len(w.list) && !t.full(); fit++ {
			if t.cover(r, &w.list[fit], first, n); !t.all {
				break
			}
		}
		if !t.all && r.low == r.from && r.high == r.to {
			break
		}
	}
}

// cover adds hits that cover all that a spelling does in the run, where it stands every n
// bytes from first on.
func (t *trial) cover(r *run, sp *spelling, first, n int) {
	size := len(sp.text)
	if before := t.from - size; first <= before {
		first += (before-first)/n*n + n
	}
	last := r.to - size
	if last < first {
		return
	}
	last -= (last - first) % n
	hop := max(n, (size-1)/n*n)
	switch {
	case t.all:
		for start := first; start <= last && !t.full(); start += n {
			t.add(sp, start)
		}
		return
	case r.high == 0 || first+size < r.low || last > r.high:
		for start := first; start < last; start += hop {
			t.add(sp, start)
		}
		t.add(sp, last)
		r.low, r.high = first, last+size
		return
	case first < r.low:
		t.add(sp, first)
	}
	if last+size > r.high {
		t.add(sp, last)
	}
	r.low, r.high = min(r.low, first), max(r.high, last+size)
}
