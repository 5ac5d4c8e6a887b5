package needle

import "golang.org/x/sys/cpu"

//go:noescape
func skipAVX2(b *byte, blocks, width int, ends uint64, c *class) (skipped int, in uint64)

//go:noescape
func passAVX2(b *byte, blocks int, c *class) (passed int)

// skip is how many of some blocks of 64 bytes, from b[1] on, have no row of
// members (of that width, a power of two up to 32), and the members of the one
// behind them.
func (c *class) skip(b []byte, blocks, width int) (skipped int, in uint64) {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasBMI2 {
		return c.skipSlow(b, blocks, width)
	}
	return skipAVX2(&b[:64*blocks+1][0], blocks, width, ends(width), c)
}

// pass is how many blocks, from b[1] on, are all members.
func (c *class) pass(b []byte, blocks int) (passed int) {
	if !cpu.X86.HasAVX2 {
		return c.passSlow(b, blocks)
	}
	return passAVX2(&b[:64*blocks+1][0], blocks, c)
}

//go:noescape
func kindsAVX2(b *byte, rows *[16]byte, n int, in *uint64)

//go:noescape
func packSSE(out, b *byte, keep uint64, places *[256]uint64)

//go:noescape
func leadsAVX2(b *[64]byte) (leads, others uint64)

//go:noescape
func sextetsAVX2(out, b *byte, blocks int, rows *[16]byte, high uint32) (done int)

//go:noescape
func pairsAVX2(out, b *byte, blocks int, rows *[16]byte, high uint32) (done int)

// folds says whether this machine has what fold is made of.
var folds = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT

// kinds says which of 64 bytes are of each kind, and behind those, which are above
// ASCII. rows are as in a class.
func kinds(b *[64]byte, rows [][16]byte, in []uint64) {
	_ = in[len(rows)]
	if !folds {
		kindsSlow(b, rows, in)
		return
	}
	kindsAVX2(&b[0], &rows[0], len(rows), &in[0])
}

// leads are those of 64 bytes that begin a character of two bytes, of Latin-1.
func leads(b *[64]byte) uint64 {
	if !folds {
		return leadsSlow(b)
	}
	leads, others := leadsAVX2(b)
	return leads & (others >> 1)
}

// pack moves those of 64 bytes that are kept to out, which has room for all.
func pack(out []byte, b *[64]byte, keep uint64) {
	if !folds {
		packSlow(out, b, keep)
		return
	}
	packSSE(&out[:64][0], &b[0], keep, &places)
}

// blocksOf64 decodes base64, 32 characters to 24 bytes at a time, as long as all are
// of its alphabets and, where ascii is asked for, decode to ASCII, and says how many
// characters that were. out has room for 8 bytes more.
func blocksOf64(out, b []byte, ascii bool) (done int) {
	blocks := min(len(b)/32, (len(out)-8)/24)
	if !folds || blocks <= 0 {
		return 0
	}
	high := uint32(0)
	if ascii {
		high = 1<<24 - 1
	}
	return 32 * sextetsAVX2(&out[0], &b[0], blocks, &codingRows[0], high)
}

// blocksOf16 decodes hex in the same way, 32 digits to 16 bytes at a time.
func blocksOf16(out, b []byte, ascii bool) (done int) {
	blocks := min(len(b)/32, len(out)/16)
	if !folds || blocks <= 0 {
		return 0
	}
	high := uint32(0)
	if ascii {
		high = 1<<16 - 1
	}
	return 32 * pairsAVX2(&out[0], &b[0], blocks, &codingRows[1], high)
}

var codingRows = rowsOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_", "0123456789abcdefABCDEF")

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
