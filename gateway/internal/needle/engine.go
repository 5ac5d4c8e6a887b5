package needle

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// engine finds many spellings in one pass that looks at few places. Every
// spelling is at least shortest bytes long, so of its first shortest bytes a
// gram of up to eight begins at every place that is a multiple of stride from
// anywhere. Each such gram is in a filter that fits the cache; only where the
// text has one of them are spellings looked up, by a hash of their first bytes,
// which takes the same few steps whatever the number of spellings.
//
// A text that holds seven right bytes of a secret is searched no slower than one
// that holds none: the filter answers to whole grams, through a hash that is
// drawn anew for each engine. Time tells nothing that is cheaper than a guess of
// eight bytes at once.
//
// Case is folded in what is hashed (not in what is compared), so that hex in any
// case needs no second pass.
type engine struct {
	key        uint64 // odd: the hash's multiplier
	gram       uint64 // mask of the bytes of a word that make a gram
	width      int    // bytes of a gram
	stride     int
	prefix     int // bytes of a spelling that it is looked up by, at most 16
	first      uint64
	second     uint64 // masks of the prefix's two words
	longest    int
	shift      uint8 // 64 - log2(len(filter))
	filter     []uint64
	few        *few   // of the same grams, where they are few
	firstKey   uint64 // of a second filter: of the grams that spellings begin with,
	firstShift uint8
	firsts     []uint64
	slotShift  uint8
	slots      []slot
	list       []spelling // in order of the slots' chains: those of one prefix together, longest first
}

// slot points at the spellings of one prefix: list[at : at+n].
type slot struct {
	tag uint32
	at  uint32
	n   uint32 // 0: empty
}

const (
	longMin   = 16 // from this length on a spelling belongs to the engine for long ones
	maxStride = 16

	// fold maps each letter's two cases to one value, eight bytes at a time. It
	// throws a few other bytes together too, which costs a comparison at most.
	fold = 0x2020202020202020

	minFilterBits, maxFilterBits = 9, 18 // of words: 4 KiB to 2 MiB
	bitsPerGram                  = 16
)

// newEngines builds one engine for the long spellings and one for the short.
func newEngines(list []spelling) (engines []*engine) {
	var long, short []spelling
	for _, sp := range list {
		if len(sp.text) < longMin {
			short = append(short, sp)
		} else {
			long = append(long, sp)
		}
	}
	for _, l := range [][]spelling{long, short} {
		if len(l) > 0 {
			engines = append(engines, newEngine(l))
		}
	}
	return engines
}

func newEngine(list []spelling) *engine {
	shortest, longest := len(list[0].text), 0
	for _, sp := range list {
		shortest, longest = min(shortest, len(sp.text)), max(longest, len(sp.text))
	}
	e := &engine{key: rand.Uint64() | 1, firstKey: rand.Uint64() | 1, longest: longest, prefix: min(shortest, 16)}
	e.width = min(max(shortest/2, 4), 8)
	e.gram = wordMask(e.width)
	e.stride = min(shortest-e.width+1, maxStride)
	e.first, e.second = wordMask(min(e.prefix, 8)), wordMask(max(e.prefix-8, 0))

	e.filter, e.shift = newFilter(len(list) * e.stride)
	e.firsts, e.firstShift = newFilter(len(list))
	for _, sp := range list {
		for at := range e.stride {
			h := e.hash(wordAt(sp.text, at))
			e.filter[h>>e.shift] |= filterBits(h)
		}
		h := ((wordAt(sp.text, 0) | fold) & e.gram) * e.firstKey
		e.firsts[h>>e.firstShift] |= filterBits(h)
	}
	e.few = newFew(list, e)
	e.lookup(list)
	return e
}

// newFilter makes a filter for so many grams, and says by how much a hash is shifted to
// be the index of a word.
func newFilter(grams int) ([]uint64, uint8) {
	words := bits.Len(uint(grams * bitsPerGram / 64))
	words = min(max(words, minFilterBits), maxFilterBits)
	return make([]uint64, 1<<words), uint8(64 - words)
}

func wordMask(n int) uint64 {
	if n >= 8 {
		return ^uint64(0)
	}
	return 1<<(8*n) - 1
}

// filterBits are the two bits of a gram in its word of the filter.
func filterBits(h uint64) uint64 { return 1<<(h>>20&63) | 1<<(h>>14&63) }

