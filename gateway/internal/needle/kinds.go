package needle

import "math/bits"

// The kinds of bytes that tokens are told by, in groups that are looked at as they
// are needed.
const (
	kindHex = iota
	kindIntroducer
	kindEqual // of what begins quoted-printable
	kindBackslash
	kindAmp
	kindJoint
	kindMember // of the run class
	kindHigh   // above ASCII
	kinds1     = kindHigh
)

const ( // of joints, but for zeros
	kindLF = iota
	kindCR
	kinds2
)

const ( // behind a backslash
	kindShort = iota
	kindU
	kindX
	kind0
	kinds3
)

const ( // behind an ampersand
	kindHash = iota
	kindDigit
	kindLetter
	kindSemicolon
	kindRefX
	kinds4
)

var (
	tokenRows  = [2][][16]byte{tokenKinds("%"), tokenKinds("%=")} // the second is of quoted-printable
	jointKinds = newKindSet(rowsOf("\n", "\r"))
	backKinds  = newKindSet(rowsOf(shortEscapes(), "u", "x", "0"))
	ampKinds   = newKindSet(rowsOf("#", "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ";", "xX"))
)

func tokenKinds(introducers string) [][16]byte {
	return rowsOf("0123456789abcdefABCDEF", introducers, introducers[1:], `\`, "&", "\n\r\x00")
}

// kindSet is some kinds of bytes, in the two shapes that they are looked up in.
type kindSet struct {
	rows  [][16]byte  // as in a class, of ASCII
	table [256]uint16 // a bit for each kind that a byte is of, and one for those above ASCII
}

func newKindSet(rows [][16]byte) *kindSet {
	set := &kindSet{rows: rows}
	for c := range set.table {
		if c >= 0x80 {
			set.table[c] = 1 << len(rows)
			continue
		}
		for k := range rows {
			set.table[c] |= uint16(rows[k][c&15]>>(c>>4)&1) << k
		}
	}
	return set
}

// shortEscapes are the letters that stand for something behind a backslash.
func shortEscapes() string {
	var letters []byte
	for c, value := range shortEscape {
		if value != 0 {
			letters = append(letters, byte(c))
		}
	}
	return string(letters)
}

// rowsOf are the rows of kinds, each of which is some bytes of ASCII.
func rowsOf(kinds ...string) [][16]byte {
	rows := make([][16]byte, len(kinds))
	for k, kind := range kinds {
		for _, c := range []byte(kind) {
			rows[k][c&15] |= 1 << (c >> 4)
		}
	}
	return rows
}

// kindsSlow is what kinds does, eight bytes at a time.
func kindsSlow(b *[64]byte, set *kindSet, in []uint64) {
	n := len(set.rows) + 1
	clear(in[:n])
	for i := 0; i < 64; i += 8 {
		var low, high uint64
		for j, c := range b[i : i+8] {
			of := set.table[c]
			low |= uint64(of&0xff) << (8 * j)
			high |= uint64(of>>8) << (8 * j)
		}
		low = turned(low)
		for k := range min(n, 8) {
			in[k] |= low >> (8 * k) & 0xff << i
		}
		if high != 0 {
			high = turned(high)
			for k := 8; k < n; k++ {
				in[k] |= high >> (8 * (k - 8)) & 0xff << i
			}
		}
	}
}

// turned has bit j of byte k where x has bit k of byte j (Warren, Hacker's Delight, 7-3).
func turned(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}

// leadsSlow is what leads does.
func leadsSlow(b *[64]byte) (in uint64) {
	for i, c := range b {
		if c&0xfe == 0xc2 && (i == 63 || b[i+1]&0xc0 == 0x80) {
			in |= 1 << i
		}
	}
	return in
}

// packSlow is what pack does.
func packSlow(out []byte, b *[64]byte, keep uint64) {
	for n := 0; keep != 0; {
		i := bits.TrailingZeros64(keep)
		row := bits.TrailingZeros64(^(keep >> i))
		n += copy(out[n:], b[i:i+row])
		keep &^= below(row) << i
	}
}
