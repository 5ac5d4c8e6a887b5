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
	tokenRows = [2][][16]byte{tokenKinds("%"), tokenKinds("%=")} // the second is of quoted-printable
	jointRows = rowsOf("\n", "\r")
	backRows  = rowsOf(shortEscapes(), "u", "x", "0")
	ampRows   = rowsOf("#", "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ";", "xX")
)

func tokenKinds(introducers string) [][16]byte {
	return rowsOf("0123456789abcdefABCDEF", introducers, introducers[1:], `\`, "&", "\n\r\x00")
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

// kindsSlow is what kinds does, byte by byte.
func kindsSlow(b *[64]byte, rows [][16]byte, in []uint64) {
	clear(in[:len(rows)+1])
	for i, c := range b {
		if c >= 0x80 {
			in[len(rows)] |= 1 << i
			continue
		}
		for k := range rows {
			in[k] |= uint64(rows[k][c&15]>>(c>>4)&1) << i
		}
	}
}

// leadsSlow is what leads does.
func leadsSlow(b *[64]byte) (in uint64) {
	for i, c := range b[:63] {
		if c&0xfe == 0xc2 && b[i+1]&0xc0 == 0x80 {
			in |= 1 << i
		}
	}
	return in
}

// packSlow is what pack does.
func packSlow(out []byte, b *[64]byte, keep uint64) {
	for n := 0; keep != 0; keep &= keep - 1 {
		out[n] = b[bits.TrailingZeros64(keep)]
		n++
	}
}
