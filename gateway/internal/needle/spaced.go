package needle

// The kinds of bytes that hex is told by where something stands between the digits.
const (
	kindNibble = iota
	kindGap    // may stand between two, as a line's end may
	kindGapLF
	kindGapCR
	kindGap0
	kindGapX
	spacedKinds
)

var gapKinds = newKindSet(rowsOf("0123456789abcdefABCDEF", " :-,\t", "\n", "\r", "0", "xX"))

// maxGap is how many bytes may stand between two digits: four, and "0x".
const maxGap = 6

// unspace takes out what stands between hex digits, and "0x" in front of one, 64 bytes
// at a time. A longer gap is a border, and so are a blank line and whatever is neither.
// Where line breaks alone stand between digits, unescape has joined them.
func (s *search) unspace(b []byte, lo, hi int, lined bool, v *view) {
	s.writer = write(v, hi-lo, 2*s.set.shortest)
	p := &s.writer
	var before uint64 // the bytes in front that are gaps, the nearest the highest bit
	for at := lo; at < hi; {
		chars := s.chars(b, at)
		var in [8]uint64
		kinds(chars, gapKinds, in[:])
		if hi-at < 64 {
			for k := range in {
				in[k] &= below(hi - at)
			}
		}
		s.b = *chars
		prefix := in[kindGap0] & (in[kindGapX] >> 1)
		keep := in[kindNibble] &^ prefix
		others := in[kindGap] | prefix | prefix<<1
		k := block{lf: in[kindGapLF], cr: in[kindGapCR], end: min(hi-at, decidedGaps)}
		if prefix>>(k.end-1)&1 != 0 {
			k.end++
		}
		gaps := others | k.lf | k.cr
		long := gaps
		for n := 1; n <= maxGap; n++ {
			long &= gaps<<n | before>>(64-n)
		}
		mask := below(k.end)
		k.borders = (gaps&^(gaps>>1)&long | ^(keep | gaps)) & mask
		if k.lf, k.cr = k.lf&mask, k.cr&mask; lined {
			k.borders, k.lf = k.borders|k.lf, 0
		}
		if others&mask|k.lf|k.cr == 0 { // nothing is taken out, so no part begins to be one
			p.quiet(at, &s.b, k.borders, k.end)
		} else {
			p.block(at, &s.b, &k, keep&mask, others&mask)
		}
		before = gaps << (64 - k.end)
		at += k.end
	}
	p.done()
}

// decidedGaps is how many of 64 bytes are decided about: of those it can be told whether
// a prefix begins there, and whether a gap goes on.
const decidedGaps = 62
