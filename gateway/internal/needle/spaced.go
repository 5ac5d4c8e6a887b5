package needle

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