// lookup fills the slots.
func (e *engine) lookup(list []spelling) {
	type keyed struct {
		hash uint64
		spelling
	}
	all := make([]keyed, len(list))
	for i, sp := range list {
		all[i] = keyed{e.prefixHash(wordAt(sp.text, 0), wordAt(sp.text, 8)), sp}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		switch {
		case a.hash != b.hash && a.hash < b.hash:
			return -1
		case a.hash != b.hash:
			return 1
		}
		return len(b.text) - len(a.text)
	})
	slotBits := bits.Len(uint(2 * len(all)))
	e.slotShift = uint8(64 - slotBits)
	e.slots = make([]slot, 1<<slotBits)
	e.list = make([]spelling, len(all))
	for i, k := range all {
		e.list[i] = k.spelling
		at := int(k.hash >> e.slotShift)
		for e.slots[at].n != 0 && !(i > 0 && all[i-1].hash == k.hash && e.slots[at].at+e.slots[at].n == uint32(i) && e.slots[at].tag == uint32(k.hash)) {
			at = (at + 1) & (len(e.slots) - 1)
		}
		if sl := &e.slots[at]; sl.n > 0 {
			sl.n++
		} else {
			*sl = slot{uint32(k.hash), uint32(i), 1}
		}
	}
}

// prefixHash is of the first words of a text.
func (e *engine) prefixHash(one, two uint64) uint64 {
	h := ((one | fold) & e.first) * e.key
	h = bits.RotateLeft64(h, 29) ^ ((two | fold) & e.second)
	h *= e.key
	return h ^ h>>29
}

// wordAt is the eight bytes from b[at], zeros behind its end.
func wordAt(b []byte, at int) uint64 {
	if at+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[at:])
	}
	var w [8]byte
	if at < len(b) {
		copy(w[:], b[at:])
	}
	return binary.LittleEndian.Uint64(w[:])
}

// find appends the occurrences that end after from.
func (e *engine) find(b []byte, from int, hits []Hit) []Hit {
	p := max(0, from-e.longest+1)
	tried := p // starts before it have been tried
	// A spelling that begins at q has a gram at the first place looked at from q
	// on, since its first stride grams are all in the filter.
	for last := len(b) - 8; ; p += e.stride {
		if p = e.probe(b, p, last); p > last {
			break
		}
		hits = e.try(b, max(tried, p-e.stride+1), p, from, hits)
		tried = p + 1
	}
	for ; p+e.width <= len(b); p += e.stride {
		if e.holds(wordAt(b, p)) {
			hits = e.try(b, max(tried, p-e.stride+1), p, from, hits)
			tried = p + 1
		}
	}
	return hits
}

// hash is that of the gram that a word begins with.
func (e *engine) hash(word uint64) uint64 { return ((word | fold) & e.gram) * e.key }

// holds says whether a word begins with a gram that may be in the filter.
func (e *engine) holds(word uint64) bool {
	h := e.hash(word)
	bit := filterBits(h)
	return e.filter[h>>(e.shift&63)]&bit == bit
}

// beginsOne says whether a word begins with a gram that a spelling may begin with. Its
// hash is another: a text that repeats a gram that the first filter holds by chance is
// no slower for it.
func (e *engine) beginsOne(word uint64) bool {
	h := ((word | fold) & e.gram) * e.firstKey
	bit := filterBits(h)
	return e.firsts[h>>(e.firstShift&63)]&bit == bit
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

// try looks for spellings that begin in b[start:last+1].
func (e *engine) try(b []byte, start, last, from int, hits []Hit) []Hit {
	mask := uint64(len(e.slots) - 1)
	for last = min(last, len(b)-e.prefix); start <= last; start++ {
		word := wordAt(b, start)
		if !e.beginsOne(word) {
			continue
		}
		h := e.prefixHash(word, wordAt(b, start+8))
		at := h >> (e.slotShift & 63) & mask
		for sl := &e.slots[at]; sl.n != 0; sl = &e.slots[at] {
			if sl.tag == uint32(h) && (sl.n > 1 || e.list[sl.at].mayBe(b, start)) {
				hits = compare(e.list[sl.at:sl.at+sl.n], b, start, from, hits)
			}
			at = (at + 1) & mask
		}
	}
	return hits
}

// compare tries the spellings of one prefix, the longest first. What a longer
// one covers is not reported again.
func compare(list []spelling, b []byte, start, from int, hits []Hit) []Hit {
	for i := range list {
		sp := &list[i]
		stop := start + len(sp.text)
		if stop <= from {
			break
		}
		if sp.mayBe(b, start) && sp.matches(b[start:stop]) {
			return append(hits, Hit{Start: start, End: stop, Form: sp.form, Needle: int(sp.needle)})
		}
	}
	return hits
}

// mayBe says whether b[start:] may begin with it, by its last byte.
func (sp *spelling) mayBe(b []byte, start int) bool {
	last := len(sp.text) - 1
	return start+last < len(b) && sp.text[last]|0x20 == b[start+last]|0x20
}

// matches compares with a text of the same length.
func (sp *spelling) matches(b []byte) bool {
	if !sp.form.folds() {
		return bytes.Equal(sp.text, b)
	}
	for i, c := range sp.text { // a folding spelling is written in lower case
		if d := b[i]; d != c && (c < 'a' || c > 'z' || d != c-('a'-'A')) {
			return false
		}
	}
	return true
}
