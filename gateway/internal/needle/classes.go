package needle

// classes tell which bytes of a text may matter, 64 at a time, so that nearly
// all of a text is passed by with no look at single bytes.
type classes struct {
	// One bit for each high half of a byte, in the place of its low half, for
	// ASCII. This is the shape that a shuffle instruction looks up.
	rows [4][16]byte
	in   [4][256]bool
	high uint64 // all ones where bytes above ASCII are of the run class
}

const (
	runClass  = iota // can be part of a form, in one notation or another
	markClass        // begins an escape, or joins lines
	hexClass         // a hex digit, or what may stand between two
	zeroClass
)

// masks has a bit for each of 64 bytes, the first the lowest.
type masks [4]uint64

func newClasses(alphabet *[256]bool) *classes {
	c := &classes{}
	for b := range 256 {
		ch := byte(b)
		mark := special[ch] && ch < 0x80
		c.in[runClass][b] = alphabet[b] || mark || ch == '#' || ch == ';'
		c.in[markClass][b] = mark
		c.in[hexClass][b] = unhex[ch] < 16 || between(ch) || ch == 'x' || ch == 'X'
		c.in[zeroClass][b] = ch == 0
	}
	for b := 128; b < 256; b++ {
		if alphabet[b] {
			c.high = ^uint64(0)
		}
	}
	for k := range c.rows {
		for b := range 128 {
			if c.in[k][b] {
				c.rows[k][b&15] |= 1 << (b >> 4)
			}
		}
	}
	return c
}

// between says whether c may stand between the pairs of hex digits.
func between(c byte) bool {
	switch c {
	case ' ', ':', '-', ',', '\n', '\r', '\t':
		return true
	}
	return false
}

// classifySlow is what classify does, a byte at a time.
func (c *classes) classifySlow(dst []masks, b []byte) {
	for k := range dst {
		var m masks
		for i, ch := range b[64*k : 64*k+64] {
			for j := range m {
				if c.in[j][ch] || j == runClass && ch >= 0x80 && c.high != 0 {
					m[j] |= 1 << i
				}
			}
		}
		dst[k] = m
	}
}
