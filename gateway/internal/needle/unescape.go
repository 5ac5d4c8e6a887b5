package needle

// A text can be escaped in so many ways that listing them is hopeless: any
// subset of its bytes, in any of several notations, one over the other. All of
// them collapse to one text here: percent-encoding, JSON's and its relatives'
// escapes, HTML's character references, UTF-16, line breaks inside, and, where
// asked for, quoted-printable. Secrets are searched for in that.
//
// What a token decodes to depends on its own bytes only, never on where decoding
// began: so a stream gives the same text however it is split.

// Bounds on one token. A longer one counts as the bytes that it is written in.
const (
	maxDepth = 6  // notations over one another
	maxToken = 48 // bytes
)

// unescaper decodes tokens of b.
type unescaper struct {
	b      []byte
	whole  bool // b ends where the text ends
	quoted bool // quoted-printable too
	cut    bool // a token reached b's end, and more may follow
	limit  int  // where the longest token from here ends: none looks further
	kind   Form // of the last escape that was decoded
}

// special are the bytes that a token other than a plain byte can begin with.
// Those above ASCII are the UTF-8 of Latin-1's upper half, which collapses to
// one byte, as \u00e4 does.
var special = [256]bool{'%': true, '\\': true, '&': true, '=': true, '\n': true, '\r': true, 0: true, 0xC2: true, 0xC3: true}

// shortEscape is what a letter behind a backslash stands for, where that is no
// token's first byte, or a line's end.
var shortEscape = [256]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f', '/': '/', '"': '"', '\'': '\''}

// token decodes the token at i: the value, and where the next one begins. A
// value above 0xff is a character; others are bytes.
func (u *unescaper) token(i int) (value rune, next int) {
	u.limit = i + maxToken
	if b := u.b[i:]; len(b) >= 6 { // the common ones, at once
		switch {
		case b[0] == '\n' || b[0] == '\r' || b[0] == 0:
			return rune(b[0]), i + 1
		case b[0] == '\\' && shortEscape[b[1]] != 0:
			u.kind = JSON
			return rune(shortEscape[b[1]]), i + 2
		case b[0] == '%' && (unhex[b[1]] > 15 && !special[b[1]] || b[2] == '%' && (b[3] < '3' || b[3] > '6')):
			return '%', i + 1 // the digit that is missing is not an escaped one either
		case b[0] == '%' && unhex[b[1]]|unhex[b[2]] < 16:
			if c := unhex[b[1]]<<4 | unhex[b[2]]; !special[c] {
				u.kind = Percent
				return rune(c), i + 3
			}
		case b[0] == '\\' && b[1] == 'u' && unhex[b[2]]|unhex[b[3]]|unhex[b[4]]|unhex[b[5]] < 16:
			c := rune(unhex[b[2]])<<12 | rune(unhex[b[3]])<<8 | rune(unhex[b[4]])<<4 | rune(unhex[b[5]])
			if c > 0xff || !special[c] {
				u.kind = JSON
				return c, i + 6
			}
		case b[0] == '\\' && b[1] == '\\':
			// Of a run that is longer than any escape needs, only the end counts.
			n := 2
			for n < len(b) && b[n] == '\\' {
				n++
			}
			if u.cut = n == len(b) && !u.whole; u.cut { // where it ends is not known yet
				return '\\', i + 1
			}
			if n > maxToken/2 {
				u.kind = JSON
				return '\\', i + n - maxToken/2
			}
		}
	}
	c, j := u.collapse(i, 0)
	if j-i > maxToken {
		return rune(u.b[i]), i + 1
	}
	return c, j
}

func (u *unescaper) collapse(i, depth int) (rune, int) {
	c, next := rune(u.b[i]), i+1
	for depth < maxDepth {
		kind := u.kind
		v, j := u.body(c, next, depth)
		if j <= next {
			u.kind = kind
			break
		}
		c, next = v, j
		depth++
		if c > 0xff || !special[c] || c == '=' { // quoted-printable is not laid over itself
			break
		}
	}
	return c, next
}

// peek is collapse, -1 at the end of what there is or may be looked at.
func (u *unescaper) peek(i, depth int) (rune, int) {
	if i >= u.limit {
		return -1, i
	}
	if i >= len(u.b) {
		u.cut = !u.whole
		return -1, i
	}
	if !special[u.b[i]] {
		return rune(u.b[i]), i + 1
	}
	return u.collapse(i, depth)
}

// body decodes what follows an introducing byte c. Its end is j where there is
// nothing to decode.
func (u *unescaper) body(c rune, j, depth int) (rune, int) {
	switch c {
	case '%':
		if v, end := u.digits(j, 2, depth); end > 0 {
			u.kind = Percent
			return v, end
		}
	case '=':
		return u.quotedBody(j)
	case '\\':
		return u.backslash(j, depth)
	case '&':
		return u.reference(j, depth)
	case 0xC2, 0xC3:
		if d, end := u.peek(j, depth+1); d >= 0x80 && d < 0xC0 {
			return c&3<<6 | d&0x3f, end
		}
	}
	return 0, j
}

