package needle

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Escapes that come thick and by chance are the worst for a processor: it can't guess
// what is next. fold therefore decides for 64 bytes at once, in words with a bit for
// each byte, which of them begin an escape, which are a part of one, and which stay;
// what depends on the text is a count, hardly ever a branch. It writes what the loop
// over tokens in unescape writes, which is its test.

// decided is how many of 64 bytes may begin a token: all that tells what it is, but
// for those that token decodes, is among the 64.
const decided = 58

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

// What a value may be, other than a byte of the run class.
const (
	unfit      = 1 << iota // a joint or no part of a form
	percentage             // a percent sign
)

// folder takes escapes off, block by block.
type folder struct {
	u     *unescaper
	p     *writer
	c     *content
	kinds *kindSet
	plain *[256]bool
	lined bool
	in    [kinds1 + 1]uint64
	more  [max(kinds2, kinds3, kinds4) + 1]uint64
	raw   *[64]byte // the block,
	b     [64]byte  // with values in the place of what they are written in
	low   [64]byte  // scratch
}

// block is what of 64 bytes is what: a bit for each byte.
type block struct {
	starts  uint64 // where tokens may begin
	hexes   uint64 // tokens of two hex digits: behind one byte,
	four    uint64 // behind \u00,
	x       uint64 // behind \x
	short   uint64 // a backslash and a letter
	latin   uint64 // two bytes of UTF-8
	long    uint64 // others
	done    uint64 // those of the long ones that are tokens
	odd     uint64 // tokens whose value is none of a form
	soft    uint64 // what quoted-printable ends a line with
	gone    uint64 // what is taken out
	lf, cr  uint64 // joints
	zero    uint64
	borders uint64
	end     int // how many bytes are done, at least
}

// fold takes a layer of escapes off b[i:end], as far as there are 64 bytes to look at, and
// says how far that was.
func (s *search) fold(i, end int, lined bool) (at, stop int) {
	f := &s.folder
	f.u, f.p, f.c, f.lined = &s.text, &s.writer, s.set, lined
	f.kinds, f.plain = s.set.tokens[0], &s.set.plain[0]
	if f.u.quoted {
		f.kinds, f.plain = s.set.tokens[1], &s.set.plain[1]
	}
	for i < end && i+64 <= len(f.u.b) {
		if form := alike(f.u.b[i:]); form != 0 {
			if next := f.row(i, end, form); next > i {
				i = next
				continue
			}
		}
		i += f.block(i, end-i)
		if f.u.cut {
			return i, i
		}
	}
	return i, end
}

// block does one block, of which room bytes are to be done, and says how many it did.
func (f *folder) block(at, room int) int {
	f.raw = (*[64]byte)(f.u.b[at:])
	kinds(f.raw, f.kinds, f.in[:])
	in, size := &f.in, min(room, 64)
	member := in[kindMember]
	if in[kindHigh] != 0 && f.c.wide {
		member |= f.above()
	}
	others := ^member
	var latin uint64
	if in[kindHigh]&member != 0 {
		latin = leads(f.raw) & member
	}
	special := in[kindIntroducer] | in[kindBackslash] | in[kindAmp] | in[kindJoint] | latin
	if special<<(64-size) == 0 {
		f.p.quiet(f.raw, others&below(size), size)
		return size
	}
	k := block{end: min(room, decided)}
	f.b = *f.raw
	if in[kindJoint] != 0 {
		kinds(f.raw, jointKinds, f.more[:])
		k.lf, k.cr = f.more[kindLF], f.more[kindCR]
		k.zero = in[kindJoint] &^ (k.lf | k.cr)
		others |= f.twice(k.zero, at)
	}
	k.starts = below(k.end)
	backs := in[kindBackslash] & (in[kindBackslash] >> 1) & k.starts // each but the last of a row
	k.gone = backs
	if in[kindBackslash] != 0 {
		f.backslashes(&k)
	}
	k.starts &^= k.short << 1
	hex := in[kindHex]
	k.hexes = in[kindIntroducer] & k.starts & (hex >> 1) & (hex >> 2)
	k.soft = in[kindEqual] & k.starts & ((k.lf | k.cr) >> 1)
	k.latin = latin & k.starts
	if in[kindAmp]&k.starts != 0 {
		f.references(&k)
	}
	f.values(&k, at)
	if k.long != 0 {
		f.others(&k, at)
	}
	k.gone |= k.soft | k.hexes<<1 | k.hexes<<2 | k.four<<4 | k.four<<5 | (k.short|k.latin)<<1
	for n := 1; n <= 3; n++ {
		k.gone |= (k.four | k.x) << n
	}
	tokens := k.hexes | k.four | k.x | k.short | k.latin | k.done
	mask := below(k.end)
	if f.u.cut {
		tokens, k.gone, k.odd = tokens&mask, k.gone&mask, k.odd&mask
	} else {
		k.end = max(k.end, bits.Len64(k.gone|k.soft<<1))
		mask = below(k.end)
	}
	k.borders = (k.borders | others&^k.gone) & mask
	k.lf, k.cr, k.zero = k.lf&mask, k.cr&mask, k.zero&mask&^others
	if f.lined {
		ends := k.lf &^ (k.soft << 1)
		k.borders, k.lf = k.borders|ends, k.lf&^ends
	}
	for ; k.odd != 0; k.odd &= k.odd - 1 {
		k.joint(f.b[bits.TrailingZeros64(k.odd)], k.odd&-k.odd)
	}
	joints := k.lf | k.cr | k.zero
	f.p.block(&f.b, &k, mask&^(k.gone|joints|k.borders), (tokens|joints|backs&mask)&^k.borders)
	return k.end
}

