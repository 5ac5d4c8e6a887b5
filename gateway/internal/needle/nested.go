package needle

import (
	"encoding/binary"
	"slices"
)

// Forms of a form: base64 of hex, hex of base64, base64 of text that is escaped.
// What is inside is ASCII, or UTF-16 of it, so that nearly all base64 and hex that
// holds no form can be told by some bits of a few characters, and is not decoded.

// sextets says, for each of four characters of base64, which bits of three bytes
// it has, the first byte the lowest; notOne is in it where it is no character of
// that alphabet. Both alphabets count.
var sextet4 = newSextets()

// pair is the byte that two hex digits stand for, the first one in the low half of
// the index, and notPair for what is none.
var pair = newPairs()

const (
	notPair   = 1 << 8
	notSextet = 1 << 31
	notASCII  = 0x808080 // a byte of three that is above ASCII
)

func newSextets() (t [4][256]uint32) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for c := range 256 {
		for k := range t {
			t[k][c] = notSextet
		}
	}
	for i, c := range []byte(letters) {
		v := uint32(i)
		t[0][c] = v << 2
		t[1][c] = v>>4 | v&15<<12
		t[2][c] = v>>2<<8 | v&3<<22
		t[3][c] = v << 16
	}
	for k := range t {
		t[k]['-'], t[k]['_'] = t[k]['+'], t[k]['/']
	}
	return t
}

// sextetOf says whether c is a character of base64.
func isSextet(c byte) bool { return sextet4[0][c] != notSextet }

// three are the bytes that the four characters from i on stand for.
func three(b []byte, i int) uint32 {
	four := b[i : i+4 : i+4]
	return sextet4[0][four[0]] | sextet4[1][four[1]] | sextet4[2][four[2]] | sextet4[3][four[3]]
}

func newPairs() *[1 << 16]uint16 {
	t := new([1 << 16]uint16)
	for i := range t {
		one, two := unhex[i&0xff], unhex[i>>8]
		if t[i] = notPair; one|two < 16 {
			t[i] = uint16(one<<4 | two)
		}
	}
	return t
}

// wanted says which bits of three bytes are zero where they may be part of a form
// in base64, and which of a pair in hex. A secret with bytes above ASCII can stand
// in base64 and hex of anything.
func (c *content) wanted() (three uint32, two uint16) {
	if c.wide && !c.binary {
		return notSextet, notPair
	}
	return notSextet | notASCII, notPair | 0x80
}

// unbase64 decodes what in b[lo:hi] may be base64 of a form. Of the whole groups
// of a form least follow one another, and one in every least is looked at, for
// each of the four ways to cut the text into groups.
func (s *search) unbase64(b []byte, lo, hi int, v *view) {
	least := s.set.groups
	wanted, _ := s.set.wanted()
	done := [4]int{lo, lo, lo, lo}
	for t := lo; t+4 <= hi; t += 4 * least {
		for i := t; i < t+4 && i+4 <= hi; i++ {
			if i < done[i&3] || three(b, i)&wanted != 0 {
				continue
			}
			start := i
			for start-4 >= done[i&3] && three(b, start-4)&wanted == 0 {
				start -= 4
			}
			end := i + 4
			for end-start < 4*least && end+4 <= hi && three(b, end)&wanted == 0 {
				end += 4
			}
			if end-start >= 4*least {
				end = s.groups(b[:hi], start, lo, v)
			}
			done[i&3] = end
		}
	}
}

// groups decodes the whole groups from b[start] on, up to one that can't be part of
// a form, which is where the next one may begin: with one more on either side, not
// below lo, that need not be ASCII nor whole.
func (s *search) groups(b []byte, start, lo int, v *view) (end int) {
	wanted, _ := s.set.wanted()
	first := len(v.buf)
	v.buf = slices.Grow(v.buf, (len(b)-start)/4*3+8+8)
	before := start
	if start-4 >= lo && three(b, start-4)&notSextet == 0 {
		before = start - 4
	}
	v.begin(before, sextets)
	out := v.buf[first:cap(v.buf)]
	n := 0
	if before < start {
		binary.LittleEndian.PutUint32(out, three(b, before))
		n = 3
	}
	end = start + blocksOf64(out[n:], b[start:], wanted&notASCII != 0)
	n += (end - start) / 4 * 3
	v.used = max(v.used, first+n+8)
	for ; end+4 <= len(b); end += 4 {
		bytes := three(b, end)
		if bytes&wanted != 0 {
			break
		}
		binary.LittleEndian.PutUint32(out[n:], bytes)
		n += 3
	}
	v.buf = v.buf[:first+n]
	v.buf = append(v.buf, s.rest(b[end:min(end+4, len(b))])...)
	v.border()
	return end
}

