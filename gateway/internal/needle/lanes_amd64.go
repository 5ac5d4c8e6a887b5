package needle

import "golang.org/x/sys/cpu"

//go:noescape
func skipAVX2(b *byte, blocks, width, more int, ends uint64, c *class) (skipped int, in uint64)

//go:noescape
func passAVX2(b *byte, blocks int, c *class) (passed int)

//go:noescape
func skipVBMI(b *byte, blocks, width, more int, ends uint64, c *class) (skipped int, in uint64)

//go:noescape
func passVBMI(b *byte, blocks int, c *class) (passed int)

// skip is how many of some blocks of 64 bytes, from b[1] on, have no row of
// members that may be part of a run, of which half is so long, and the members of
// the one behind them.
func (c *class) skip(b []byte, blocks, half int) (skipped int, in uint64) {
	width, more := split(half)
	switch {
	case wides:
		return skipVBMI(&b[:64*blocks+1][0], blocks, width, more, ends(half), c)
	case !folds:
		return c.skipSlow(b, blocks, half)
	}
	return skipAVX2(&b[:64*blocks+1][0], blocks, width, more, ends(half), c)
}

// pass is how many blocks, from b[1] on, are all members.
func (c *class) pass(b []byte, blocks int) (passed int) {
	switch {
	case wides:
		return passVBMI(&b[:64*blocks+1][0], blocks, c)
	case !folds:
		return c.passSlow(b, blocks)
	}
	return passAVX2(&b[:64*blocks+1][0], blocks, c)
}

//go:noescape
func kindsAVX2(b *byte, rows *[16]byte, n int, in *uint64)

//go:noescape
func kindsGFNI(b *byte, tables *[256]byte, n int, in *uint64)

//go:noescape
func packSSE(out, b *byte, keep uint64, places *[256]uint64)

//go:noescape
func packVBMI2(out, b *byte, keep uint64)

//go:noescape
func leadsAVX2(b *[64]byte) (leads, others uint64)

//go:noescape
func sextetsVBMI2(out, b *byte, list *int32, keeps *uint64, n int, border uint64) (written int)

//go:noescape
func sextetsAVX2(out, b *byte, list *int32, keeps *uint64, n int, border uint64, places *[256]uint64) (written int)

//go:noescape
func digitsVBMI2(out, b *byte, list *int32, keeps *uint64, n int, border uint64) (written int)

//go:noescape
func digitsAVX2(out, b *byte, list *int32, keeps *uint64, n int, border uint64, places *[256]uint64) (written int)

// folds says whether this machine has what the looks at many bytes at once are made of,
// and fold.
var folds = cpu.X86.HasAVX2 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

// wides says whether its instructions look at 64 bytes, move those of them that are
// kept, look each up in a table, and turn bits around.
var wides = folds && cpu.X86.HasBMI1 && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL &&
	cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2 && cpu.X86.HasAVX512GFNI

// kinds says which of 64 bytes are of each kind, and behind those, which are above
// ASCII. It writes to eight words for each table of the set.
func kinds(b *[64]byte, set *kindSet, in []uint64) {
	_ = in[8*len(set.tables)-1]
	switch {
	case wides:
		kindsGFNI(&b[0], &set.tables[0], len(set.tables), &in[0])
	case folds:
		kindsAVX2(&b[0], &set.rows[0], len(set.rows), &in[0])
	default:
		kindsSlow(b, set, in)
	}
}

// see looks for n kinds of tokens, from first on.
func (f *folder) see(first, n int) {
	kindsAVX2(&f.raw[0], &f.kinds.rows[first : first+n][0], n, &f.in[first : first+n+1][0])
}

// leads are those of 64 bytes that begin a character of two bytes, of Latin-1. The last
// may do so.
func leads(b *[64]byte) uint64 {
	if !folds {
		return leadsSlow(b)
	}
	leads, others := leadsAVX2(b)
	return leads & (others>>1 | 1<<63)
}

// pack moves those of 64 bytes that are kept to out, which has room for all.
func pack(out []byte, b *[64]byte, keep uint64) {
	if !folds {
		packSlow(out, b, keep)
		return
	}
	if wides {
		packVBMI2(&out[:64][0], &b[0], keep)
		return
	}
	packSSE(&out[:64][0], &b[0], keep, &places)
}

// sextets decodes base64: of each block in list 64 characters, each four to three bytes
// and a border, of which it moves those that are kept to out, block behind block, and
// says how many. What is no such character gives any bits. All of 64 bytes may be
// written of each block.
func sextets(out, b []byte, list []int32, keeps []uint64, border byte) int {
	if len(list) == 0 {
		return 0
	}
	one, from := &out[:64*len(list)][0], &b[:step*int(list[len(list)-1])+64][0]
	word := 0x0100000001000000 * uint64(border)
	switch {
	case wides:
		return sextetsVBMI2(one, from, &list[0], &keeps[:len(list)][0], len(list), word)
	case folds:
		return sextetsAVX2(one, from, &list[0], &keeps[:len(list)][0], len(list), word, &places)
	}
	return sextetsSlow(out, b, list, keeps, border)
}

// digits does so with hex, each two digits to a byte and a border.
func digits(out, b []byte, list []int32, keeps []uint64, border byte) int {
	if len(list) == 0 {
		return 0
	}
	one, from := &out[:64*len(list)][0], &b[:step*int(list[len(list)-1])+64][0]
	word := 0x0100010001000100 * uint64(border)
	switch {
	case wides:
		return digitsVBMI2(one, from, &list[0], &keeps[:len(list)][0], len(list), word)
	case folds:
		return digitsAVX2(one, from, &list[0], &keeps[:len(list)][0], len(list), word, &places)
	}
	return digitsSlow(out, b, list, keeps, border)
}

// places says for each eight bits where the bytes are that they keep.
var places = func() (t [256]uint64) {
	for keep := range t {
		n := 0
		for i := range 8 {
			if keep>>i&1 != 0 {
				t[keep] |= uint64(i) << (8 * n)
				n++
			}
		}
	}
	return t
}()
