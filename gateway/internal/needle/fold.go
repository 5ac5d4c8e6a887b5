package needle

import "math/bits"

// Escapes that come thick and by chance are the worst for a processor: it can't guess
// what is next. fold therefore decides for 64 bytes at once, in words with a bit for
// each byte, which of them begin an escape, which are a part of one, and which stay;
// what depends on the text is a count, hardly ever a branch. It writes what the loop
// over tokens in unescape writes, which is its test.

// decided is how many of 64 bytes may begin a token: all that tells what it is, but
// for those that token decodes, is among the 64.
const decided = 58

// What a value may be, other than a byte of the run class.
const (
	valueUnfit = iota // one of the last four
	valuePercent
	valueLF
	valueCR
	valueZero
	valueBorder // no part of a form
	valueKinds
)

// folder takes escapes off, block by block.
type folder struct {
	u     *unescaper
	p     *writer
	c     *content
	kinds *kindSet
	look  *lookups
	plain *[256]bool
	lined bool
	in    [(tokenKinds + 7) / 8 * 8]uint64
	over  uint64    // what of the next block is of a token that began before it
	raw   *[64]byte // the block,
	b     [64]byte  // with values in the place of what they are written in
	block block
	low   [64]byte // scratch
}

// block is what of 64 bytes is what: a bit for each byte.
type block struct {
	hexes   uint64    // tokens of two hex digits: behind one byte,
	four    uint64    // behind \u00,
	x       uint64    // behind \x
	short   uint64    // a backslash and a letter
	latin   uint64    // two bytes of UTF-8
	long    uint64    // others
	done    uint64    // those of the long ones that are tokens
	values  [8]uint64 // tokens by what their value is
	soft    uint64    // what quoted-printable ends a line with
	backs   uint64    // backslashes, each but the last of a row
	gone    uint64    // what is taken out
	others  uint64    // what is not of the run class
	lf, cr  uint64    // joints
	zero    uint64
	borders uint64
	end     int // how many bytes are done, at least
}

// fold takes a layer of escapes off b[i:end], as far as there are 64 bytes to look at, and
// says how far that was.
func (s *search) fold(i, end int, lined bool) (at, stop int) {
	f := &s.folder
	f.u, f.p, f.c, f.lined = &s.text, &s.writer, s.set, lined
	f.kinds, f.look, f.plain = s.set.tokens[0], s.set.looks[0], &s.set.plain[0]
	if f.u.quoted {
		f.kinds, f.look, f.plain = s.set.tokens[1], s.set.looks[1], &s.set.plain[1]
	}
	f.over = 0
	for i < end && i+64 <= len(f.u.b) {
		if wides {
			i = f.ahead(i, end)
		} else {
			i = f.next(i, end)
		}
		if f.u.cut {
			return i, i
		}
	}
	return i + bits.Len64(f.over), end
}

// next does a row of escapes that are alike, or one block.
func (f *folder) next(i, end int) int {
	if form := alike(f.u.b[i:]); form != 0 && f.over == 0 {
		if next := f.row(i, end, form); next > i {
			return next
		}
	}
	size := min(end-i, 64)
	if others, quiet := f.decide(i, size); quiet {
		f.p.quiet(i, f.raw, others&below(size), size)
		return i + size
	}
	return i + f.finish(i)
}

// decide says what of a block, of which size bytes are to be done, begins a token, and
// puts the values of those that are decided in their place. In a quiet block there is
// none, nor a joint: then others are those that are not of the run class.
func (f *folder) decide(at, size int) (others uint64, quiet bool) {
	f.raw = (*[64]byte)(f.u.b[at:])
	f.see(0, kindHigh)
	in := &f.in
	others, latin := f.high()
	special := in[kindIntroducer] | in[kindBackslash] | in[kindAmp] | in[kindJoint] | latin
	if (special|f.over)<<(64-size) == 0 {
		return others, true
	}
	f.block = block{end: min(size, decided)}
	k := &f.block
	starts := below(k.end) &^ f.over
	if k.others = others; in[kindJoint] != 0 {
		f.joints(at)
	}
	k.backs = in[kindBackslash] & (in[kindBackslash] >> 1) & starts
	k.gone = k.backs | f.over
	if in[kindBackslash] != 0 {
		f.backslashes(starts)
	}
	starts &^= k.short << 1
	hex := in[kindHex]
	k.hexes = in[kindIntroducer] & starts & (hex >> 1) & (hex >> 2)
	k.soft = in[kindEqual] & starts & ((k.lf | k.cr) >> 1)
	k.latin = latin & starts
	if amp := in[kindAmp] & starts; amp != 0 {
		f.references(amp)
	}
	f.values()
	return others, false
}

// finish decodes the tokens that take more than a look at 64 bytes, gives the block to
// the writer, and says how many bytes are done.
func (f *folder) finish(at int) int {
	k := &f.block
	if k.long != 0 {
		f.others(at)
	}
	k.gone |= k.soft | k.hexes<<1 | k.hexes<<2 | k.four<<4 | k.four<<5 | (k.short|k.latin)<<1
	for n := 1; n <= 3; n++ {
		k.gone |= (k.four | k.x) << n
	}
	if f.over = 0; !f.u.cut {
		if k.soft>>(k.end-1)&1 != 0 {
			k.end++ // the line's end is done with it
		}
		f.over = k.gone >> k.end
	}
	mask := below(k.end)
	tokens := (k.hexes | k.four | k.x | k.short | k.latin | k.done) & mask
	k.gone &= mask
	k.borders |= k.others &^ k.gone
	k.lf, k.cr, k.zero = k.lf&mask, k.cr&mask, k.zero&mask&^k.others
	if f.lined {
		ends := k.lf &^ (k.soft << 1)
		k.borders, k.lf = k.borders|ends, k.lf&^ends
	}
	k.lf |= k.values[valueLF] & mask
	k.cr |= k.values[valueCR] & mask
	k.zero |= k.values[valueZero] & mask
	k.borders = (k.borders | k.values[valueBorder]) & mask
	joints := k.lf | k.cr | k.zero
	f.p.block(at, &f.b, k, mask&^(k.gone|joints|k.borders), (tokens|joints|k.backs&mask)&^k.borders)
	return k.end
}
