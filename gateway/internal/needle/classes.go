package needle

import "math/bits"

// classes tell which bytes of a text may matter. A text is looked at 64 bytes at
// a time, for stretches that are wholly of a class, so that nearly all of it is
// passed by with no look at single bytes.
type classes [4]class

const (
	runClass   = iota // can be part of a form, in one notation or another
	hexClass          // a hex digit, or what may stand between two
	solidClass        // stands between no hex digits, but for a line's end
	plainClass        // no escape begins with it, but for quoted-printable's, and it joins no lines
)

// class is a set of bytes. The second of two zeros is in none: it is no UTF-16.
type class struct {
	// One bit for each high half of a byte, in the place of its low half: in rows for
	// ASCII, in above for what is above it. This is the shape that a shuffle
	// instruction looks up.
	rows, above [16]byte
	in          [256]bool
}

func newClasses(alphabet *[256]bool) *classes {
	c := &classes{}
	utf8 := inUTF8(alphabet)
	for b := range 256 {
		ch := byte(b)
		c[runClass].in[b] = alphabet[b] || utf8[b] || special[ch] && ch < 0x80 || ch == '#' || ch == ';'
		c[hexClass].in[b] = unhex[ch] < 16 || between(ch) || ch == 'x' || ch == 'X'
		c[solidClass].in[b] = !between(ch) && ch != 'x' && ch != 'X' || ch == '\n' || ch == '\r'
		c[plainClass].in[b] = !special[ch] || ch == '='
	}
	for k := range c {
		class := &c[k]
		for b, in := range class.in {
			switch {
			case in && b < 0x80:
				class.rows[b&15] |= 1 << (b >> 4)
			case in:
				class.above[b&15] |= 1 << (b>>4 - 8)
			}
		}
	}
	return c
}

// inUTF8 are the bytes that those of Latin-1, in a secret, are written with in UTF-8.
func inUTF8(alphabet *[256]bool) (in [256]bool) {
	for b := 0x80; b < 0x100; b++ {
		if alphabet[b] {
			in[0xC0|b>>6], in[0x80|b&0x3f] = true, true
		}
	}
	return in
}

// between says whether c may stand between the pairs of hex digits.
func between(c byte) bool {
	switch c {
	case ' ', ':', '-', ',', '\n', '\r', '\t':
		return true
	}
	return false
}

// has says whether b[i] is of the class.
func (c *class) has(b []byte, i int) bool {
	return c.in[b[i]] && !(b[i] == 0 && i > 0 && b[i-1] == 0)
}

// Runs that stand close together, no more than nearby bytes, are taken as one, for at
// least together bytes.
const (
	nearby   = 48
	together = 2048
)

// stretch is the first run of b, from at on, that is least bytes long; or several of
// them and what is between, where the one before has ended close to it. The first one is
// looked for from lo on. There is none where start is end.
func (c *class) stretch(b []byte, at, lo, least int) (start, end int) {
	start, end = c.run(b, at, least)
	if at > lo && start-at <= nearby && start < end {
		end = max(end, c.span(b, min(start+together, len(b))))
	}
	return start, end
}

// run is the first run of the class in b, from at on, that is least bytes long or
// longer, which is two or more. There is none where start is end.
func (c *class) run(b []byte, at, least int) (start, end int) {
	half := min(max(least/2, 1), 63) // a run that lies in two blocks has as many in one of them
	for p := at; p < len(b); p = max(p+64, at) {
		var in uint64
		p, in = c.next(b, p, half)
		for found := rows(in, half); found != 0; {
			first := bits.TrailingZeros64(found)
			start = p + first - bits.LeadingZeros64(^(in << (64 - first)))
			stop := first + bits.TrailingZeros64(^(in >> first))
			if end = p + stop; stop == 64 {
				end = c.span(b, end)
			}
			for start <= p && start > at && c.has(b, start-1) {
				start--
			}
			if end-start >= least {
				return start, end
			}
			at = end
			found &^= 1<<stop - 1
		}
	}
	return len(b), len(b)
}

// rows has a bit in each row of members, of a block of 64, that may be part of a
// run: those that are as long, or nearly, and those of half at the block's ends.
func rows(in uint64, half int) uint64 {
	width, more := split(half)
	for n := 1; n < width; n *= 2 {
		in &= in >> n
	}
	return in & (in>>width | in>>more&ends(half))
}

// split is half as a power of two and what it is more.
func split(half int) (width, more int) {
	width = 1 << (bits.Len(uint(half)) - 1)
	return width, half - width
}

func ends(half int) uint64 { return 1 | 1<<(64-half) }

// next is the first block of 64 bytes from at on, the last being shorter, that has
// a row of members, and which of its bytes are members, the first the lowest bit:
// none where there is no such block.
func (c *class) next(b []byte, at, half int) (int, uint64) {
	for at < len(b) {
		if n := (len(b) - at) / 64; n > 0 && at > 0 {
			skip, in := c.skip(b[at-1:], n, half)
			if at += 64 * skip; skip < n {
				return at, in
			}
			continue
		}
		if in := c.members(b, at); rows(in, half) != 0 {
			return at, in
		}
		at += 64
	}
	return len(b), 0
}

// span is where the run that b[at] may be in ends.
func (c *class) span(b []byte, at int) int {
	for at < len(b) {
		in := c.members(b, at)
		if at += bits.TrailingZeros64(^in); ^in != 0 {
			break
		}
		if n := (len(b) - at) / 64; n > 0 {
			at += 64 * c.pass(b[at-1:], n)
		}
	}
	return min(at, len(b))
}

// members are those of the 64 bytes, or fewer, from b[at] on; where no two are in a
// row, those that stand alone may be left out.
func (c *class) members(b []byte, at int) uint64 {
	if at > 0 && len(b)-at >= 64 {
		_, in := c.skip(b[at-1:], 1, 1)
		return in
	}
	var block [65]byte
	n := copy(block[1:], b[at:])
	if at > 0 {
		block[0] = b[at-1]
	} else {
		block[0] = 1
	}
	_, in := c.skip(block[:], 1, 1)
	return in & (1<<n - 1)
}

// skipSlow is what skip does, with no instructions that look at 32 bytes at once.
func (c *class) skipSlow(b []byte, blocks, half int) (skipped int, in uint64) {
	for skipped < blocks {
		block := b[64*skipped:]
		in = 0
		for i := range 64 {
			if c.has(block, i+1) {
				in |= 1 << i
			}
		}
		if rows(in, half) != 0 {
			return skipped, in
		}
		skipped++
	}
	return skipped, 0
}

// passSlow is what pass does, in the same way.
func (c *class) passSlow(b []byte, blocks int) (passed int) {
	for i := 1; i <= 64*blocks && c.has(b, i); i++ {
		passed = i / 64
	}
	return passed
}
