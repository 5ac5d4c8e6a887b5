package needle

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// engine finds many spellings in one pass that looks at few places. Every
// spelling is at least shortest bytes long, and has a core of so many, or fewer: in
// that a gram of up to eight begins at every place that is a multiple of stride
// from anywhere. Each such gram is in a filter that fits the cache; only where the
// text has one of them are spellings looked up, by a hash of what their cores begin
// with, which takes the same few steps whatever the number of spellings.
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
	prefix     int // bytes of a core that it is looked up by, at most 16
	first      uint64
	second     uint64 // masks of the prefix's two words
	longest    int
	shift      uint8 // 64 - log2(len(filter))
	filter     []uint64
	places     [][2]uint16 // for each word of it, a bit for each place in a core that has one of its grams; in any case
	few        *few        // of the same grams, where they are few
	firstKey   uint64      // of a second filter: of the grams that cores begin with,
	foldKey    uint64      // and of those of spellings that are found in any case
	firstShift uint8
	firsts     []uint64
	slotShift  uint8
	slots      []slot
	list       []spelling           // in order of the slots' chains: those that are alike at the core together, longest first
	repeats    [2]repeats           // those that are told by runs: to the letter, and in any case
	edges      [maxPeriod + 1]edges // by period, of those that are not, though their cores repeat themselves
	again      []uint16             // for each word of the filter, a bit for each period of a run that its grams may be in; nil where there are none
}

// slot points at the spellings whose cores begin alike: list[at : at+n].
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
	e := &engine{key: rand.Uint64() | 1, firstKey: rand.Uint64() | 1, foldKey: rand.Uint64() | 1, longest: longest, prefix: min(shortest, 16)}
	e.width = min(max(shortest/2, 4), 8)
	e.gram = wordMask(e.width)
	e.stride = min(shortest-e.width+1, maxStride)
	e.first, e.second = wordMask(min(e.prefix, 8)), wordMask(max(e.prefix-8, 0))

	list = slices.Clone(list)
	others := e.part(list)
	e.core(others)
	e.filter, e.shift = newFilter(len(list) * e.stride)
	e.places = make([][2]uint16, len(e.filter))
	e.firsts, e.firstShift = newFilter(len(others))
	for i := range list {
		e.know(&list[i])
	}
	e.few = newFew(list, e)
	e.fill(others)
	return e
}

// know puts a spelling into what is looked at before the slots are.
func (e *engine) know(sp *spelling) {
	inAnyCase := 0
	if sp.form.folds() {
		inAnyCase = 1
	}
	for at := range e.stride {
		gram := sp.text[sp.core+at:][:e.width]
		h := e.hash(wordAt(gram, 0))
		e.filter[h>>e.shift] |= filterBits(h)
		if sp.period > 0 {
			e.repeat(h, inAnyCase, sp.period)
			continue
		}
		e.places[h>>e.shift][inAnyCase] |= 1 << at
		if n := period(gram, true); n > 0 {
			e.repeat(h, 1, n)
		}
	}
	if sp.period > 0 {
		return
	}
	if n := period(sp.text[sp.core:][:e.prefix], true); n > 0 {
		e.edges[n].add(sp, e.prefix, n)
	}
	gram := wordAt(sp.text, sp.core) & e.gram
	h := gram * e.firstKey
	if inAnyCase == 1 {
		h = (gram | fold&e.gram) * e.foldKey
	}
	e.firsts[h>>e.firstShift] |= filterBits(h)
}

// repeat says that a gram of that hash may be in a run.
func (e *engine) repeat(hash uint64, inAnyCase, period int) {
	if e.again == nil {
		e.again = make([]uint16, len(e.filter))
	}
	e.again[hash>>e.shift] |= 1 << (inAnyCase*maxPeriod + period - 1)
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

// fill fills the slots.
func (e *engine) fill(list []spelling) {
	type keyed struct {
		hash uint64
		spelling
	}
	all := make([]keyed, len(list))
	for i, sp := range list {
		all[i] = keyed{e.prefixHash(wordAt(sp.text, sp.core), wordAt(sp.text, sp.core+8)), sp}
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
