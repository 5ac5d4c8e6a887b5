package needle

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// engine finds many spellings in one pass that skips (Wu and Manber, "A Fast
// Algorithm for Multi-Pattern Searching", 1994). It slides a window as long as
// the shortest spelling over the text and looks at the window's last three
// bytes: a table says how far the window may move because no spelling has those
// three any nearer to its window's end. Only where they do end a window are
// spellings compared.
//
// How fast it goes depends on the text and on the spellings: a text of blocks
// that stand near the end of a window is searched more slowly than one of
// blocks that stand in none, by up to some milliseconds a mebibyte. Whoever can
// have megabytes of guesses searched, and time it, learns from that; what comes
// out, and after which input, tells nothing.
//
// Case is folded in what the table is asked (not in what is compared), so that
// hex in any case needs no second pass.
type engine struct {
	window  int     // bytes of each spelling that the table knows
	longest int     // bytes of the longest spelling
	shift   uint    // 32 - log2(len(skip))
	skip    []uint8 // by hash of a block: how far the window may move, 0 = compare
	narrow  uint    // from a hash to an index of heads
	heads   []uint32
	entries []entry // those of bucket i are entries[heads[i]:heads[i+1]]
}

// entry is a spelling, in the bucket of its window's last block.
type entry struct {
	last uint32 // the window's last four bytes, folded: a first, cheap comparison
	spelling
}

const (
	block     = 3
	maxWindow = 255 // so that a skip fits a byte

	// fold maps each letter's two cases to one value, four bytes at a time. It
	// throws a few other bytes together too, which costs a comparison at most.
	fold = 0x20202020

	// A table of 1 KiB to 64 KiB with eight places a block stays nearly empty
	// for one credential's forms, and in the first-level cache.
	minTableBits, maxTableBits = 10, 16
	placesPerBlock             = 8
)

// newEngine builds the tables. list has one spelling at least, none shorter
// than minLen (which is more than a block).
func newEngine(list []spelling) *engine {
	e := &engine{window: maxWindow}
	for _, sp := range list {
		e.window = min(e.window, len(sp.text))
		e.longest = max(e.longest, len(sp.text))
	}
	blocks := len(list) * (e.window - block + 1)
	tableBits := min(max(bits.Len(uint(blocks*placesPerBlock-1)), minTableBits), maxTableBits)
	e.shift = uint(32 - tableBits)
	e.skip = make([]uint8, 1<<tableBits)
	for i := range e.skip {
		e.skip[i] = uint8(e.window - block + 1)
	}
	bucketBits := min(bits.Len(uint(len(list))), tableBits)
	e.narrow = uint(tableBits - bucketBits)
	e.heads = make([]uint32, 1<<bucketBits+1)
	for _, sp := range list {
		e.learn(sp)
		_, h := e.lastOf(sp)
		e.heads[h>>e.narrow+1]++
	}
	e.bucket(list)
	return e
}

// learn lowers the skips for the blocks of one spelling's window.
func (e *engine) learn(sp spelling) {
	for end := block; end <= e.window; end++ {
		var four [4]byte
		copy(four[1:], sp.text[end-block:end])
		h := e.hash(binary.LittleEndian.Uint32(four[:]) | fold)
		e.skip[h] = min(e.skip[h], uint8(e.window-end))
	}
}

// bucket lays the spellings out by bucket; heads has the bucket sizes on entry.
func (e *engine) bucket(list []spelling) {
	for i := 1; i < len(e.heads); i++ {
		e.heads[i] += e.heads[i-1]
	}
	next := append([]uint32(nil), e.heads...)
	e.entries = make([]entry, len(list))
	for _, sp := range list {
		last, h := e.lastOf(sp)
		at := &next[h>>e.narrow]
		e.entries[*at] = entry{last, sp}
		*at++
	}
}

func (e *engine) lastOf(sp spelling) (last, h uint32) {
	last = binary.LittleEndian.Uint32(sp.text[e.window-4:]) | fold
	return last, e.hash(last)
}

// hash takes four bytes, folded, and hashes the last three.
func (e *engine) hash(four uint32) uint32 { return (four >> 8) * 0x9E3779B1 >> e.shift }

// find appends the occurrences that end after from.
func (e *engine) find(b []byte, from int, hits []Hit) []Hit {
	skip, shift := e.skip, e.shift&31
	end := max(0, from-e.longest+1) + e.window
	for end <= len(b) {
		four := binary.LittleEndian.Uint32(b[end-4:]) | fold
		h := (four >> 8) * 0x9E3779B1 >> shift
		if n := skip[h]; n != 0 {
			end += int(n)
			continue
		}
		hits = e.compare(b, end, from, four, h, hits)
		end++
	}
	return hits
}

// compare tries the spellings that may begin where the window that ends at end
// begins.
func (e *engine) compare(b []byte, end, from int, four, h uint32, hits []Hit) []Hit {
	i := h >> e.narrow
	start := end - e.window
	entries := e.entries[e.heads[i]:e.heads[i+1]]
	for k := range entries {
		c := &entries[k]
		stop := start + len(c.text)
		if c.last != four || stop > len(b) || stop <= from || !c.matches(b[start:stop]) {
			continue
		}
		hits = append(hits, Hit{Start: start, End: stop, Form: c.form, Needle: c.needle})
	}
	return hits
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
