package main

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// errGraphQL is a document that is not GraphQL, or one that two readers might
// take for two.
var errGraphQL = errors.New("this is no GraphQL document that can be read in one way")

// token is a lexical token of GraphQL (October 2021, §2.1): a name, a punctuator,
// or a value, whose text is of no interest here.
type token struct {
	kind tokenKind
	text string // of a name or a punctuator
}

type tokenKind byte

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenPunctuator
	tokenValue // a number or a string
)

// maxTokens bounds a document, as its size does.
const maxTokens = 20000

// tokens reads a whole document. White space, commas, comments and a byte order
// mark at the front are ignored tokens.
func tokens(text string) ([]token, error) {
	if !utf8.ValidString(text) {
		return nil, errGraphQL
	}
	text = strings.TrimPrefix(text, "\ufeff")
	var all []token
	for text != "" {
		c := text[0]
		n, t := 1, token{kind: tokenPunctuator, text: text[:1]}
		switch {
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			text = text[1:]
			continue
		case c == '#':
			// A line ends at LF or CR. A comment that holds another control byte
			// might end there for somebody else.
			if n = strings.IndexAny(text, "\r\n"); n < 0 {
				n = len(text)
			}
			if !printable(text[:n]) {
				return nil, errGraphQL
			}
			text = text[n:]
			continue
		case nameStart(c):
			for n < len(text) && (nameStart(text[n]) || digit(text[n])) {
				n++
			}
			t = token{tokenName, text[:n]}
		case strings.IndexByte("!$&():=@[]{|}", c) >= 0:
		case strings.HasPrefix(text, "..."):
			n, t.text = 3, "..."
		case c == '"':
			if n = stringEnd(text); n == 0 {
				return nil, errGraphQL
			}
			t = token{kind: tokenValue}
		case c == '-' || digit(c):
			if n = numberEnd(text); n == 0 {
				return nil, errGraphQL
			}
			t = token{kind: tokenValue}
		default:
			return nil, errGraphQL
		}
		if all = append(all, t); len(all) > maxTokens {
			return nil, errGraphQL
		}
		text = text[n:]
	}
	return all, nil
}

func nameStart(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// printable: no control byte but a tab, and none of Unicode's line breaks.
func printable(s string) bool {
	for _, r := range s {
		if r < 0x20 && r != '\t' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return false
		}
	}
	return true
}

// stringEnd is how long the string at the front of text is, quotes and all; 0
// for one that doesn't end.
func stringEnd(text string) int {
	if strings.HasPrefix(text, `"""`) {
		for i := 3; i < len(text); i++ {
			if strings.HasPrefix(text[i:], `\"""`) {
				i += 3
			} else if strings.HasPrefix(text[i:], `"""`) {
				return i + 3
			} else if c := text[i]; c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
				return 0
			}
		}
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			n := escapeEnd(text[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		case c < 0x20 && c != '\t':
			return 0
		}
	}
	return 0
}

// escapeEnd is how long the escape at the front of text is: \n or \u0041.
func escapeEnd(text string) int {
	switch {
	case len(text) < 2:
		return 0
	case strings.IndexByte(`"\/bfnrt`, text[1]) >= 0:
		return 2
	case text[1] != 'u' || len(text) < 6:
		return 0
	}
	for _, c := range []byte(text[2:6]) {
		if !digit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return 0
		}
	}
	return 6
}

// numberEnd is how long the number at the front of text is. A name or a dot must
// not follow it (§2.9.1).
func numberEnd(text string) int {
	i := 0
	digits := func() bool {
		from := i
		for i < len(text) && digit(text[i]) {
			i++
		}
		return i > from
	}
	if text[0] == '-' {
		i++
	}
	from := i
	if !digits() || text[from] == '0' && i > from+1 {
		return 0
	}
	if i < len(text) && text[i] == '.' {
		if i++; !digits() {
			return 0
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return 0
		}
	}
	if i < len(text) && (nameStart(text[i]) || text[i] == '.') {
		return 0
	}
	return i
}