// above are those of the block that are of the run class, above ASCII.
func (f *folder) above() uint64 {
	for i := 0; i < 64; i += 8 {
		binary.LittleEndian.PutUint64(f.low[i:], binary.LittleEndian.Uint64(f.raw[i:])^0x8080808080808080)
	}
	var in [2]uint64
	kinds(&f.low, f.c.high, in[:])
	return in[0]
}

// twice are those zeros that follow another, which are no UTF-16.
func (f *folder) twice(zero uint64, at int) uint64 {
	if at > 0 && f.u.b[at-1] == 0 {
		return zero & (zero<<1 | 1)
	}
	return zero & (zero << 1)
}

// below has the bits below n.
func below(n int) uint64 { return 1<<n - 1 }

// joint says what a value is that is no byte of a form.
func (k *block) joint(c byte, bit uint64) {
	switch c {
	case '\n':
		k.lf |= bit
	case '\r':
		k.cr |= bit
	case 0:
		k.zero |= bit
	default:
		k.borders |= bit
	}
}

// backslashes finds the escapes behind backslashes, the last of each row.
func (f *folder) backslashes(k *block) {
	kinds(f.raw, backKinds, f.more[:])
	hex, one := f.in[kindHex], f.in[kindBackslash]&^(f.in[kindBackslash]>>1)&k.starts
	k.short = one & (f.more[kindShort] >> 1)
	k.x = one & (f.more[kindX] >> 1) & (hex >> 2) & (hex >> 3)
	u := one & (f.more[kindU] >> 1) & (hex >> 2) & (hex >> 3) & (hex >> 4) & (hex >> 5)
	k.four = u & (f.more[kind0] >> 2) & (f.more[kind0] >> 3)
	k.long = u &^ k.four
}

// references finds what may be a character reference of HTML: a number, or letters
// up to a semicolon. A sum carries each "&" to what is behind its letters.
func (f *folder) references(k *block) {
	kinds(f.raw, ampKinds, f.more[:])
	amp, more := f.in[kindAmp]&k.starts, &f.more
	k.long |= amp & (more[kindHash] >> 1) & (more[kindDigit]>>2 | more[kindRefX]>>2&(f.in[kindHex]>>3))
	named := amp & (more[kindLetter] >> 1)
	sum, over := bits.Add64(named<<1, more[kindLetter], 0)
	for ends := sum & more[kindSemicolon]; ends != 0; ends &= ends - 1 {
		k.long |= 1 << (bits.Len64(named&(ends&-ends-1)) - 1)
	}
	if over != 0 {
		k.long |= 1 << (bits.Len64(named) - 1)
	}
}

// values puts those of all tokens but the long ones in their place. One that is a
// percent sign may go on.
func (f *folder) values(k *block, at int) {
	var percents uint64
	for t := k.hexes | k.four | k.x | k.short | k.latin; t != 0; t &= t - 1 {
		i := bits.TrailingZeros64(t) & 63
		short, latin := k.short>>i&1, k.latin>>i&1
		how := &worth[(short|latin<<1)&3]
		o := i + 1 + int(k.four>>i&1*3+k.x>>i&1-latin)
		v := how[0][f.b[o&63]] | how[1][f.b[(o+1)&63]]
		f.b[i] = v
		strange := uint64(f.c.strange[v])
		k.odd |= strange & unfit << i
		percents |= strange / percentage << i
	}
	hex := f.in[kindHex]
	for t := percents & k.hexes & (hex >> 3) & (hex >> 4); t != 0; t &= t - 1 {
		if bit := t & -t; f.u.b[at+bits.TrailingZeros64(t)] == '%' {
			k.hexes, k.odd, k.long = k.hexes&^bit, k.odd&^bit, k.long|bit
		}
	}
}

// others decodes the tokens that take more than a look at 64 bytes.
func (f *folder) others(k *block, at int) {
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
		k.end = max(k.end, next)
		k.gone |= below(min(next, 64)) &^ below(i+1)
		k.done |= 1 << i
		switch {
		case c <= 0xff:
			f.b[i] = byte(c)
			k.odd |= uint64(f.c.strange[c]) & unfit << i
		case !f.c.wide:
			k.borders |= 1 << i
		default:
			k.gone &^= below(utf8.EncodeRune(f.b[i:], c)) << i
		}
	}
}
