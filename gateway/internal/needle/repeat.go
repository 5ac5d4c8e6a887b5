package needle

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

// repeated looks for a spelling that repeats itself, with its core at that place, in all
// of the repeat there.
func (t *trial) repeated(sp *spelling, at, core int) {
	r, fold := &t.runs[0], sp.form.folds()
	if fold {
		r = &t.runs[1]
	}
	if r.period != sp.repeat.period || at < r.from || at+core > r.to {
		if !sp.is(t.b[at:at+core], sp.core) {
			return
		}
		*r = run{repeat: repeatIn(t.b, at, core, t.low, sp.repeat.period, fold), first: at}
		if p := period(t.b[at:at+core], false); fold && p > 0 { // it is one in which case counts, as well
			t.runs[0] = run{repeat: repeatIn(t.b, at, core, t.low, p, false), first: at}
		}
	}
	switch {
	case !r.visit(at):
	case sp.repeat.to < len(sp.text): // its repeat ends where that of the text does
		t.compare(sp, r.to-sp.repeat.to)
	case sp.repeat.from > 0:
		t.compare(sp, r.from-sp.repeat.from)
	case len(sp.text) <= r.to-r.from && sp.is(t.b[at:at+core], sp.core):
		t.fill(r, sp, at-sp.core)
	}
}

// fill adds hits that cover all that a spelling does, of which one may be at start, and
// which is nothing but its repeat.
func (t *trial) fill(r *run, sp *spelling, start int) {
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
