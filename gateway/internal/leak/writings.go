package leak

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"
)

// writing is a way to write a secret. They are written out here by themselves, so
// that the check shares nothing with what it checks.
type writing struct {
	name  string
	write func(s string) string
}

func each(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
}

// third writes every third byte so, and leaves the others.
func third(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for i, c := range []byte(s) {
			if i%3 == 1 {
				fmt.Fprintf(&b, format, c)
			} else {
				b.WriteByte(c)
			}
		}
		return b.String()
	}
}

func lines(s string, n int, with string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += n {
		if i > 0 {
			b.WriteString(with)
		}
		b.WriteString(s[i:min(i+n, len(s))])
	}
	return b.String()
}

func wide(s string, high int) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		two := [2]byte{byte(u), byte(u >> 8)}
		b = append(b, two[high], two[1-high])
	}
	return string(b)
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
func hexOf(s string) string    { return hex.EncodeToString([]byte(s)) }

var writings = []writing{
	{"raw", func(s string) string { return s }},
	{"base64", base64Of},
	{"base64, one byte in front", func(s string) string { return base64Of("-" + s) }},
	{"base64, two bytes in front", func(s string) string { return base64Of("-:" + s + "-") }},
	{"base64url, no padding", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"base64 of user:secret", func(s string) string { return base64Of("user:" + s) }},
	{"hex", hexOf},
	{"hex, upper case", func(s string) string { return strings.ToUpper(hexOf(s)) }},
	{"hex, mixed case", func(s string) string { return strings.NewReplacer("a", "A", "c", "C", "e", "E").Replace(hexOf(s)) }},
	{"hex with colons", func(s string) string { return lines(hexOf(s), 2, ":") }},
	{"hex with spaces", func(s string) string { return lines(hexOf(s), 2, " ") }},
	{"percent, all", each("%%%02X")},
	{"percent, some", third("%%%02x")},
	{"percent, twice", each("%%25%02X")},
	{"json, all", each(`\u%04x`)},
	{"json, some", third(`\u%04X`)},
	{"json in json", each(`\\u%04x`)},
	{`\x escapes`, each(`\x%02x`)},
	{"html, decimal", each("&#%d;")},
	{"html, hex", each("&#x%x;")},
	{"html, leading zeros", third("&#%07d;")},
	{"html in json", each(`\u0026#%d;`)},
	{"quoted-printable", each("=%02X")},
	{"utf-16, little end", func(s string) string { return wide(s, 0) }},
	{"utf-16, big end", func(s string) string { return wide(s, 1) }},
	{"base64 in lines", func(s string) string { return lines(base64Of(s), 16, "\r\n") }},
	{"base64 of base64", func(s string) string { return base64Of(base64Of(s)) }},
	{"base64 of hex", func(s string) string { return base64Of(hexOf(s)) }},
	{"hex of base64", func(s string) string { return hexOf(base64Of(s)) }},
	{"percent of base64", func(s string) string { return each("%%%02x")(base64Of(s)) }},
	{"html of hex", func(s string) string { return each("&#%d;")(hexOf(s)) }},
}
