package needle

import "sort"

// A secret may repeat itself, as one letter does, and a text may too: then one stands at
// each place, or nearly. A repeat in a text is therefore looked at once, for all of them.

// repeat is what of a text has the same bytes again and again, every period bytes. The
// zero repeat is none.
type repeat struct{ period, from, to int }

const maxPeriod = 8

// period is the least number of bytes after which b repeats itself, twice at least; 0
// where it does not.
func period(b []byte, fold bool) int {
next:
	for p := 1; p <= min(maxPeriod, len(b)/2); p++ {
		for i := p; i < len(b); i++ {
			if !equal(b[i], b[i-p], fold) {
				continue next
			}
		}
		return p
	}
	return 0
}

// equal says whether two bytes are the same, or the same letter.
func equal(a, b byte, fold bool) bool {
	return a == b || fold && a|0x20 == b|0x20 && a|0x20 >= 'a' && a|0x20 <= 'z'
}

// repeatIn is the repeat that b[at:at+n] is a part of, as far as it goes, but not in front
// of low.
func repeatIn(b []byte, at, n, low, period int, fold bool) repeat {
	if period == 0 {
		return repeat{}
	}
	from, to := at, at+n
	for from > low && equal(b[from-1], b[from-1+period], fold) {
		from--
	}
	for to < len(b) && equal(b[to], b[to-period], fold) {
		to++
	}
	return repeat{period, from, to}
}

// places has a bit for at, which is of a gram in a core, that ends at end, and where it is
// of the repeat, for all others of the stride at which the same gram may be.
func (r repeat) places(at, end, stride int) (places uint16) {
	if r.period == 0 || end > r.to {
		return 1 << at
	}
	for at %= r.period; at < stride; at += r.period {
		places |= 1 << at
	}
	return places
}

// run is a repeat in which spellings were looked for.
type run struct {
	repeat
	first  int            // place where one may have its core
	places [maxPeriod]int // and of each such phase, and one more
	low    int            // what the hits in it cover
	high   int
}

// visit says whether the spellings with their core at that place are to be looked for:
// not where one or more periods in front they were.
func (r *run) visit(at int) bool {
	place := &r.places[(at-r.from)%r.period]
	if *place == 0 {
		*place = at + 1
	}
	return *place == at+1
}

// beyond is the first place from at on whose core is not all in the run, once all phases
// have been visited.
func (r *run) beyond(at, core int) int {
	if r.period == 0 || at < r.first+r.period || at >= r.to {
		return at
	}
	return max(at, r.to-core+1)
}

// Kinds of spellings.
const (
	notOnlyRepeat = iota
	onlyRepeat
	onlyRepeatInAnyCase
)

func (sp *spelling) kind() int {
	switch {
	case sp.repeat.period == 0 || sp.repeat.from > 0 || sp.repeat.to < len(sp.text):
		return notOnlyRepeat
	case sp.form.folds():
		return onlyRepeatInAnyCase
	}
	return onlyRepeat
}

// run is the run of a spelling that has its core at that place and repeats itself; nil
// where it has been looked for there, or is not to be.
func (t *trial) run(sp *spelling, at, core int) *run {
	r, fold := &t.runs[0], sp.form.folds()
	if fold {
		r = &t.runs[1]
	}
	if r.period != sp.repeat.period || at < r.from || at+core > r.to {
		if !sp.is(t.b[at:at+core], sp.core) {
			return nil
		}
		*r = run{repeat: repeatIn(t.b, at, core, t.low, sp.repeat.period, fold), first: at}
		if p := period(t.b[at:at+core], false); fold && p > 0 { // it is one in which case counts, as well
			t.runs[0] = run{repeat: repeatIn(t.b, at, core, t.low, p, false), first: at}
		}
	}
	if !r.visit(at) {
		return nil
	}
	return r
}

// only is the one place where a spelling may begin of so many bytes that is more than its
// repeat: that ends, or begins, where the run does.
func (r *run) only(repeat repeat, size int) int {
	if repeat.to < size {
		return r.to - repeat.to
	}
	return r.from - repeat.from
}

// fill adds hits of spellings that have their core at that place. They are nothing but the
// same repeat, each shorter than the one before it.
func (t *trial) fill(r *run, list []spelling, at, core int) {
	fit := sort.Search(len(list), func(i int) bool { return len(list[i].text) <= r.to-r.from })
	if fit == len(list) || !list[fit].is(t.b[at:at+core], list[fit].core) {
		return
	}
	for i := fit; i < len(list); i++ {
		t.cover(r, &list[i], at-list[i].core)
		if r.high == r.to && !t.all {
			break // no shorter one covers more: none begins in front of a longer
		}
	}
}

// cover adds hits that cover all that a spelling does in the run, of which one may be at
// start.
func (t *trial) cover(r *run, sp *spelling, start int) {
	size := len(sp.text)
	first := r.from + (start-r.from)%r.period
	if first < r.from {
		first += r.period
	}
	if before := t.from - size; first <= before {
		first += (before-first)/r.period*r.period + r.period
	}
	last := r.to - size
	if last < first {
		return
	}
	last -= (last - first) % r.period
	stop := last + size
	switch {
	case t.all:
		for s := first; s <= last; s += r.period {
			t.add(sp, s)
		}
		return
	case r.high == 0 || first+size < r.low || last > r.high:
		hop := max(r.period, (size-1)/r.period*r.period)
		for s := first; s < last; s += hop {
			t.add(sp, s)
		}
		t.add(sp, last)
		r.low, r.high = first, stop
		return
	case first < r.low:
		t.add(sp, first)
	}
	if stop > r.high {
		t.add(sp, last)
	}
	r.low, r.high = min(r.low, first), max(r.high, stop)
}
