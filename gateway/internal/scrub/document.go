package scrub

// Bounds of what a document remembers.
const (
	maxDepth = 128 // of nesting
	maxName  = 256 // bytes of a name; a longer one is compared with none
)

// document follows a JSON text (RFC 8259) byte by byte, in the memory of its
// nesting and of one name, and says how each byte leaves.
type document struct {
	state   state
	open    []place // objects and arrays that are open
	value   place   // of the value that comes next, or is being read
	key     bool    // the string that is being read is a name
	name    []byte  // as far as it was read, in lower case
	hex     int     // digits of a \u that are still to come
	code    rune
	high    rune   // the first half of a surrogate pair; 0 for none
	word    string // what must come of true, false or null
	begun   bool   // there was more than white space
	secrets int    // values that were masked
	step    func(p place, depth int, name string, item bool) place
}

type state byte

const (
	beforeValue state = iota
	beforeItem        // a value, or the end of an empty array
	beforeName        // a name, or the end of an empty object
	nextName          // a name
	colon
	afterValue
	inString
	inEscape
	inHex
	lowHalf  // "\" of the second half of a pair
	lowU     // its "u"
	inWord   // true, false, null
	minus    // the number states: behind "-"
	zero     // behind a leading 0
	integer  // in its digits
	point    // behind "."
	fraction // in the digits behind it
	exponent // behind "e"
	sign     // behind its sign
	power    // in its digits
	atEnd    // behind the document
)

// whole says that the text may end here; nothing at all may too.
func (d *document) whole() bool {
	return d.state == atEnd || !d.begun || len(d.open) == 0 && d.numberMayEnd()
}

func (d *document) numberMayEnd() bool {
	return d.state == zero || d.state == integer || d.state == fraction || d.state == power
}

// byte takes the next byte and gives what leaves for it. ok is false where it
// can't stand there.
func (d *document) byte(c byte) (out byte, ok bool) {
	switch {
	case d.state == inString:
		return d.inString(c)
	case d.state >= inEscape && d.state <= lowU:
		ok = d.escape(c)
		if !d.key && d.value.secret {
			return '*', ok
		}
		return c, ok
	case d.state == inWord:
		if c != d.word[0] {
			return c, false
		}
		if d.word = d.word[1:]; d.word == "" {
			d.ended()
		}
		return c, true
	case d.state >= minus && d.state <= power:
		if next, in := number(d.state, c); in {
			d.state = next
			if d.value.secret && c >= '0' && c <= '9' {
				c = '1'
			}
			return c, true
		}
		if !d.numberMayEnd() {
			return c, false
		}
		d.ended()
	}
	if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
		return c, true
	}
	ok = d.structure(c)
	if d.value.secret && c >= '0' && c <= '9' { // the first of a number
		c = '1'
	}
	return c, ok
}

// structure takes a byte between values, or the first of one.
func (d *document) structure(c byte) bool {
	d.begun = true
	switch d.state {
	case beforeValue:
		return d.begin(c)
	case beforeItem:
		return c == ']' && d.close(false) || c != ']' && d.begin(c)
	case beforeName, nextName:
		if c == '}' && d.state == beforeName {
			return d.close(true)
		}
		d.state, d.key, d.name = inString, true, d.name[:0]
		return c == '"'
	case colon:
		d.state = beforeValue
		d.value = d.step(d.open[len(d.open)-1], len(d.open)-1, string(d.name), false)
		return c == ':'
	case afterValue:
		switch c {
		case ',':
			if d.open[len(d.open)-1].object {
				d.state = nextName
			} else {
				d.item(beforeValue)
			}
			return true
		case ']', '}':
			return d.close(c == '}')
		}
	}
	return false
}

// begin takes the first byte of a value.
func (d *document) begin(c byte) bool {
	if d.value.secret && c != '{' && c != '[' {
		d.secrets++
	}
	switch {
	case c == '{' || c == '[':
		if len(d.open) == maxDepth {
			return false
		}
		d.value.object = c == '{'
		d.open = append(d.open, d.value)
		if d.state = beforeName; c == '[' {
			d.item(beforeItem)
		}
	case c == '"':
		d.state, d.key = inString, false
	case c == 't':
		d.state, d.word = inWord, "rue"
	case c == 'f':
		d.state, d.word = inWord, "alse"
	case c == 'n':
		d.state, d.word = inWord, "ull"
	case c == '-':
		d.state = minus
	case c == '0':
		d.state = zero
	case c >= '1' && c <= '9':
		d.state = integer
	default:
		return false
	}
	return true
}

func (d *document) item(s state) {
	d.state = s
	d.value = d.step(d.open[len(d.open)-1], len(d.open)-1, "", true)
}

func (d *document) close(object bool) bool {
	last := len(d.open) - 1
	if last < 0 || d.open[last].object != object {
		return false
	}
	d.open = d.open[:last]
	d.ended()
	return true
}

// ended is called behind each value.
func (d *document) ended() {
	if d.state = afterValue; len(d.open) == 0 {
		d.state = atEnd
	}
}

func (d *document) inString(c byte) (out byte, ok bool) {
	switch {
	case c == '"':
		if d.state = colon; !d.key {
			d.ended()
		}
		return c, true
	case c == '\\':
		d.state = inEscape
	case c < ' ':
		return c, false
	case d.key:
		d.named(c)
	}
	if !d.key && d.value.secret {
		return '*', true
	}
	return c, true
}

// number is the state after a byte of a number; in is false for a byte that is
// none of it.
func number(s state, c byte) (next state, in bool) {
	digit := c >= '0' && c <= '9'
	switch s {
	case minus:
		if c == '0' {
			return zero, true
		}
		return integer, digit
	case zero, integer:
		switch {
		case c == '.':
			return point, true
		case c == 'e' || c == 'E':
			return exponent, true
		}
		return integer, digit && s == integer
	case point:
		return fraction, digit
	case fraction:
		if c == 'e' || c == 'E' {
			return exponent, true
		}
		return fraction, digit
	case exponent:
		if c == '+' || c == '-' {
			return sign, true
		}
		return power, digit
	}
	return power, digit // sign, power
}