func (u *unescaper) quotedBody(j int) (rune, int) {
	if !u.quoted {
		return 0, j
	}
	if j >= len(u.b) {
		u.cut = !u.whole
		return 0, j
	}
	if u.b[j] == '\n' || u.b[j] == '\r' { // a soft line break: the line's end alone is left
		u.kind = Quoted
		return rune(u.b[j]), j + 1
	}
	if j+1 >= len(u.b) {
		u.cut = !u.whole
		return 0, j
	}
	if unhex[u.b[j]] > 15 || unhex[u.b[j+1]] > 15 {
		return 0, j
	}
	u.kind = Quoted
	return rune(unhex[u.b[j]]<<4 | unhex[u.b[j+1]]), j + 2
}

// digits reads n hex digits; its end is 0 where there are none.
func (u *unescaper) digits(i, n, depth int) (v rune, end int) {
	if n == 2 && i+2 <= min(len(u.b), u.limit) && unhex[u.b[i]]|unhex[u.b[i+1]] < 16 {
		return rune(unhex[u.b[i]]<<4 | unhex[u.b[i+1]]), i + 2
	}
	for range n {
		c, next := u.peek(i, max(depth+1, maxDepth-2)) // a digit that is itself escaped is so twice at most
		if c < 0 || c > 0xff || unhex[c] > 15 {
			return 0, 0
		}
		v, i = v<<4|rune(unhex[c]), next
	}
	return v, i
}

// backslash decodes any run of backslashes and the escape behind it, so that
// JSON inside JSON is no other case. A run with no escape behind it is one.
func (u *unescaper) backslash(j, depth int) (rune, int) {
	i := j
	for range maxToken {
		if i < len(u.b) && u.b[i] == '\\' {
			i++
			continue
		}
		u.kind = 0
		c, next := u.peek(i, depth+1)
		if u.kind == JSON && c != '\\' {
			return c, next // the run went on, in another notation, and its escape is decoded
		}
		switch c {
		case '\\':
			i = next
			continue
		case 'u', 'x':
			n := 4
			if c == 'x' {
				n = 2
			}
			if v, end := u.digits(next, n, depth); end > 0 {
				u.kind = JSON
				return v, end
			}
		case 'n', 'r', 't', 'b', 'f', '/', '"', '\'', '%', '&', '=':
			u.kind = JSON
			return plainEscape(c), next
		}
		break
	}
	if i > j {
		u.kind = JSON
	}
	return '\\', i
}

func plainEscape(c rune) rune {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	}
	return c
}

// reference decodes a character reference of HTML behind its "&".
func (u *unescaper) reference(j, depth int) (rune, int) {
	if j+4 <= min(len(u.b), u.limit) && string(u.b[j:j+4]) == "amp;" { // by far the commonest
		u.kind = HTML
		return '&', j + 4
	}
	var name [8]byte
	n, i := 0, j
	c, next := u.peek(i, depth+1)
	if c == '#' {
		return u.number(j, next, depth)
	}
	for c >= 0 && c < 0x80 && n < len(name) && (unhex[c] < 10 || 'a' <= c|0x20 && c|0x20 <= 'z') {
		name[n], n, i = byte(c), n+1, next
		if i < len(u.b) && !special[u.b[i]] {
			c, next = rune(u.b[i]), i+1
		} else {
			c, next = u.peek(i, depth+1)
		}
	}
	if c == ';' && n > 0 {
		if v, ok := entities[string(name[:n])]; ok {
			u.kind = HTML
			return v, next
		}
	}
	return 0, j
}

func (u *unescaper) number(j, i, depth int) (rune, int) {
	base, v, n := rune(10), rune(0), 0
	c, next := u.peek(i, depth+1)
	if c == 'x' || c == 'X' {
		base, i = 16, next
		c, next = u.peek(i, depth+1)
	}
	for c >= 0 && c <= 0xff && rune(unhex[c]) < base && next-j < maxToken {
		v, n, i = min(v*base+rune(unhex[c]), 0x110000), n+1, next
		if i < len(u.b) && !special[u.b[i]] {
			c, next = rune(u.b[i]), i+1
		} else {
			c, next = u.peek(i, depth+1)
		}
	}
	if n == 0 || v > 0x10ffff {
		return 0, j
	}
	u.kind = HTML
	if c == ';' {
		return v, next
	}
	return v, i // browsers decode it without, too
}

// entities are the names that HTML has for ASCII.
var entities = map[string]rune{
	"Tab": '\t', "NewLine": '\n', "excl": '!', "quot": '"', "QUOT": '"', "num": '#', "dollar": '$', "percnt": '%', "amp": '&',
	"AMP": '&', "apos": '\'', "lpar": '(', "rpar": ')', "ast": '*', "midast": '*', "plus": '+', "comma": ',', "period": '.',
	"sol": '/', "colon": ':', "semi": ';', "lt": '<', "LT": '<', "equals": '=', "gt": '>', "GT": '>', "quest": '?',
	"commat": '@', "lsqb": '[', "lbrack": '[', "bsol": '\\', "rsqb": ']', "rbrack": ']', "Hat": '^', "lowbar": '_',
	"UnderBar": '_', "grave": '`', "lcub": '{', "lbrace": '{', "verbar": '|', "vert": '|', "VerticalLine": '|', "rcub": '}',
	"rbrace": '}', "dash": '-', "hyphen": '-',
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
