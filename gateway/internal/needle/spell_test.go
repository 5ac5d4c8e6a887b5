package needle

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// What these tests expect is worked out here with the standard encoders only,
// and not with the code under test.

func set(values ...string) *Set { return NewSet(needles(values...)) }

func needles(values ...string) []Needle {
	var list []Needle
	for i, v := range values {
		list = append(list, Needle{Name: fmt.Sprintf("cred-%d", i), Value: secret.New([]byte(v))})
	}
	return list
}

// fixed are the characters of value in base64 with before bytes in front of it
// that stay the same whatever stands around it.
func fixed(enc *base64.Encoding, value string, before int) string {
	around := func(c string) string {
		return enc.EncodeToString([]byte(strings.Repeat(c, before) + value + c + c + c))
	}
	zeros, ones := around("\x00"), around("\xff")
	var same []byte
	for i := range zeros {
		if zeros[i] == ones[i] && zeros[i] != '=' {
			same = append(same, zeros[i])
		}
	}
	return string(same)
}

type spelt struct {
	text string
	form Form
	fold bool
}

func spellings(value string) []spelt {
	list := []spelt{{value, Raw, false}, {hex.EncodeToString([]byte(value)), Hex, true}}
	for before := range 3 {
		std, url := fixed(base64.StdEncoding, value, before), fixed(base64.URLEncoding, value, before)
		list = append(list, spelt{std, Base64, false})
		if url != std {
			list = append(list, spelt{url, Base64URL, false})
		}
	}
	return list
}

// byHand finds what Find should, one place after the other.
func byHand(text string, from int, values ...string) []Hit {
	var hits []Hit
	seen := map[string]bool{}
	for index, v := range values {
		for _, s := range spellings(v) {
			key := fmt.Sprint(s.text, s.fold)
			if len(s.text) < 4 || seen[key] {
				continue
			}
			seen[key] = true
			for i := 0; i+len(s.text) <= len(text); i++ {
				part := text[i : i+len(s.text)]
				if i+len(s.text) > from && (part == s.text || s.fold && lowerASCII(part) == s.text) {
					hits = append(hits, Hit{i, i + len(s.text), s.form, index})
				}
			}
		}
	}
	return sorted(hits)
}

// judge says what is wrong with hits: each place found by hand must lie in one of
// them (of a long secret, in those of its parts, and of one that repeats itself, in some
// together), and none may be a spelling that
// is not there.
func judge(text string, from int, hits []Hit, values ...string) string {
	want := byHand(text, from, values...)
	for _, w := range want {
		if !slices.ContainsFunc(hits, func(h Hit) bool { return h.Start <= w.Start && h.End >= w.End }) &&
			(len(values[w.Needle]) <= maxPiece && !repeatsItself(text[w.Start:w.End]) || uncovered(hits, anyNeedle, max(w.Start, from), w.End) > 0) {
			return fmt.Sprintf("%v was not found in %v", w, hits)
		}
	}
	plain := func(v string) bool {
		return len(v) <= maxPiece && string(unescaped([]byte(v))) == v && longestPart([]byte(v)) == nil &&
			!strings.Contains(v, " ") // which is a plus sign in a query
	}
	all := byHand(text, 0, values...)
	for _, h := range hits {
		if h.Start < 0 || h.End > len(text) || h.End <= h.Start || h.Needle >= len(values) {
			return fmt.Sprintf("%v is no place", h)
		}
		if h.Form < Percent && plain(values[h.Needle]) && !slices.Contains(all, h) {
			return fmt.Sprintf("%v is not there", h)
		}
	}
	return ""
}

// repeatsItself says whether a text is a few bytes again and again.
func repeatsItself(text string) bool {
	for p := 1; p <= min(maxPeriod, len(text)/2); p++ {
		if lowerASCII(text[p:]) == lowerASCII(text[:len(text)-p]) {
			return true
		}
	}
	return false
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 32
		}
	}
	return string(b)
}

func sorted(hits []Hit) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int {
		return strings.Compare(fmt.Sprintf("%08d %08d %d %d", a.Start, a.End, a.Form, a.Needle),
			fmt.Sprintf("%08d %08d %d %d", b.Start, b.End, b.Form, b.Needle))
	})
	return hits
}

func mixCase(r *rand.Rand, s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' && r.IntN(2) == 0 {
			b[i] = c - 32
		}
	}
	return string(b)
}

func randomBytes(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func printable(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('!' + r.IntN('~'-'!'+1))
	}
	return string(b)
}
