package needle

import (
	"math/bits"
	"slices"
)

// Base64 and hex of a form are found by looking at 64 characters at once, in words with
// a bit for each. Of each character it is asked whether a byte of the run class, or a
// part of one, may be written with it at that place in a group. Where as many groups
// follow one another as a form has, they are decoded, for each way to cut the text into
// groups. All else is passed by.

// coded is what of 64 characters is what, and of those behind the text nothing: a bit for
// each place where such begin.
type coded struct {
	groups  uint64 // four that may be part of a form
	pairs   uint64 // two hex digits that may
	zeros64 uint64 // three of base64 that zeros are written with,
	zeros16 uint64 // two of hex
	two     uint64 // as many of base64
	three   uint64
	whole   uint64 // four
	_       uint64
	cuts64  uint64 // the ways to cut the text in which groups are enough for a form
	cuts16  uint64 // and pairs
}

// codings decodes what in b[lo:hi] may be base64 or hex of a form.
func (s *search) codings(b []byte, lo, hi int, wanted depth, views *[5]view) {
	any64, any16 := s.survey(b, lo, hi)
	if any64 != 0 && wanted.base64 {
		s.groups()
		s.take(b, lo, &views[base64View])
	}
	if any16 != 0 {
		s.pairs()
		s.take(b, lo, &views[hexView])
	}
}

// survey looks at b[lo:hi], block by block, and at the place behind it, which ends
// what is before it. It says in which ways there is a row that may be a form's.
func (s *search) survey(b []byte, lo, hi int) (any64, any16 uint64) {
	c := s.set
	n := (hi-lo)/step + 1
	s.blocks = slices.Grow(s.blocks[:0], n+1)[:n+1]
	for k := range n {
		p, block := lo+step*k, &s.blocks[k]
		c.coding(s.chars(b, p), block)
		if hi-p < 64 {
			block.end(hi - p)
		}
		// Two zeros in a row are no UTF-16, and part of nothing else.
		block.groups &^= block.zeros64 | block.zeros64>>1
		block.pairs &^= block.zeros16 & (block.zeros16 << 2)
		block.cuts64, block.cuts16 = c.row64.cuts(block.groups), c.row16.cuts(block.pairs)
		any64, any16 = any64|block.cuts64, any16|block.cuts16
	}
	s.blocks[n] = coded{} // behind all
	return any64, any16
}

// codingByKinds is what coding does.
func (c *content) codingByKinds(b *[64]byte, block *coded) {
	var in [codedWords]uint64
	kinds(b, c.coded, in[:])
	sextets := in[kindSextet]
	block.groups = in[kindFirst] & (in[kindSecond] >> 1) & (in[kindThird] >> 2) & (in[kindFourth] >> 3)
	block.pairs = in[kindDigit1] & (in[kindDigit2] >> 1)
	block.zeros64 = in[kindZero64] & (in[kindZero64] >> 1) & (in[kindZero64] >> 2)
	block.zeros16 = in[kindZero16] & (in[kindZero16] >> 1)
	block.two = sextets & (sextets >> 1)
	block.three = block.two & (sextets >> 2)
	block.whole = block.three & (sextets >> 3)
}

// end leaves what is whole in the first n characters.
func (block *coded) end(n int) {
	two, three, four := below(n)>>1, below(n)>>2, below(n)>>3
	block.groups, block.whole = block.groups&four, block.whole&four
	block.zeros64, block.three = block.zeros64&three, block.three&three
	block.pairs, block.zeros16, block.two = block.pairs&two, block.zeros16&two, block.two&two
}

// chars are 64 of b's, from p on, with zeros behind its end.
func (s *search) chars(b []byte, p int) *[64]byte {
	if p+64 <= len(b) {
		return (*[64]byte)(b[p:])
	}
	s.end = [64]byte{}
	copy(s.end[:], b[p:])
	return &s.end
}

// groups lists what is decoded of base64. Of a row of groups that may be a form's, the
// one in front and the one behind may be so in part: the first as far as it is whole,
// the other as far as it goes. A border ends the row, in the place that a group of four
// has for a fourth byte. All four ways to cut the text are decided about at once.
func (s *search) groups() {
	const each = 0x1111111111111111
	h := &s.hot
	h.reset(len(s.blocks))
	for k := range len(s.blocks) - 1 {
		block, next := &s.blocks[k], &s.blocks[k+1]
		row := block.groups
		ways, over := h.ways(row, block.cuts64, next.cuts64&next.groups, 4)
		if ways == 0 {
			continue
		}
		two, three, whole := block.two, block.three, block.whole
		behind := (row<<4 | over) &^ row & below(step)
		inside := (row | row>>4&whole) & below(step)
		one, other, third := inside|behind&two, inside|behind&three, inside|behind&whole
		borders := behind &^ (whole & (row >> 4))
		for cut := range 4 {
			h.add(k, cut, ways, one>>cut&each|other>>cut&each<<1|third>>cut&each<<2|borders>>cut&each<<3)
		}
	}
}