// rest are the bytes that some characters stand for, four at most, up to one that is
// not of base64.
func (s *search) rest(b []byte) []byte {
	var word uint32
	n := 0
	for n < len(b) && isSextet(b[n]) {
		word |= sextet4[n][b[n]]
		n++
	}
	binary.LittleEndian.PutUint32(s.last[:], word)
	return s.last[:max(n-1, 0)]
}

// unpair decodes what in b[lo:hi] may be hex of a form.
func (s *search) unpair(b []byte, lo, hi int, v *view) {
	least := s.set.pairs
	_, wanted := s.set.wanted()
	done := [2]int{lo, lo}
	for t := lo; t+2 <= hi; t += 2 * least {
		for i := t; i < t+2 && i+2 <= hi; i++ {
			if i < done[i&1] || pairAt(b, i)&wanted != 0 {
				continue
			}
			start := i
			for start-2 >= done[i&1] && pairAt(b, start-2)&wanted == 0 {
				start -= 2
			}
			done[i&1] = s.pairs(b[:hi], start, v)
		}
	}
}

// pairs decodes the pairs from b[start] on, up to one that can't be part of a form,
// which is where the next may begin. Where they are too few for a form, they are left.
func (s *search) pairs(b []byte, start int, v *view) (end int) {
	_, wanted := s.set.wanted()
	v.buf = slices.Grow(v.buf, (len(b)-start)/2+1)
	out := v.buf[len(v.buf):cap(v.buf)]
	end = start + blocksOf16(out, b[start:], wanted&0x80 != 0)
	n := (end - start) / 2
	for ; end+2 <= len(b) && n < len(out); end += 2 {
		pair := pairAt(b, end)
		if pair&wanted != 0 {
			break
		}
		out[n] = byte(pair)
		n++
	}
	if n < s.set.pairs {
		v.used = max(v.used, len(v.buf)+n)
		return end
	}
	v.begin(start, 2)
	v.buf = v.buf[:len(v.buf)+n]
	v.border()
	return end
}

func pairAt(b []byte, i int) uint16 { return pair[binary.LittleEndian.Uint16(b[i:])] }

// unspace takes out what stands between hex digits: at most four bytes at a
// place, and "0x" in front of a digit. A blank line is a border. Where line breaks
// alone stand between them, unescape has joined them.
func (s *search) unspace(b []byte, lo, hi int, lined bool, v *view) {
	p := write(v, hi-lo, 2*s.set.shortest)
	for i := lo; i < hi; {
		j := i
		for j < hi && unhex[b[j]] < 16 && !(b[j] == '0' && prefix(b[:hi], j)) {
			j++
		}
		if j > i {
			p.over = SpacedHex
			p.copy(b, i, j)
		}
		stop, apart := false, j
		for ; j < hi; j++ {
			switch c := b[j]; {
			case c == '\n' || c == '\r':
				stop = stop || lined && c == '\n' || p.last != 0 && !(p.last == '\r' && c == '\n')
				p.last = rune(c)
				continue
			case between(c):
				p.escaped = true
				continue
			case c == '0' && prefix(b[:hi], j):
				p.escaped = true
				j++
				continue
			}
			break
		}
		if stop || j == apart || j-apart > 6 {
			p.end()
		}
		i = max(j, i+1)
	}
	p.done()
}

// prefix says whether b[i:] begins with 0x.
func prefix(b []byte, i int) bool { return i+1 < len(b) && b[i+1]|0x20 == 'x' }
