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

// unescape collapses the escapes of b[start:end]. Parts that have none stay out:
// the text itself has been searched for them.
func (s *search) unescape(u unescaper, start, end int, lined bool, v *view) {
	b, quoted := u.b, u.quoted
	alphabet := &s.set.alphabet
	first, marks := len(v.buf), len(v.marks)
	var lines breaks
	var over Form // what was taken out before the next byte
	escaped := false
	flush := func() {
		if len(v.buf) == first && !escaped {
			return
		}
		if escaped && len(v.buf)-first >= s.set.shortest {
			s.part(v)
		} else {
			v.buf, v.marks = v.buf[:first], v.marks[:marks]
		}
		first, marks, escaped, over, lines = len(v.buf), len(v.marks), false, 0, breaks{}
	}
	for i := start; i < end; {
		j := i
		for j < end && alphabet[b[j]] && (!special[b[j]] || b[j] == '=' && !quoted) {
			j++
		}
		if j > i {
			v.copy(b[i:j], i, over)
			over, lines = 0, breaks{}
			i = j
			continue
		}
		if !special[b[i]] || b[i] == '=' && !quoted {
			flush()
			i++
			continue
		}
		u.kind = 0
		c, next := u.token(i)
		if u.cut {
			break
		}
		switch {
		case c == '\n' || c == '\r':
			if lined && b[i] == '\n' || lines.join(byte(c)) {
				flush()
				break
			}
			over, escaped = Lines, true
		case c == 0:
			over, escaped = UTF16, true
		case c > 0xff && s.set.classes[runClass].high != 0:
			v.mark(i, uint8(next-i), u.kind)
			v.buf = utf8.AppendRune(v.buf, c)
			escaped, over, lines = true, 0, breaks{}
		case c > 0xff || !alphabet[c]:
			flush()
		case next == i+1:
			v.copy(b[i:next], i, over)
			over, lines = 0, breaks{}
		default:
			v.mark(i, uint8(next-i), u.kind)
			v.buf = append(v.buf, byte(c))
			escaped, over, lines = true, 0, breaks{}
		}
		i = next
	}
	flush()
}

// unescaped is what the views make of a secret.
func unescaped(value []byte) (out []byte) {
	u := unescaper{b: value, whole: true}
	for i := 0; i < len(value); {
		if !special[value[i]] {
			out = append(out, value[i])
			i++
			continue
		}
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
