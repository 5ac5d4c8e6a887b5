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
		for b = b[i+1:]; len(b) > 1 && b[0] == '='; { // a row of them costs no search each
			b = b[1:]
		}
		if b[0] == '\n' || b[0] == '\r' || len(b) > 1 && unhex[b[0]] < 16 && unhex[b[1]] < 16 {
			return true
		}
	}
}

// unescape takes one layer of escapes off b[start:end]. What is not of the run class is
// a border. Parts that have no escapes stay out: the text itself has been searched for
// them.
func (s *search) unescape(text unescaper, start, end int, lined bool, v *view) {
	v.text = text
	s.text, s.writer = text, write(v, end-start, s.set.shortest)
	if folds {
		start, end = s.fold(start, end, lined)
	}
	s.tokens(start, end, lined)
	s.writer.done()
}

// tokens is unescape, token by token.
func (s *search) tokens(i, end int, lined bool) {
	u, p, b := &s.text, &s.writer, s.text.b
	class, plain, easy := &s.set.classes[runClass], &s.set.plain[0], &s.set.easy
	if u.quoted {
		plain = &s.set.plain[1]
	}
	from := i // what stands as it is, from there to i, has not been copied
	for i < end {
		ch := b[i]
		if plain[ch] {
			i++
			continue
		}
		if joints[ch] || !class.in[ch] {
			if i > from {
				p.copy(b, from, i)
			}
			if lined && ch == '\n' || !class.has(b, i) {
				p.end()
			} else {
				p.join(rune(ch))
			}
			i++
			from = i
			continue
		}
		value, form, next := short(b, i)
		c := rune(value)
		if next == i {
			u.kind, u.cut = 0, false
			c, next = u.token(i)
			form = u.kind
		}
		if next == i+1 { // it is itself
			if u.cut {
				end = i
				break
			}
			i = next
			continue
		}
		if i > from {
			p.copy(b, from, i)
		}
		p.escaped = p.escaped || ch == '\\' && b[i+1] == '\\'
		switch {
		case c <= 0xff && easy[c]:
			p.one(byte(c), i)
			if next < end && b[next] == ch {
				next = p.units(b[:end], next, form, plain)
			}
		case c <= '\r' && joints[c]:
			p.join(c)
		case c <= 0xff || !s.set.wide:
			p.end()
		default:
			p.wide(c, i)
		}
		i, from = next, next
	}
	if end > from {
		p.copy(b, from, end)
	}
}

// joints are what wide characters and line breaks leave between the bytes of a form.
var joints = [256]bool{'\n': true, '\r': true, 0: true}

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
