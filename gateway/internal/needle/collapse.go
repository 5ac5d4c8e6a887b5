package needle

import (
	"bytes"
	"unicode/utf8"
)

// softly says whether b may be quoted-printable.
func softly(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '=')
		if i < 0 || i+1 >= len(b) {
			return false
		}
		b = b[i+1:]
		if b[0] == '\n' || b[0] == '\r' || len(b) > 1 && unhex[b[0]] < 16 && unhex[b[1]] < 16 {
			return true
		}
	}
}

// unescape takes one layer of escapes off b[start:end], all of the run class. Parts
// that have none stay out: the text itself has been searched for them.
func (s *search) unescape(u unescaper, start, end int, lined bool, v *view) {
	b, class := u.b, &s.set.classes[runClass]
	plain := &s.set.plain[0]
	if u.quoted {
		plain = &s.set.plain[1]
	}
	p := writer{v: v, shortest: s.set.shortest}
	p.begin()
	from := start // what stands as it is, from there to i, has not been copied
	for i := start; i < end; {
		if plain[b[i]] {
			i++
			continue
		}
		c, next, joint := rune(b[i]), i+1, joints[b[i]]
		if !joint {
			u.kind = 0
			c, next = u.token(i)
			if next == i+1 { // it is itself
				if u.cut {
					end = i
					break
				}
				i = next
				continue
			}
			joint = c <= '\r' && joints[c]
		}
		if i > from {
			p.copy(b[from:i], from)
		}
		switch {
		case joint && lined && b[i] == '\n':
			p.end()
		case joint:
			p.join(c)
		case c > 0xff && class.high == 0, c <= 0xff && !class.in[c]:
			p.end()
		default:
			p.decoded(c, i, next-i, u.kind)
			if next < end && b[next] == b[i] {
				next = p.units(b[:end], next, u.kind, plain)
			}
		}
		i, from = next, next
	}
	if end > from {
		p.copy(b[from:end], from)
	}
	p.end()
}

// joints are what wide characters and line breaks leave between the bytes of a form.
var joints = [256]bool{'\n': true, '\r': true, 0: true}

// writer writes a view, part by part.
type writer struct {
	v        *view
	shortest int
	first    int // of the part, in the view's buf and in its marks
	marks    int
	escaped  bool // the part is not as it stands in the parent
	over     Form // what was taken out before the next byte
	last     rune // the line's end that was
}

func (p *writer) begin() {
	*p = writer{v: p.v, shortest: p.shortest, first: len(p.v.buf), marks: len(p.v.marks)}
}

// end ends the part. One that is as in the parent, or too short, is dropped.
func (p *writer) end() {
	v := p.v
	switch {
	case len(v.buf) == p.first && !p.escaped:
		return
	case p.escaped && len(v.buf)-p.first >= p.shortest:
		v.border()
	default:
		v.cut(p.first, p.marks)
	}
	p.begin()
}

// copy takes over b, which stands at in in the parent.
func (p *writer) copy(b []byte, in int) {
	p.v.copy(b, in, p.over)
	p.over, p.last = 0, 0
}

// decoded adds c, which is written in the parent's span bytes from in on.
func (p *writer) decoded(c rune, in, span int, form Form) {
	p.escaped, p.over, p.last = true, 0, 0
	if c <= 0xff {
		p.v.mark(in, uint8(span), form)
		p.v.buf = append(p.v.buf, byte(c))
		return
	}
	var text [utf8.UTFMax]byte
	for _, ch := range text[:utf8.EncodeRune(text[:], c)] {
		p.v.mark(in, uint8(span), form)
		p.v.buf = append(p.v.buf, ch)
	}
}

// join takes out a joint, c. One line break is nothing, nor are the zeros of wide
// characters; a blank line is a border.
func (p *writer) join(c rune) {
	p.escaped = true
	switch {
	case c == 0:
		p.over = UTF16
	case p.last == 0 || p.last == '\r' && c == '\n':
		p.last, p.over = c, Lines
	default:
		p.end()
	}
}

// units takes over what is written like the byte before: what token would give,
// many at once. It gives where they end.
func (p *writer) units(b []byte, i int, form Form, plain *[256]bool) int {
	start, buf := i, p.v.buf
	switch form {
	case JSON:
		for i+6 <= len(b) && string(b[i:i+4]) == `\u00` && unhex[b[i+4]]|unhex[b[i+5]] < 16 && plain[unhex[b[i+4]]<<4|unhex[b[i+5]]] {
			buf = append(buf, unhex[b[i+4]]<<4|unhex[b[i+5]])
			i += 6
		}
		p.take(buf, start, i, 6, JSON)
	case Percent:
		for i+3 <= len(b) && b[i] == '%' && unhex[b[i+1]]|unhex[b[i+2]] < 16 && plain[unhex[b[i+1]]<<4|unhex[b[i+2]]] {
			buf = append(buf, unhex[b[i+1]]<<4|unhex[b[i+2]])
			i += 3
		}
		p.take(buf, start, i, 3, Percent)
	}
	return i
}

// take makes buf the view's, with more bytes, each written in span of the parent's.
func (p *writer) take(buf []byte, start, end int, span uint8, form Form) {
	if end > start {
		p.v.mark(start, span, form)
		p.v.buf = buf
	}
}

// unescaped is what the views make of a secret, layer by layer.
func unescaped(value []byte) []byte {
	for range maxOver {
		next := layerOff(value)
		if bytes.Equal(next, value) {
			break
		}
		value = next
	}
	return value
}

func layerOff(value []byte) (out []byte) {
	u := unescaper{b: value, whole: true}
	for i := 0; i < len(value); {
		c, next := u.token(i)
		switch {
		case c == '\n' || c == '\r' || c == 0:
		case c > 0xff:
			out = utf8.AppendRune(out, c)
		default:
			out = append(out, byte(c))
		}
		i = next
	}
	return out
}
