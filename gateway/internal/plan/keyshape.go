package plan

import (
	"errors"
	"regexp"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Bounds of a key shape, in bytes. What is shorter would be found everywhere.
const (
	minKey = 8 // behind the prefix
	maxKey = abi.MaxKey
)

var keyPrefixRE = regexp.MustCompile(`^[A-Za-z0-9._-]{2,32}$`)

func (m *Manifest) checkKeyShapes(bad func(string, ...any)) {
	for _, k := range m.KeyShapes {
		switch _, err := Alphabet(k.Alphabet); {
		case k.Name == "" || !oneLine(k.Name):
			bad("key shape %q: the name must be one line of up to %d printable characters", k.Name, maxLine)
		case !keyPrefixRE.MatchString(k.Prefix):
			bad("key shape %s: prefix %q must match %s", k.Name, k.Prefix, keyPrefixRE)
		case err != nil:
			bad("key shape %s: alphabet %q: %w", k.Name, k.Alphabet, err)
		case k.Min < minKey || k.Max < k.Min || k.Max > maxKey:
			bad("key shape %s: %d to %d bytes behind the prefix; must be at least %d and at most %d", k.Name, k.Min, k.Max, minKey, maxKey)
		}
	}
}

var errAlphabet = errors.New("must be letters, digits, and _ - . ~ + / =, with ranges as in A-Za-z0-9_-")

// Alphabet reads a key shape's: single bytes, and ranges of letters or digits. A
// "-" at the end is one.
func Alphabet(text string) (set [256]bool, err error) {
	if text == "" {
		return set, errAlphabet
	}
	for i := 0; i < len(text); i++ {
		first, last := text[i], text[i]
		if i+2 < len(text) && text[i+1] == '-' {
			last = text[i+2]
			i += 2
			if !alnum(first) || !alnum(last) || first > last || first>>5 != last>>5 {
				return set, errAlphabet
			}
		}
		for c := int(first); c <= int(last); c++ {
			if !keyByte(byte(c)) {
				return set, errAlphabet
			}
			set[c] = true
		}
	}
	return set, nil
}

func alnum(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }

func keyByte(c byte) bool {
	switch c {
	case '_', '-', '.', '~', '+', '/', '=':
		return true
	}
	return alnum(c)
}
