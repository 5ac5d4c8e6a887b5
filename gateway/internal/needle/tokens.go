package needle

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// worth are the two bytes behind an introducer, or of a character, as a value: by
// hex, by a letter, and as UTF-8.
var worth = func() (t [3][2][256]byte) {
	for c := range 256 {
		t[0][0][c], t[0][1][c] = unhex[c]<<4, unhex[c]
		t[1][0][c] = shortEscape[c]
		t[2][0][c], t[2][1][c] = byte(c)<<6, byte(c)&0x3f
	}
	return t
}()

// high finds what is above ASCII: all that are not of the run class, and what begins
// two bytes of UTF-8.
func (f *folder) high() (others, latin uint64) {
	in := &f.in
	if in[kindHigh] != 0 && f.c.wide {
		in[kindMember] |= f.above()
		latin = leads(f.raw)
	}
	return ^in[kindMember], latin & in[kindMember]
}

// above are those of the block that are of the run class, above ASCII.
func (f *folder) above() uint64 {
	for i := 0; i < 64; i += 8 {
		binary.LittleEndian.PutUint64(f.low[i:], binary.LittleEndian.Uint64(f.raw[i:])^0x8080808080808080)
	}
	var in [8]uint64
	kinds(&f.low, f.c.high, in[:])
	return in[0]
}

// joints finds what joins lines and wide characters. The second of two zeros is no UTF-16.
func (f *folder) joints(at int) {
	f.see(kindLF, 2)
	k := &f.block
	k.lf, k.cr = f.in[kindLF], f.in[kindCR]
	k.zero = f.in[kindJoint] &^ (k.lf | k.cr)
	k.others |= k.zero & (k.zero << 1)
	if k.zero&1 != 0 && at > 0 && f.u.b[at-1] == 0 {
		k.others |= 1
	}
}

// below has the bits below n.
func below(n int) uint64 { return 1<<uint(n) - 1 }

// value says what one is that is strange.
func (k *block) value(strange byte, bit uint64) {
	for ; strange != 0; strange &= strange - 1 {
		k.values[bits.TrailingZeros8(strange)&7] |= bit
	}
}

// backslashes finds the escapes behind backslashes, the last of each row.
func (f *folder) backslashes(starts uint64) {
	f.see(kindShort, 4)
	k, hex, one := &f.block, f.in[kindHex], f.in[kindBackslash]&^(f.in[kindBackslash]>>1)&starts
	k.short = one & (f.in[kindShort] >> 1)
	k.x = one & (f.in[kindX] >> 1) & (hex >> 2) & (hex >> 3)
	u := one & (f.in[kindU] >> 1) & (hex >> 2) & (hex >> 3) & (hex >> 4) & (hex >> 5)
	k.four = u & (f.in[kind0] >> 2) & (f.in[kind0] >> 3)
	k.long = u &^ k.four
}

// lastNamed is from where on a name may go on behind the block.
const lastNamed = 64 - maxName - 1

// references finds what may be a character reference of HTML: a number, or letters
// up to a semicolon. A sum carries each "&" to what is behind its letters.
func (f *folder) references(amp uint64) {
	f.see(kindHash, kindRefX-kindHash+1)
	k, more := &f.block, &f.in
	k.long |= amp & (more[kindHash] >> 1) & (more[kindDigit]>>2 | more[kindRefX]>>2&(f.in[kindHex]>>3))
	named := amp & (more[kindLetter] >> 1)
	sum, over := bits.Add64(named<<1, more[kindLetter], 0)
	for ends := sum & more[kindSemicolon]; ends != 0; ends &= ends - 1 {
		k.long |= 1 << (bits.Len64(named&(ends&-ends-1)) - 1)
	}
	if last := bits.Len64(named) - 1; over != 0 && last >= lastNamed {
		k.long |= 1 << last
	}
}

// values puts those of all tokens but the long ones in their place.
func (f *folder) values() {
	k := &f.block
	f.b = *f.raw
	var unfit, percents uint64
	for t := k.hexes | k.four | k.x | k.short | k.latin; t != 0; t &= t - 1 {
		i := bits.TrailingZeros64(t) & 63
		short, latin := k.short>>i&1, k.latin>>i&1
		how := &worth[(short|latin<<1)&3]
		o := i + 1 + int(k.four>>i&1*3+k.x>>i&1-latin)
		v := how[0][f.b[o&63]] | how[1][f.b[(o+1)&63]]
		f.b[i] = v
		strange := uint64(f.c.strange[v])
		unfit |= strange >> valueUnfit & 1 << i
		percents |= strange >> valuePercent & 1 << i
	}
	for ; unfit != 0; unfit &= unfit - 1 {
		k.value(f.c.strange[f.b[bits.TrailingZeros64(unfit)]], unfit&-unfit)
	}
	for hex := f.in[kindHex]; percents != 0; percents &= percents - 1 {
		bit := percents & -percents
		if f.raw[bits.TrailingZeros64(percents)] == '%' && bit&(hex>>3)&(hex>>4)&k.hexes != 0 {
			k.hexes, k.long = k.hexes&^bit, k.long|bit // percent-encoding over itself
		}
	}
}

// others decodes the tokens that take more than a look at 64 bytes.
func (f *folder) others(at int) {
	k := &f.block
	for t := k.long; t != 0; t &= t - 1 {
		i := bits.TrailingZeros64(t)
		c, next := f.u.token(at + i)
		next -= at
		if next == i+1 { // it is itself
			if f.u.cut {
				k.end = i
				return
			}
			continue
		}
		f.u.cut = false
		if next > 64 {
			k.end = next
		}
		k.gone |= below(min(next, 64)) &^ below(i+1)
		k.done |= 1 << i
		switch {
		case c <= 0xff:
			f.b[i] = byte(c)
			k.value(f.c.strange[c], 1<<i)
		case !f.c.wide:
			k.borders |= 1 << i
		default:
			size := utf8.EncodeRune(f.b[i:], c)
			k.gone, k.end = k.gone&^(below(size)<<i), max(k.end, i+size)
		}
	}
}
