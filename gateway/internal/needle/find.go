package needle

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// trial is one search with an engine.
type trial struct {
	b    []byte
	from int                   // hits end behind it
	low  int                   // no hit begins in front
	next int                   // cores before it have been tried
	runs [2][maxPeriod + 1]run // the last, in which case counts, and in which not
	hits []Hit
	had  int // of the hits, before
	most int // as many are found, and one more
	all  bool
}

// find appends occurrences that end after from: all, or as many as cover those; but no
// more than one or a few above most.
func (e *engine) find(b []byte, from, most int, all bool, hits []Hit) []Hit {
	p := max(0, from-e.longest+1)
	t := trial{b: b, from: from, low: p, next: p, most: most, all: all, hits: hits, had: len(hits)}
	// A spelling that has its core at q has a gram at the first place looked at from q
	// on, since the first stride grams of the core are all in the filter.
	for last := len(b) - 8; !t.full(); p = t.next + e.stride - 1 {
		if p = e.seek(b, p, last); p > last {
			break
		}
		e.try(&t, p)
	}
	for ; p+e.width <= len(b) && !t.full(); p += e.stride {
		if e.holds(wordAt(b, p)) {
			e.try(&t, p)
		}
	}
	return t.hits
}

// full says whether more were found than are asked for.
func (t *trial) full() bool { return len(t.hits)-t.had > t.most }

// hash is that of the gram that a word begins with.
func (e *engine) hash(word uint64) uint64 { return ((word | fold) & e.gram) * e.key }

// holds says whether a word begins with a gram that may be in the filter.
func (e *engine) holds(word uint64) bool {
	h := e.hash(word)
	bit := filterBits(h)
	return e.filter[h>>(e.shift&63)]&bit == bit
}

// mayBegin says whether a hash may be that of a gram that a core begins with. It is not that
// of the first filter: a text that repeats a gram which that has by chance is no slower.
func (e *engine) mayBegin(hash uint64) bool {
	bit := filterBits(hash)
	return e.firsts[hash>>(e.firstShift&63)]&bit == bit
}

// seek is the first place from p to last, in steps of the stride, whose gram may be in the
// filter. Where one is, another often is not far, and probe is slow to begin.
func (e *engine) seek(b []byte, p, last int) int {
	for far := min(last, p+2*e.stride); p <= far; p += e.stride {
		if e.holds(binary.LittleEndian.Uint64(b[p:])) {
			return p
		}
	}
	return e.probe(b, p, last)
}

// probeSlow is what probe does, one gram after the other.
func (e *engine) probeSlow(b []byte, p, last int) int {
	for ; p <= last; p += e.stride {
		if e.holds(binary.LittleEndian.Uint64(b[p:])) {
			break
		}
	}
	return p
}

// try looks for spellings that have their core where the gram at p says, and that were
// not tried. Where a core may begin is told to the letter, but for spellings that are found
// in any case.
func (e *engine) try(t *trial, p int) {
	b, gram, end, word := t.b, e.gram, len(t.b)-e.prefix, wordAt(t.b, p)
	h := e.hash(word) >> (e.shift & 63)
	if e.again != nil {
		e.runs(t, p, word, e.again[h])
	}
	places := e.places[h]
	for left := (places[0] | places[1]) & below16(p-t.next+1) &^ below16(p-end); left != 0; {
		front := bits.Len16(left) - 1
		bit := uint16(1) << (front & 15)
		left &^= bit
		at := p - front
		word = wordAt(b, at)
		if places[0]&bit != 0 && e.mayBegin((word&gram)*e.firstKey) || places[1]&bit != 0 && e.mayBegin(((word|fold)&gram)*e.foldKey) {
			e.lookup(t, word, at)
		}
	}
	t.next = p + 1
}

// below16 has the bits below n, which may be any.
func below16(n int) uint16 { return uint16(1<<uint(min(max(n, 0), 16)) - 1) }

// lookup tries the spellings that have their core at that place, which begins with word.
func (e *engine) lookup(t *trial, word uint64, at int) {
	mask := uint64(len(e.slots) - 1)
	h := e.prefixHash(word, wordAt(t.b, at+8))
	for i := h >> (e.slotShift & 63) & mask; e.slots[i].n != 0; i = (i + 1) & mask {
		if sl := &e.slots[i]; sl.tag == uint32(h) {
			e.alike(t, e.list[sl.at:sl.at+sl.n], at)
		}
	}
}

// alike tries the spellings that are alike at the core, the longest first.
func (e *engine) alike(t *trial, list []spelling, at int) {
	for i := range list {
		t.compare(&list[i], at-list[i].core)
	}
}

// compare adds the spelling where it is at start.
func (t *trial) compare(sp *spelling, start int) {
	stop := start + len(sp.text)
	if start < 0 || stop > len(t.b) || stop <= t.from || sp.text[len(sp.text)-1]|0x20 != t.b[stop-1]|0x20 || !sp.is(t.b[start:stop], 0) {
		return
	}
	t.add(sp, start)
}

// add adds the spelling, which is at start. What the one before it covers is not told again.
func (t *trial) add(sp *spelling, start int) {
	stop := start + len(sp.text)
	if n := len(t.hits) - 1; n >= t.had && !t.all && start >= t.hits[n].Start && stop <= t.hits[n].End {
		return
	}
	t.hits = append(t.hits, Hit{Start: start, End: stop, Form: sp.form, Needle: int(sp.needle)})
}

// is says whether it is b, from that place on.
func (sp *spelling) is(b []byte, at int) bool {
	text := sp.text[at : at+len(b)]
	if !sp.form.folds() {
		return bytes.Equal(text, b)
	}
	for i, c := range text { // a folding spelling is written in lower case
		if d := b[i]; d != c && (c < 'a' || c > 'z' || d != c-('a'-'A')) {
			return false
		}
	}
	return true
}
