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
	runs [2][maxPeriod + 1]run // the last, in which case counts, and in which not
	hits []Hit
	had  int // of the hits, before
	most int // as many are found, and some more
	all  bool
}

// seen is how many places a probe lists, at most. To list them first is faster than to stop
// at each: what the filter has by chance, or nearly, no processor can guess.
const seen = 64

// find appends occurrences that end after from: all, or as many as cover those; but not many
// more than most.
func (e *engine) find(b []byte, from, most int, all bool, hits []Hit) []Hit {
	p := max(0, from-e.longest+1)
	t := trial{b: b, from: from, low: p, most: most, all: all, hits: hits, had: len(hits)}
	// A spelling that has its core at q has a gram at the first place looked at from q
	// on, since the first stride grams of the core are all in the filter.
	var list [seen]int32
	for n, last := 0, len(b)-8; p <= last && !t.full(); {
		n, p = e.probe(b, p, last, &list)
		for _, at := range list[:n] {
			e.try(&t, int(at), binary.LittleEndian.Uint64(b[at:]))
		}
	}
	for ; p+e.width <= len(b) && !t.full(); p += e.stride {
		e.try(&t, p, wordAt(b, p))
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

// probeSlow is what probe does, one gram after the other.
func (e *engine) probeSlow(b []byte, p, last int, list *[seen]int32) (n, next int) {
	for ; p <= last && n < seen; p += e.stride {
		if e.holds(binary.LittleEndian.Uint64(b[p:])) {
			list[n] = int32(p)
			n++
		}
	}
	return n, p
}

// try looks for spellings that have their core where the gram at p says, which a word begins
// with. Where a core may begin is told to the letter, but for spellings that are found in
// any case.
func (e *engine) try(t *trial, p int, word uint64) {
	h := e.hash(word)
	if bit := filterBits(h); e.filter[h>>(e.shift&63)]&bit != bit {
		return
	}
	places := e.places[h>>(e.shift&63)]
	left := places[0] | places[1]
	if e.again != nil {
		left = e.runs(t, p, word, e.again[h>>(e.shift&63)], left)
	}
	for ; left != 0; left &= left - 1 {
		at := p - bits.TrailingZeros16(left)
		if at < t.low || at > len(t.b)-e.prefix {
			continue
		}
		bit, word := left&-left, wordAt(t.b, at)
		if places[0]&bit != 0 && e.mayBegin((word&e.gram)*e.firstKey) || places[1]&bit != 0 && e.mayBegin(((word|fold)&e.gram)*e.foldKey) {
			e.lookup(t, word, at)
		}
	}
}

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
