package needle

import "strings"

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
	roles   [6][128]byte // a bit for each type that has such a byte at that place
	class   [256]byte    // a bit for each class
	letters [128]byte    // of shortEscape
}

func newLookups(introducers string, member *class) *lookups {
	const hex = "0123456789abcdefABCDEF"
	const names = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	l := &lookups{letters: [128]byte(shortEscape[:128])}
	for k, bytes := range [...][]string{
		typeHexes:    {introducers, hex, hex},
		typeX:        {`\`, "x", hex, hex},
		typeFour:     {`\`, "u", "0", "0", hex, hex},
		typeU:        {`\`, "u", hex, hex, hex, hex},
		typeShort:    {`\`, shortEscapes()},
		typeDecimal:  {"&", "#", "0123456789"},
		typeNumber:   {"&", "#", "xX", hex},
		typePercents: {"%", "2", "5", hex, hex},
	} {
		for place := range l.roles {
			for c := range l.roles[place] {
				if place >= len(bytes) || strings.IndexByte(bytes[place], byte(c)) >= 0 {
					l.roles[place][c] |= 1 << k
				}
			}
		}
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

// aheadVBMI does blocks of raw, one after the other, and writes what is kept of them to
// out, for as long as it can by itself. The last one that is full begins at last, and room
// bytes are to be done. It says how many bytes are done and written, and what it stopped at.
//
//go:noescape
func aheadVBMI(f *folder, raw, out *byte, last, room int, look *lookups, strange *[256]byte) (done, written, what int)

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
	f.block.borders, f.block.done = 0, 0
	done, written, what := aheadVBMI(f, &b[i : i+64][0], &out[0], end-i-64, end-i, f.look, &f.c.strange)
	p.buf = p.buf[:len(p.buf)+written]
	i += done
	switch what {
	case aheadQuiet:
		size := min(end-i, 64)
		p.quiet((*[64]byte)(b[i:]), f.block.others&below(size), size)
		return i + size
	case aheadBlock:
		return i + f.finish(i)
	}
	return i
}
