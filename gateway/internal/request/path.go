package request

import (
	"strings"
	"unicode/utf8"
)

// checkPath refuses a path that has, in any of its readings, a dot segment, a
// backslash, a control character or bytes that are not text. Encoded slashes,
// colons, at signs and any letter of any script pass: real clients send them.
func checkPath(path string) error {
	if path[0] != '/' {
		return refuse("a path that doesn't begin with /")
	}
	if plain(path) {
		return nil
	}
	// Once decoded it must be UTF-8: decoders that skip or replace what is none
	// make two paths one.
	if !utf8.ValidString(decode(path)) {
		return refuse("a path that is not UTF-8")
	}
	readings := Readings(path)
	if len(readings) == 0 {
		return refuse("a path that can be read in more ways than the broker will judge")
	}
	for _, r := range readings {
		if err := checkReading(r); err != nil {
			return err
		}
	}
	return nil
}

// Sound is the readings of a path, none where checkPath would refuse it: for what
// names a resource elsewhere than in the request's own path.
func Sound(path string) []string {
	if !strings.HasPrefix(path, "/") || checkPath(path) != nil {
		return nil
	}
	return Readings(path)
}

// plain says, in one pass, that a path has no byte that could be of any doubt.
func plain(path string) bool {
	before := byte(0)
	for i := range len(path) {
		c := path[i]
		if !plainByte[c] || before == '/' && (c == '/' || c == '.') {
			return false
		}
		before = c
	}
	return true
}

var plainByte = func() (t [256]bool) {
	for _, c := range []byte("/-._~!$&'()*+,=:@0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[c] = true
	}
	return t
}()

func checkReading(r string) error {
	start := 0 // of the segment
	for i := 0; i <= len(r); i++ {
		if i == len(r) || r[i] == '/' {
			if s := r[start:i]; s == "." || s == ".." {
				return refuse("a dot segment in its path, plain or encoded: send the path that it leads to")
			}
			start = i + 1
			continue
		}
		switch c := r[i]; {
		case c == '\\':
			return refuse("a backslash in its path, plain or encoded")
		case c < ' ' || c == 0x7f:
			return refuse("a control character in its path, plain or encoded")
		case overlong(r[i:]):
			return refuse("an overlong UTF-8 sequence in its path")
		}
	}
	return nil
}

// overlong says that s begins with a UTF-8 sequence longer than its character
// needs (RFC 3629 §3). It is told from the first two bytes.
func overlong(s string) bool {
	switch s[0] {
	case 0xc0, 0xc1:
		return true
	case 0xe0:
		return len(s) > 1 && 0x80 <= s[1] && s[1] < 0xa0
	case 0xf0:
		return len(s) > 1 && 0x80 <= s[1] && s[1] < 0x90
	}
	return false
}
