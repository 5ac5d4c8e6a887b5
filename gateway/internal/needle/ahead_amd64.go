package needle

import (
	"slices"
	"strings"
)

// The types of tokens that are told by the bytes at their first six places.
const (
	typeHexes = iota
	typeX
	typeFour
	typeU
	typeShort
	typeDecimal
	typeNumber // in hex
	typePercents
)

// References as most that write them do: what else is one is left to unescaper.
const (
	typeDigit = iota // in one, two or three digits, below 200
	typeTwo
	typeThree
	typeHex // in two digits
	typeAmp
	typeLess // or greater
	typeQuot
	typeOpen // one digit, with no end
)

// The classes of bytes that are asked for besides.
const (
	classMember  = iota // of the run class
	classSpecial        // what a token begins with, or a joint
	classBackslash
	classJoint
	classLine // a joint, but no zero
	classAmp
	classLetter
	classSemicolon
)

// lookups are what aheadVBMI looks bytes up in.
type lookups struct {
	roles   [6][128]byte // a bit for each type that has such a byte at that place,
	amps    [6][128]byte // and for each of reference
	class   [256]byte    // a bit for each class
	letters [128]byte    // of shortEscape
	names   [16]byte     // what typeAmp and typeLess are, by the lower half of the first letter
}

func newLookups(introducers string, member *class) *lookups {
	const digits = "0123456789"
	const hex = digits + "abcdefABCDEF"
	const names = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	l := &lookups{letters: [128]byte(shortEscape[:128]), names: [16]byte{'a' & 15: '&', 'l' & 15: '<', 'g' & 15: '>'}}
	l.roles = rolesOf([][]string{
		typeHexes:    {introducers, hex, hex},
		typeX:        {`\`, "x", hex, hex},
		typeFour:     {`\`, "u", "0", "0", hex, hex},
		typeU:        {`\`, "u", hex, hex, hex, hex},
		typeShort:    {`\`, shortEscapes()},
		typeDecimal:  {"&", "#", digits},
		typeNumber:   {"&", "#", "xX", hex},
		typePercents: {"%", "2", "5", hex, hex},
	})
	l.amps = rolesOf([][]string{
		typeDigit: {"&", "#", digits, ";"},
		typeTwo:   {"&", "#", digits, digits, ";"},
		typeThree: {"&", "#", "01", digits, digits, ";"},
		typeHex:   {"&", "#", "xX", hex, hex, ";"},
		typeAmp:   {"&", "a", "m", "p", ";"},
		typeLess:  {"&", "lg", "t", ";"},
		typeQuot:  {"&", "q", "u", "o", "t", ";"},
		typeOpen:  {"&", "#", digits},
	})
	for _, c := range digits + ";" {
		l.amps[3][c] &^= 1 << typeOpen
	}
	for k, bytes := range [...]string{
		classSpecial:   introducers + "\\&\n\r\x00\xc2\xc3",
		classBackslash: `\`,
		classJoint:     "\n\r\x00",
		classLine:      "\n\r",
		classAmp:       "&",
		classLetter:    names,
		classSemicolon: ";",
	} {
		for _, c := range []byte(bytes) {
			l.class[c] |= 1 << k
		}
	}
	for c, in := range member.in {
		if in {
			l.class[c] |= 1 << classMember
		}
	}
	return l
}

// rolesOf says which bytes may be at each place of tokens: for each type, at the first
// places those of its strings, and then any.
func rolesOf(types [][]string) (roles [6][128]byte) {
	for k, bytes := range types {
		for place := range roles {
			for c := range roles[place] {
				if place >= len(bytes) || strings.IndexByte(bytes[place], byte(c)) >= 0 {
					roles[place][c] |= 1 << k
				}
			}
		}
	}
	return roles
}

// aheadVBMI does blocks of raw, one after the other, and writes what is kept of them to
// out, and where that stands to places, for as long as it can by itself. The last one that
// is full begins at last, and room bytes are to be done. It says how many bytes are done
// and written, of how many places, and what it stopped at.
//
//go:noescape
func aheadVBMI(f *folder, raw, out *byte, last, room int, look *lookups, strange *[256]byte, places *place) (done, written, placed, what int)

// What aheadVBMI stopped at.
const (
	aheadLast  = iota // what is behind the last block that is full
	aheadQuiet        // a block with borders, and nothing else: these are others
	aheadBlock        // one that it has decided about, as decide does
)

// ahead does as many blocks as it can at once, and the one behind them, as next does.
func (f *folder) ahead(i, end int) int {
	b, p := f.u.b, f.p
	out := p.buf[len(p.buf) : len(p.buf)+end-i+64]
	f.block.borders = 0
	n := len(p.v.places)
	places := slices.Grow(p.v.places, (end-i)/decided+1)
	done, written, placed, what := aheadVBMI(f, &b[i : i+64][0], &out[0], end-i-64, end-i, f.look, &f.c.strange, &places[n : n+1][0])
	p.buf, p.v.places = p.buf[:len(p.buf)+written], places[:n+placed]
	i += done
	switch what {
	case aheadQuiet:
		size := min(end-i, 64)
		p.quiet(i, (*[64]byte)(b[i:]), f.block.others&below(size), size)
		return i + size
	case aheadBlock:
		return i + f.finish(i)
	}
	return i
}
