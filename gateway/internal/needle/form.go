package needle

import (
	"encoding/base64"
	"encoding/hex"
)

// Form says in which spelling a secret was found. It goes to the log; the
// spelling itself never does.
type Form uint8

// The forms that are searched for.
const (
	Raw       Form = iota
	Base64         // RFC 4648 §4
	Base64URL      // RFC 4648 §5, where it differs from Base64
	Hex            // RFC 4648 §8, any mix of case
)

var formNames = [...]string{Raw: "raw", Base64: "base64", Base64URL: "base64url", Hex: "hex"}

// String is the form's name, as the log shows it.
func (f Form) String() string {
	if int(f) < len(formNames) {
		return formNames[f]
	}
	return "unknown"
}

// folds says whether a spelling of this form matches in any mix of case.
func (f Form) folds() bool { return f == Hex }

// minLen is the shortest spelling that is searched for, in bytes. A shorter one
// would be found in every other body. Every spelling of a secret of 4 bytes or
// more reaches it, and shorter secrets are refused when they are set.
const minLen = 4

// spelling is one byte string to find. It is as secret as what it spells.
type spelling struct {
	text   []byte
	form   Form
	needle int // index in the set
}

// appendSpellings adds every spelling of value that is not in list already.
func appendSpellings(list []spelling, seen map[string]bool, value []byte, index int) []spelling {
	add := func(form Form, text []byte) {
		key := string(text)
		if form.folds() {
			key = "fold:" + key
		}
		if len(text) < minLen || seen[key] {
			return
		}
		seen[key] = true
		list = append(list, spelling{text, form, index})
	}
	add(Raw, append([]byte(nil), value...))
	for before := range 3 {
		add(Base64, base64After(base64.RawStdEncoding, value, before))
		add(Base64URL, base64After(base64.RawURLEncoding, value, before))
	}
	add(Hex, hex.AppendEncode(nil, value))
	return list
}

// base64After spells value as it stands in the base64 of a longer text, with
// before bytes (mod 3) in front. A character is kept only where all of its six
// bits come from value: what stands before and behind, and the padding, may
// then be anything.
func base64After(enc *base64.Encoding, value []byte, before int) []byte {
	padded := append(make([]byte, before, before+len(value)), value...)
	defer clear(padded)
	text := enc.AppendEncode(nil, padded)
	first, last := (8*before+5)/6, 8*len(padded)/6
	return text[min(first, last):last]
}
