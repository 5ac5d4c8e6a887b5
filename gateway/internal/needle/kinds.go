package needle

import "math/bits"

// The kinds of bytes that tokens are told by, in groups that are looked at as they are
// needed. Behind each there is room for those above ASCII.
const (
	kindHex = iota
	kindIntroducer
	kindEqual // of what begins quoted-printable
	kindBackslash
	kindAmp
	kindJoint
	kindMember // of the run class
	kindHigh   // above ASCII
)

const ( // of joints, but for zeros
	kindLF = iota + kindHigh + 1
	kindCR
	_
)

const ( // behind a backslash
	kindShort = iota + kindCR + 2
	kindU
	kindX
	kind0
	_
)

const ( // behind an ampersand
	kindHash = iota + kind0 + 2
	kindDigit
	kindLetter
	kindSemicolon
	kindRefX
	_
	tokenKinds
)

// newTokenKinds are those of a text with that run class.
func newTokenKinds(introducers string, member *class) *kindSet {
	rows := rowsOf("0123456789abcdefABCDEF", introducers, introducers[1:], `\`, "&", "\n\r\x00", "", "",
		"\n", "\r", "",
		shortEscapes(), "u", "x", "0", "",
		"#", "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ";", "xX")
	rows[kindMember] = member.rows
	return newKindSet(rows)
}

// kindSet is some kinds of bytes, in the two shapes that they are looked up in.
type kindSet struct {
	rows   [][16]byte  // as in a class, of ASCII
	tables [][256]byte // for eight kinds each, a bit for each kind that a byte is of
}

// newKindSet has a kind for each row, and one for the bytes above ASCII.
func newKindSet(rows [][16]byte) *kindSet {
	set := &kindSet{rows, make([][256]byte, len(rows)/8+1)}
	for c := range 256 {
		if c >= 0x80 {
			set.add(len(rows), c)
			continue
		}
		for k := range rows {
			if rows[k][c&15]>>(c>>4)&1 != 0 {
				set.add(k, c)
			}
		}
	}
	return set
}

func (set *kindSet) add(kind, c int) { set.tables[kind/8][c] |= 1 << (kind % 8) }

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
	clear(in[:8*len(set.tables)])
	for n := range set.tables {
		table, in := &set.tables[n], in[8*n:8*n+8]
		for i := 0; i < 64; i += 8 {
			var of uint64
			for j, c := range b[i : i+8] {
				of |= uint64(table[c]) << (8 * j)
			}
			of = turned(of)
			for k := range in {
				in[k] |= of >> (8 * k) & 0xff << i
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
