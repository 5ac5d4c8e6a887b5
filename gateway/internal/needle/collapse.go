package needle

import (
	"bytes"
	"encoding/binary"
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

// unescape takes one layer of escapes off b[start:end]. What is not of the run class is
// a border. Parts that have no escapes stay out: the text itself has been searched for
// them.
func (s *search) unescape(text unescaper, start, end int, lined bool, v *view) {
	b := text.b
	class, plain, easy := &s.set.classes[runClass], &s.set.plain[0], &s.set.easy
	if text.quoted {
		plain = &s.set.plain[1]
	}
	s.text, s.writer = text, write(v, end-start, s.set.shortest)
	u, p := &s.text, &s.writer
	i := start
	if folds && !v.marked {
		i, end = s.fold(start, end, lined)
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
			p.one(byte(c), i, uint8(next-i), form)
			if next < end && b[next] == ch {
				next = p.units(b[:end], next, form, plain)
			}
		case c <= '\r' && joints[c]:
			p.join(c)
		case c <= 0xff || !s.set.wide:
			p.end()
		default:
			p.wide(c, i, uint8(next-i), form)
		}
		i, from = next, next
	}
	if end > from {
		p.copy(b, from, end)
	}
	p.done()
}

// joints are what wide characters and line breaks leave between the bytes of a form.
var joints = [256]bool{'\n': true, '\r': true, 0: true}

// writer writes a view, part by part.
type writer struct {
	v        *view
	buf      []byte // the view's, until the writer is done
	shortest int
	first    int // of the part, in buf, and how many marks are before it
	marks    int
	escaped  bool // the part is not as it stands in the parent
	over     Form // what was taken out before the next byte
	last     rune // the line's end that was
}

// write writes behind what v has, room bytes at most, and leaves parts out that are
// not as long as shortest.
func write(v *view, room, shortest int) writer {
	v.room(room + slack)
	p := writer{v: v, buf: v.buf, shortest: shortest}
	p.begin()
	return p
}

// done ends the last part. The view has all.
func (p *writer) done() {
	p.end()
	p.v.buf = p.buf
}

func (p *writer) begin() {
	p.first, p.marks = len(p.buf), len(p.v.marks)
	p.escaped, p.over, p.last = false, 0, 0
}

// end ends the part. One that is as in the parent, or too short, is dropped.
func (p *writer) end() {
	v := p.v
	p.drops(len(p.buf))
	switch {
	case len(p.buf) == p.first && !p.escaped:
	case p.escaped && len(p.buf)-p.first >= p.shortest:
		p.mark(0, 0, 0)
		p.buf = append(p.buf, v.end)
	default:
		p.buf, v.marks = p.buf[:p.first], v.marks[:p.marks]
	}
	p.begin()
}

// drops says that what is written, n bytes and what stands behind them, may be no part
// of the view.
func (p *writer) drops(n int) { p.v.used = max(p.v.used, min(n+slack, cap(p.buf))) }

// mark says where the bytes that follow come from.
func (p *writer) mark(in int, span uint8, form Form) {
	if p.v.marked {
		p.v.mark(len(p.buf), in, span, form)
	}
}

// copy takes over b[from:to], which stands there in the parent.
func (p *writer) copy(b []byte, from, to int) {
	p.mark(from, 1, p.over)
	p.over, p.last = 0, 0
	n, size := len(p.buf), to-from
	if size <= stride && from+stride <= len(b) && n+stride <= cap(p.buf) {
		room := p.buf[n : n+stride]
		binary.LittleEndian.PutUint64(room, binary.LittleEndian.Uint64(b[from:]))
		binary.LittleEndian.PutUint64(room[8:], binary.LittleEndian.Uint64(b[from+8:]))
		p.buf = p.buf[:n+size]
		return
	}
	p.buf = append(p.buf, b[from:to]...)
}

// stride is what copy moves at once, where there is room.
const stride = 16

// slack is how much may be written behind what a view has.
const slack = 72

// one adds a byte that is written in the parent's span bytes from in on.
func (p *writer) one(c byte, in int, span uint8, form Form) {
	p.escaped, p.over, p.last = true, 0, 0
	p.mark(in, span, form)
	p.buf = append(p.buf, c)
}

// wide adds a character above them, which is as many bytes as UTF-8 has for it.
func (p *writer) wide(c rune, in int, span uint8, form Form) {
	var text [utf8.UTFMax]byte
	for _, ch := range text[:utf8.EncodeRune(text[:], c)] {
		p.one(ch, in, span, form)
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
		p.last = c
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