// pairs lists what is decoded of hex, in the same way.
func (s *search) pairs() {
	const each = 0x5555555555555555
	h := &s.hot
	h.reset(len(s.blocks))
	for k := range len(s.blocks) - 1 {
		row, next := s.blocks[k].pairs, &s.blocks[k+1]
		ways, over := h.ways(row, s.blocks[k].cuts16, next.cuts16&next.pairs, 2)
		if ways == 0 {
			continue
		}
		behind := (row<<2 | over) &^ row & below(step)
		for cut := range 2 {
			h.add(k, cut, ways, row&below(step)>>cut&each|behind>>cut&each<<1)
		}
	}
}

// coding says how groups of stride characters are decoded, each to as many bytes, of
// which the last is a border. A byte has its bits from span of them, the first of which is
// at its own place.
type coding struct {
	form   Form // 0: what lies over it is told by the text
	stride int
	span   int
	decode func(out, b []byte, list []int32, keeps []uint64, border byte) int
}

var codedAs = [...]coding{
	plainView:  {stride: 1},
	quotedView: {stride: 1},
	base64View: {InBase64, 4, 2, sextets},
	hexView:    {InHex, 2, 2, digits},
	spacedView: {form: SpacedHex, stride: 1, span: 1},
}

// take adds to a view what is to be kept of the hot blocks of b[lo:]: of each way to cut
// it all at once, but for those over b's end.
func (s *search) take(b []byte, lo int, v *view) {
	for cut := range codedAs[v.kind].stride {
		list, at := &s.hot.lists[cut], lo+cut
		blocks, keeps, out := list.blocks[:list.n], list.keeps[:list.n], len(v.buf)
		n := len(v.places)
		v.places = slices.Grow(v.places, len(blocks))[:n+len(blocks)]
		places := v.places[n:]
		for i, k := range blocks {
			places[i] = place{int32(out), int32(at + step*int(k)), keeps[i]}
			out += bits.OnesCount64(keeps[i])
		}
		whole := len(blocks)
		for whole > 0 && at+step*int(blocks[whole-1])+64 > len(b) {
			whole--
		}
		v.add(b[min(at, len(b)):], blocks[:whole], keeps[:whole])
		for i, k := range blocks[whole:] {
			s.end = [64]byte{}
			copy(s.end[:], b[min(at+step*int(k), len(b)):])
			v.add(s.end[:], []int32{0}, keeps[whole+i:whole+i+1])
		}
	}
}

// add adds blocks, of which b has all.
func (v *view) add(b []byte, list []int32, keeps []uint64) {
	if len(list) == 0 {
		return
	}
	v.room(64 * len(list))
	n := len(v.buf)
	written := codedAs[v.kind].decode(v.buf[n:cap(v.buf)], b, list, keeps, v.end)
	v.buf = v.buf[:n+written]
	v.used = max(v.used, min(n+written+64, cap(v.buf)))
}

// sextetsSlow is what sextets does.
func sextetsSlow(out, b []byte, list []int32, keeps []uint64, border byte) (written int) {
	var all [64]byte
	for n, k := range list {
		for i := 0; i < 64; i += 4 {
			four := b[step*int(k)+i:][:4]
			v := uint32(sextet[four[0]]&63)<<18 | uint32(sextet[four[1]]&63)<<12 | uint32(sextet[four[2]]&63)<<6 | uint32(sextet[four[3]]&63)
			all[i], all[i+1], all[i+2], all[i+3] = byte(v>>16), byte(v>>8), byte(v), border
		}
		packSlow(out[written:], &all, keeps[n])
		written += bits.OnesCount64(keeps[n])
	}
	return written
}

// digitsSlow is what digits does.
func digitsSlow(out, b []byte, list []int32, keeps []uint64, border byte) (written int) {
	var all [64]byte
	for n, k := range list {
		for i := 0; i < 64; i += 2 {
			two := b[step*int(k)+i:][:2]
			all[i], all[i+1] = unhex[two[0]]<<4|unhex[two[1]]&15, border
		}
		packSlow(out[written:], &all, keeps[n])
		written += bits.OnesCount64(keeps[n])
	}
	return written
}
