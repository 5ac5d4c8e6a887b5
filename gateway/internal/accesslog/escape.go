package accesslog

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// What has a backslash put before it: in a JSON string the two characters that
// need it, on a terminal the one that would make an escape ambiguous.
const (
	quoteJSON     = `"\`
	quoteTerminal = `\`
)

// appendEscaped appends s so that no terminal acts on it and every JSON reader
// gets its value back: whatever isn't a printable character or a space
// (controls, bidirectional marks, zero-width and unassigned characters) as
// \uXXXX, astral ones as a surrogate pair (RFC 8259 section 7); invalid UTF-8 as
// U+FFFD, a byte at a time, as encoding/json has it.
func appendEscaped(b []byte, s, quote string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c < ' ' || c == 0x7f:
				b = appendUnicode(append(b, s[start:i]...), rune(c))
				start = i + 1
			case c == quote[0] || c == quote[len(quote)-1]:
				b = append(append(b, s[start:i]...), '\\', c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[start:i]...), string(utf8.RuneError)...)
			start = i + size
		case !strconv.IsPrint(r):
			b = appendUnicode(append(b, s[start:i]...), r)
			start = i + size
		}
		i += size
	}
	return append(b, s[start:]...)
}

func appendUnicode(b []byte, r rune) []byte {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendUnicode(appendUnicode(b, high), low)
	}
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
