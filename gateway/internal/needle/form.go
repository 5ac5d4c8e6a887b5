package needle

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
)

// Form says in which form a secret was found: a spelling, and what lay over it.
// It goes to the log; the text that was found never does.
type Form uint8

// The spellings. Each is one byte string, or two that differ in case.
const (
	Raw       Form = iota
	Base64         // RFC 4648 §4
	Base64URL      // RFC 4648 §5, where it differs from Base64
	Hex            // RFC 4648 §8, any mix of case
)

// What may lie over a spelling: of many ways to write it, any. A Form is the
// sum of a spelling and one of these.
const (
	Percent   Form = (iota + 1) << 2 // RFC 3986 §2.1, any subset of the bytes, over itself too
	JSON                             // RFC 8259 §7, any subset, over itself too; \x41 as well
	HTML                             // character references, named and numbered
	Quoted                           // quoted-printable, RFC 2045 §6.7
	Lines                            // line breaks inside, as MIME has
	UTF16                            // either end
	InBase64                         // base64 of a form
	InHex                            // hex of a form
	SpacedHex                        // hex with something between the digits
	Flood                            // so many, that all of a text was taken for it
)

const (
	spellingMask = 3
	overMask     = ^Form(spellingMask)
)

var (
	spellingNames = [...]string{"raw", "base64", "base64url", "hex"}
	overNames     = [...]string{"", "percent", "json", "html", "quoted-printable", "lines", "utf16", "base64", "hex", "hex-spaced", "flood"}
)

// String is the form's name in the log and the metrics: "base64", "percent",
// "percent(base64)".
func (f Form) String() string {
	if int(f) >= len(formNames) {
		return "unknown"
	}
	return formNames[f]
}

var formNames = func() (names [len(overNames) << 2]string) {
	for i := range names {
		f := Form(i)
		over, spelt := overNames[f>>2], spellingNames[f&spellingMask]
		switch {
		case over == "":
			names[i] = spelt
		case f&spellingMask == Raw, f == SpacedHex|Hex:
			names[i] = over
		default:
			names[i] = over + "(" + spelt + ")"
		}
	}
	return names
}()

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
	needle int32 // index in the set
	period int   // of what is told by runs, else 0
	core   int   // where in text is what it is looked up by
}

// speller gathers spellings without repeats.
type speller struct {
	list []spelling
	seen map[string]bool
}

func (s *speller) add(form Form, text []byte, needle int32) {
	key := string(text)
	if form.folds() {
		key = "fold:" + key
	}
	if len(text) < minLen || s.seen[key] {
		return
	}
	s.seen[key] = true
	s.list = append(s.list, spelling{text: text, form: form, needle: needle})
}

// spell adds every spelling of value.
func (s *speller) spell(value []byte, needle int32) {
	s.add(Raw, append([]byte(nil), value...), needle)
	for before := range 3 {
		s.add(Base64, base64After(base64.RawStdEncoding, value, before), needle)
		s.add(Base64URL, base64After(base64.RawURLEncoding, value, before), needle)
	}
	s.add(Hex, hex.AppendEncode(nil, value), needle)
	if plain := unescaped(value); string(plain) != string(value) {
		s.add(Raw, plain, needle) // what a view of the stream makes of a value that looks escaped
	}
	if bytes.IndexByte(value, ' ') >= 0 {
		s.add(Raw, bytes.ReplaceAll(value, []byte(" "), []byte("+")), needle) // as a query has it
	}
	if part := longestPart(value); part != nil {
		s.add(Raw, part, needle)
	}
}

// odd are bytes that bound words in JSON, HTML and text of any kind. Where every
// secret is free of them, words shorter than any secret need no second look.
func odd(c byte) bool {
	switch c {
	case ' ', '"', ',', '\'', '<', '>', '{', '}', '[', ']', '(', ')':
		return true
	}
	return false
}

// longestPart is the part of value without odd bytes that holds most of it, as
// the credentials in "Basic dXNlcjpwYXNz". Where it is long enough to be searched
// for by itself, and three quarters of the value, the views look for it and not
// for the whole. nil: there is none, and the value's odd bytes count.
func longestPart(value []byte) []byte {
	var best []byte
	for start, i := 0, 0; i <= len(value); i++ {
		if i == len(value) || odd(value[i]) {
			if i-start > len(best) {
				best = value[start:i]
			}
			start = i + 1
		}
	}
	if len(best) == len(value) || len(best) < longMin || 4*len(best) < 3*len(value) {
		return nil
	}
	return append([]byte(nil), best...)
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
