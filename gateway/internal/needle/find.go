package needle

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// trial is one search with an engine.
type trial struct {
	b    []byte
	from int    // hits end behind it
	low  int    // no hit begins in front
	next int    // cores before it have been tried
	runs [2]run // the last, in which case counts, and in which not
	hits []Hit
	had  int // of the hits, before
	all  bool
}

// find appends occurrences that end after from: all, or as many as cover those.
func (e *engine) find(b []byte, from int, all bool, hits []Hit) []Hit {
	p := max(0, from-e.longest+1)
	t := trial{b: b, from: from, low: p, next: p, all: all, hits: hits, had: len(hits)}
	// A spelling that has its core at q has a gram at the first place looked at from q
	// on, since the first stride grams of the core are all in the filter.
	for last := len(b) - 8; ; p = t.next + e.stride - 1 {
		if p > last || !e.holds(binary.LittleEndian.Uint64(b[p:])) {
			if p = e.probe(b, p, last); p > last {
				break
			}
		}
		e.try(&t, p)
	}
	for ; p+e.width <= len(b); p += e.stride {
		if e.holds(wordAt(b, p)) {
			e.try(&t, p)
		}
	}
	return t.hits
}

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
	b, gram, end := t.b, e.gram, len(t.b)-e.prefix
	places := e.places[e.hash(wordAt(b, p))>>(e.shift&63)]
	for left := places[0] | places[1]; left != 0; {
		front := bits.Len16(left) - 1
		bit := uint16(1) << (front & 15)
		left &^= bit
		at := p - front
		if at < t.next || at > end {
			continue
		}
		word := wordAt(b, at)
		if places[0]&bit != 0 && e.mayBegin((word&gram)*e.firstKey) || places[1]&bit != 0 && e.mayBegin(((word|fold)&gram)*e.foldKey) {
			e.lookup(t, word, at)
			t.next = t.runs[0].beyond(at+1, e.prefix)
		}
	}
	t.next = max(t.next, p+1)
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
	for i := 0; i < len(list); i++ {
		sp := &list[i]
		if sp.repeat.period == 0 {
			t.compare(sp, at-sp.core)
			continue
		}
		r, these := t.run(sp, at, e.prefix), list[i:i+sp.shorter+1]
		switch {
		case r == nil:
		case sp.kind() == notOnlyRepeat:
			t.compare(sp, r.only(sp.repeat, len(sp.text)))
		default:
			t.fill(r, these, at, e.prefix)
		}
		i += sp.shorter
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
