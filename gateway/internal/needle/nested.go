package needle

// Forms of a form: base64 of hex, hex of base64, base64 of text that is escaped.
// What is inside is ASCII, or UTF-16 of it, so that nearly all base64 and hex that
// holds no form can be told by some bits of a few characters, and is not decoded.

// sextet is what a character of base64 says of the bytes that it is part of: bit
// k is set where it would make byte k of a group of four one above ASCII.
// Both alphabets count.
var sextet, value6 = sextets64()

// pair says of a hex digit: 1 where it can't be the first of an ASCII byte.
var pair = hexFirsts()

const notOne = 0x80 // of sextet and pair: no character of that alphabet

func sextets64() (bits, values [256]byte) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for c := range bits {
		bits[c] = notOne
	}
	for v, c := range []byte(letters) {
		values[c] = byte(v)
		bits[c] = byte(v)>>5&1 | byte(v)>>3&1<<1 | byte(v)>>1&1<<2
	}
	for c, twin := range map[byte]byte{'-': '+', '_': '/'} {
		values[c], bits[c] = values[twin], bits[twin]
	}
	return bits, values
}

func hexFirsts() (t [256]byte) {
	for c := range t {
		if t[c] = notOne; unhex[c] < 16 {
			t[c] = unhex[c] >> 3
		}
	}
	return t
}

// ascii says whether the four characters from i on are base64 of three ASCII
// bytes, or of any three where wanted leaves the other bits out.
func ascii(b []byte, i int, wanted byte) bool {
	return (sextet[b[i]]&(notOne|1)|sextet[b[i+1]]&(notOne|2)|sextet[b[i+2]]&(notOne|4)|sextet[b[i+3]]&notOne)&wanted == 0
}

// wanted are the bits that count. A secret with bytes above ASCII can stand in
// base64 and hex of anything.
func (c *content) wanted() byte {
	if c.classes[runClass].high != 0 {
		return notOne
	}
	return 0xff
}

// unbase64 decodes what in b[lo:hi] may be base64 of a form. Of the whole groups
// of a form least follow one another, and one in every least is looked at, for
// each of the four ways to cut the text into groups.
func (s *search) unbase64(b []byte, lo, hi int, v *view) {
	least, wanted := s.set.groups, s.set.wanted()
	done := [4]int{lo, lo, lo, lo}
	for t := lo; t+4 <= hi; t += 4 * least {
		for i := t; i < t+4 && i+4 <= hi; i++ {
			if i < done[i&3] || !ascii(b, i, wanted) {
				continue
			}
			start, end := i, i+4
			for start-4 >= done[i&3] && ascii(b, start-4, wanted) {
				start -= 4
			}
			for end+4 <= hi && ascii(b, end, wanted) {
				end += 4
			}
			if end-start >= 4*least {
				s.group(b, max(start-4, lo+(start-lo)%4), end, hi, v)
			}
			done[i&3] = end
		}
	}
}

// group decodes b[start:end], whole groups, with one more on either side that
// need not be ASCII nor whole.
func (s *search) group(b []byte, start, end, hi int, v *view) {
	for i := start; i < start+4 && i < end; i++ {
		if sextet[b[i]] == notOne { // the group in front isn't base64
			start += 4
			break
		}
	}
	for n := 0; n < 4 && end < hi && sextet[b[end]] != notOne; n++ {
		end++
	}
	v.mark(start, sextets, 0)
	for ; start+4 <= end; start += 4 {
		four := b[start : start+4 : start+4]
		one, two, three, last := value6[four[0]], value6[four[1]], value6[four[2]], value6[four[3]]
		v.buf = append(v.buf, one<<2|two>>4, two<<4|three>>2, three<<6|last)
	}
	if end-start >= 2 {
		v.buf = append(v.buf, value6[b[start]]<<2|value6[b[start+1]]>>4)
	}
	if end-start == 3 {
		v.buf = append(v.buf, value6[b[start+1]]<<4|value6[b[start+2]]>>2)
	}
	s.part(v)
}

// part ends a part of a view.
func (s *search) part(v *view) {
	v.mark(0, 0, 0)
	v.buf = append(v.buf, s.set.border)
}

// unpair decodes what in b[lo:hi] may be hex of a form.
func (s *search) unpair(b []byte, lo, hi int, v *view) {
	least, wanted := s.set.pairs, s.set.wanted()
	done := [2]int{lo, lo}
	for t := lo; t+2 <= hi; t += 2 * least {
		for i := t; i < t+2 && i+2 <= hi; i++ {
			if i < done[i&1] || !asciiPair(b, i, wanted) {
				continue
			}
			start, end := i, i+2
			for start-2 >= done[i&1] && asciiPair(b, start-2, wanted) {
				start -= 2
			}
			for end+2 <= hi && asciiPair(b, end, wanted) {
				end += 2
			}
			done[i&1] = end
			if end-start < 2*least {
				continue
			}
			v.mark(start, hexPairs, 0)
			for ; start < end; start += 2 {
				v.buf = append(v.buf, unhex[b[start]]<<4|unhex[b[start+1]])
			}
			s.part(v)
		}
	}
}

func asciiPair(b []byte, i int, wanted byte) bool {
	return (pair[b[i]]|pair[b[i+1]]&notOne)&wanted == 0
}

// unspace takes out what stands between hex digits: at most four bytes at a
// place, and "0x" in front of a digit. A blank line is a border.
func (s *search) unspace(b []byte, lo, hi int, lined bool, v *view) {
	start, apart := len(v.buf), false
	marks := len(v.marks)
	flush := func() {
		if apart && len(v.buf)-start >= 2*s.set.shortest {
			s.part(v)
		} else {
			v.buf, v.marks = v.buf[:start], v.marks[:marks]
		}
		start, marks, apart = len(v.buf), len(v.marks), false
	}
	for i := lo; i < hi; {
		j := i
		for j < hi && unhex[b[j]] < 16 && !(b[j] == '0' && j+1 < hi && b[j+1]|0x20 == 'x') {
			j++
		}
		if j > i {
			v.mark(i, copied, SpacedHex)
			v.buf = append(v.buf, b[i:j]...)
			i = j
			continue
		}
		var lines breaks
		stop := false
		for j < hi && (between(b[j]) || b[j] == '0' && j+1 < hi && b[j+1]|0x20 == 'x') {
			switch b[j] {
			case '\n', '\r':
				stop = stop || lines.join(b[j]) || lined && b[j] == '\n'
			case '0':
				j++
			}
			j++
		}
		apart = true
		if stop || j == i || j-i > 6 {
			flush()
		}
		i = max(j, i+1)
	}
	flush()
}
