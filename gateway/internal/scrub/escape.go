package scrub

import (
	"strings"
	"unicode/utf8"
)

// escape takes a byte of an escape in a string.
func (d *document) escape(c byte) bool {
	switch d.state {
	case inEscape:
		if c == 'u' {
			d.state, d.hex, d.code = inHex, 4, 0
			return true
		}
		at := strings.IndexByte(`"\/bfnrt`, c)
		if at < 0 {
			return false
		}
		d.state = inString
		if d.key {
			d.named("\"\\/\b\f\n\r\t"[at])
		}
		return true
	case lowHalf:
		d.state = lowU
		return c == '\\'
	case lowU:
		d.state, d.hex, d.code = inHex, 4, 0
		return c == 'u'
	}
	digit := unhex(c)
	if digit >= 16 {
		return false
	}
	d.code = d.code<<4 | rune(digit)
	if d.hex--; d.hex > 0 {
		return true
	}
	return d.character()
}

// character takes the code of a whole \u. Halves of a pair by themselves are no
// character (RFC 8259 §8.2): readers make different things of them.
func (d *document) character() bool {
	low := d.code >= 0xdc00 && d.code < 0xe000
	switch {
	case d.high != 0:
		d.code = (d.high-0xd800)<<10 + (d.code - 0xdc00) + 0x10000
		if d.high = 0; !low {
			return false
		}
	case low:
		return false
	case d.code >= 0xd800 && d.code < 0xdc00:
		d.high, d.state = d.code, lowHalf
		return true
	}
	d.state = inString
	if d.key {
		var text [utf8.UTFMax]byte
		for _, c := range text[:utf8.EncodeRune(text[:], d.code)] {
			d.named(c)
		}
	}
	return true
}

// named adds a byte to the name that is being read. One byte more than may be is
// kept, so that a long name is not taken for its beginning.
func (d *document) named(c byte) {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	if len(d.name) <= maxName {
		d.name = append(d.name, c)
	}
}

// unhex is the value of a hex digit, 16 or more where c is none.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}
