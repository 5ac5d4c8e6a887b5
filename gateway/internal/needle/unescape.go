package needle

// A text can be escaped in so many ways that listing them is hopeless: any
// subset of its bytes, in any of several notations. What each stands for is
// decoded here, one layer at a time: percent-encoding, JSON's and its relatives'
// escapes, HTML's character references, UTF-16, line breaks inside, and, where
// asked for, quoted-printable. A view of a view takes the next layer off.
//
// Of one notation over itself (%252541, \\\\u0041, &amp;amp;#65;) all layers that
// escape no more than the introducing byte come off at once. No token is looked at
// twice, so that the work is in proportion to the text, whatever it is.
//
// What a token decodes to depends on its own bytes only, never on where decoding
// began: so a stream gives the same text however it is split.

// maxToken bounds one token, in bytes. A longer one counts as the bytes that it is
// written in.
const maxToken = 32

// unescaper decodes tokens of b.
type unescaper struct {
	b      []byte
	whole  bool // b ends where the text ends
	quoted bool // quoted-printable too
	cut    bool // a token reached b's end, and more may follow
	kind   Form // of the last escape that was decoded
}

// special are the bytes that a token other than a plain byte can begin with.
// Those above ASCII are the UTF-8 of Latin-1's upper half, which collapses to
// one byte, as \u00e4 does.
var special = [256]bool{'%': true, '\\': true, '&': true, '=': true, '\n': true, '\r': true, 0: true, 0xC2: true, 0xC3: true}

// shortEscape is what a letter behind a backslash stands for.
var shortEscape = [256]byte{
	'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f',
	'/': '/', '"': '"', '\'': '\'', '%': '%', '&': '&', '=': '=',
}

// token decodes the token at i: the value, and where the next one begins. A
// value above 0xff is a character; others are bytes.
func (u *unescaper) token(i int) (value rune, next int) {
	switch c := u.b[i]; c {
	case '%':
		return u.percent(i)
	case '\\':
		return u.backslash(i)
	case '&':
		return u.reference(i)
	case '=':
		if u.quoted {
			return u.soft(i)
		}
	case 0xC2, 0xC3:
		if i+1 == len(u.b) {
			u.cut = !u.whole
		} else if d := u.b[i+1]; d >= 0x80 && d < 0xC0 {
			return rune(c&3<<6 | d&0x3f), i + 2
		}
	}
	return rune(u.b[i]), i + 1
}

// short is token for what most escapes are; next is i for others.
func short(b []byte, i int) (c byte, form Form, next int) {
	if len(b)-i < 3 {
		return 0, 0, i
	}
	one, two := b[i+1], b[i+2]
	switch b[i] {
	case '%':
		form = Percent
	case '=':
		if one == '\n' || one == '\r' {
			return 0, 0, i
		}
		form = Quoted
	case '&':
		if one == '#' || one|0x20 >= 'a' && one|0x20 <= 'z' {
			return 0, 0, i
		}
		return '&', 0, i + 1
	case '\\':
		if c = shortEscape[one]; c != 0 {
			return c, JSON, i + 2
		}
		if one == 'u' && len(b)-i >= 6 && two == '0' && b[i+3] == '0' && unhex[b[i+4]]|unhex[b[i+5]] < 16 {
			return unhex[b[i+4]]<<4 | unhex[b[i+5]], JSON, i + 6
		}
		if one == '\\' || one == 'u' || one == 'x' {
			return 0, 0, i
		}
		return '\\', 0, i + 1
	default:
		return 0, 0, i
	}
	switch c = unhex[one]<<4 | unhex[two]; {
	case unhex[one]|unhex[two] > 15:
		return b[i], 0, i + 1
	case c == '%' && form == Percent && (len(b)-i < 5 || unhex[b[i+3]]|unhex[b[i+4]] < 16): // it goes on
		return 0, 0, i
	}
	return c, form, i + 3
}

// hex is the value of n hex digits at i, -1 where there are none.
func (u *unescaper) hex(i, n int) (v rune) {
	for _, c := range u.b[min(i, len(u.b)):min(i+n, len(u.b))] {
		if unhex[c] > 15 {
			return -1
		}
		v = v<<4 | rune(unhex[c])
	}
	if i+n > len(u.b) {
		u.cut = !u.whole
		return -1
	}
	return v
}

func (u *unescaper) percent(i int) (rune, int) {
	c, j := rune('%'), i+1
	for c == '%' && j+2-i <= maxToken {
		v := u.hex(j, 2)
		if v < 0 {
			break
		}
		c, j, u.kind = v, j+2, Percent
	}
	return c, j
}

// backslash decodes any run of backslashes and the escape behind it, so that
// JSON inside JSON is no other case. A run with no escape behind it is one. Of one
// that is longer than any escape needs, only the end counts.
func (u *unescaper) backslash(i int) (rune, int) {
	j := i + 1
	for j < len(u.b) && u.b[j] == '\\' {
		j++
	}
	u.cut = j == len(u.b) && !u.whole // where it ends is not known yet
	switch {
	case j-i > maxToken/2+1:
		u.kind = JSON
		return 0, j - maxToken/2 // which is nothing
	case j == len(u.b):
	case u.b[j] == 'u':
		if v := u.hex(j+1, 4); v >= 0 {
			u.kind = JSON
			return v, j + 5
		}
	case u.b[j] == 'x':
		if v := u.hex(j+1, 2); v >= 0 {
			u.kind = JSON
			return v, j + 3
		}
	default:
		if c := shortEscape[u.b[j]]; c != 0 {
			u.kind = JSON
			return rune(c), j + 1
		}
	}
	if j > i+1 {
		u.kind = JSON
	}
	return '\\', j
}

// soft decodes what quoted-printable has behind a "=". Of a soft line break the
// line's end alone is left.
func (u *unescaper) soft(i int) (rune, int) {
	if i+1 < len(u.b) && (u.b[i+1] == '\n' || u.b[i+1] == '\r') {
		u.kind = Quoted
		return rune(u.b[i+1]), i + 2
	}
	if v := u.hex(i+1, 2); v >= 0 {
		u.kind = Quoted
		return v, i + 3
	}
	return '=', i + 1
}

// unhex is the value of a hex digit, 255 where a byte is none.
var unhex = func() (t [256]byte) {
	for c := range t {
		t[c] = 255
	}
	for i := range 10 {
		t['0'+i] = byte(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = byte(10+i), byte(10+i)
	}
	return t
}()

// breaks joins the lines of a text: one line break and the indent behind it are
// nothing, a blank line is a border.
type breaks struct{ last byte }

// join says what to do with a line's end, c: skip it, or stop.
func (l *breaks) join(c byte) (stop bool) {
	stop = l.last != 0 && !(l.last == '\r' && c == '\n')
	l.last = c
	return stop
}
