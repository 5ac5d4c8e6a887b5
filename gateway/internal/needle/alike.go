package needle

// alike says what b begins with three escapes of, in a row: whole texts are written
// so, and nothing about them is to be guessed.
func alike(b []byte) Form {
	switch {
	case b[0] == '\\' && b[1] == 'u' && b[6] == '\\' && b[7] == 'u' && b[12] == '\\' && b[13] == 'u':
		return JSON
	case b[0] == '%' && b[3] == '%' && b[6] == '%':
		return Percent
	}
	return 0
}

// row takes off escapes of that form, one behind the other from b[i] on, and says
// where others begin. Its values are those of the loop in unescape.
func (f *folder) row(i, end int, form Form) int {
	b, p := f.u.b, f.p
	for i < end {
		i = p.units(b[:end], i, form, f.plain)
		if i >= end {
			break
		}
		c, kind, next := short(b, i)
		if kind != form || next < i+3 || next > end { // a shorter one, or what takes more to tell
			break
		}
		switch {
		case f.c.easy[c]:
			p.one(c, i)
		case joints[c]:
			p.join(rune(c))
		default:
			p.end()
		}
		i = next
	}
	return i
}

// units takes over what is written like the byte before: what token would give,
// many at once. It gives where they end.
func (p *writer) units(b []byte, i int, form Form, plain *[256]bool) int {
	out, n := p.buf[len(p.buf):cap(p.buf)], 0
	start := i
	switch form {
	case JSON:
		for ; i+6 <= len(b) && n < len(out) && string(b[i:i+4]) == `\u00`; i, n = i+6, n+1 {
			high, low := unhex[b[i+4]], unhex[b[i+5]]
			if out[n] = high<<4 | low; high|low > 15 || !plain[out[n]] {
				break
			}
		}
		p.take(n, start, 6)
	case Percent:
		for ; i+3 <= len(b) && n < len(out) && b[i] == '%'; i, n = i+3, n+1 {
			high, low := unhex[b[i+1]], unhex[b[i+2]]
			if out[n] = high<<4 | low; high|low > 15 || !plain[out[n]] {
				break
			}
		}
		p.take(n, start, 3)
	}
	return i
}

// take makes n bytes behind buf its own, each written in span of the parent's from
// in on.
func (p *writer) take(n, in, span int) {
	if n == 0 {
		return
	}
	p.escaped, p.last = true, 0
	for most := 64 / span; n > 0; n -= most {
		some := min(n, most)
		var keep uint64
		for k := range some {
			keep |= 1 << (k * span)
		}
		p.keeps(in, keep)
		p.buf = p.buf[:len(p.buf)+some]
		in += some * span
	}
}
