package needle

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
)

// writings are ways to write a text, worked out with the standard encoders.
// Some depend on chance, and are to be tried more than once.
var writings = map[string]func(r *rand.Rand, s string) string{
	"percent": func(r *rand.Rand, s string) string {
		return each(s, func(c byte) string { return fmt.Sprintf("%%%02X", c) })
	},
	"percent, some":   some(func(r *rand.Rand, c byte) string { return mixCase(r, fmt.Sprintf("%%%02x", c)) }),
	"percent, query":  func(r *rand.Rand, s string) string { return url.QueryEscape(s) },
	"percent, twice":  some(func(r *rand.Rand, c byte) string { return fmt.Sprintf("%%25%02X", c) }),
	"percent, always": func(r *rand.Rand, s string) string { return each(each(s, percent), percent) },
	"json": func(r *rand.Rand, s string) string {
		return each(s, func(c byte) string { return fmt.Sprintf(`\u%04x`, c) })
	},
	"json, some":     some(func(r *rand.Rand, c byte) string { return `\u` + mixCase(r, fmt.Sprintf("%04x", c)) }),
	"json, slashes":  func(r *rand.Rand, s string) string { return strings.ReplaceAll(s, "/", `\/`) },
	"json in json":   func(r *rand.Rand, s string) string { return quoted(quoted(strings.ReplaceAll(s, "-", `\u002d`))) },
	"json u in json": some(func(r *rand.Rand, c byte) string { return fmt.Sprintf(`\\u%04X`, c) }),
	"x escapes":      some(func(r *rand.Rand, c byte) string { return fmt.Sprintf(`\x%02x`, c) }),
	"html":           some(func(r *rand.Rand, c byte) string { return fmt.Sprintf("&#%d;", c) }),
	"html, hex":      some(func(r *rand.Rand, c byte) string { return fmt.Sprintf("&#x%X;", c) }),
	"html, zeros":    some(func(r *rand.Rand, c byte) string { return fmt.Sprintf("&#%0*d;", 1+r.IntN(9), c) }),
	"html, named": func(r *rand.Rand, s string) string {
		return strings.NewReplacer("-", "&hyphen;", "_", "&lowbar;", "/", "&sol;", "+", "&plus;", "=", "&equals;").Replace(html.EscapeString(s))
	},
	"html, twice":     some(func(r *rand.Rand, c byte) string { return fmt.Sprintf("&amp;#%d;", c) }),
	"html in json":    some(func(r *rand.Rand, c byte) string { return fmt.Sprintf(`\u0026#%d;`, c) }),
	"percent in json": some(func(r *rand.Rand, c byte) string { return fmt.Sprintf(`\u0025%02x`, c) }),
	"json in percent": some(func(r *rand.Rand, c byte) string { return fmt.Sprintf(`%%5Cu%04x`, c) }),
	"quoted-printable": func(r *rand.Rand, s string) string {
		return each(s, func(c byte) string { return fmt.Sprintf("=%02X", c) })
	},
	"quoted, soft": func(r *rand.Rand, s string) string {
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write([]byte(strings.Repeat("x", 50) + s))
		_ = w.Close()
		return b.String()
	},
	"utf16le":          func(r *rand.Rand, s string) string { return wide(s, 0) },
	"utf16be":          func(r *rand.Rand, s string) string { return wide(s, 1) },
	"lines":            func(r *rand.Rand, s string) string { return wrap(s, 20, "\n") },
	"crlf":             func(r *rand.Rand, s string) string { return wrap(s, 19, "\r\n") },
	"lines in json":    func(r *rand.Rand, s string) string { return wrap(s, 19, `\n`) },
	"lines in percent": func(r *rand.Rand, s string) string { return wrap(s, 19, `%0D%0A`) },
	"some": func(r *rand.Rand, s string) string {
		return some(func(r *rand.Rand, c byte) string {
			return []string{fmt.Sprintf("%%%02x", c), fmt.Sprintf(`\u%04x`, c), fmt.Sprintf("&#%d;", c)}[r.IntN(3)]
		})(r, s)
	},
}

var spaced = map[string]func(s string) string{
	"colons": func(s string) string { return apart(s, ":") }, "spaces": func(s string) string { return apart(s, " ") },
	"words": func(s string) string { return strings.Join(pieces(hex.EncodeToString([]byte(s)), 8), " ") },
	"array": func(s string) string { return "0x" + apart(s, ", 0x") }, "COLONS": func(s string) string { return strings.ToUpper(apart(s, ":")) },
	"dump": func(s string) string { return wrap(apart(s, " "), 48, "\n") },
}

func percent(c byte) string { return fmt.Sprintf("%%%02X", c) }

func each(s string, f func(byte) string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString(f(c))
	}
	return b.String()
}

func some(f func(*rand.Rand, byte) string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, s string) string {
		odds := 1 + r.IntN(12)
		return each(s, func(c byte) string {
			if r.IntN(odds) == 0 {
				return f(r, c)
			}
			return string([]byte{c})
		})
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

func wide(s string, high int) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		two := []byte{byte(u), byte(u >> 8)}
		b = append(b, two[high], two[1-high])
	}
	return string(b)
}

func pieces(s string, n int) (list []string) {
	for len(s) > n {
		list, s = append(list, s[:n]), s[n:]
	}
	return append(list, s)
}

func wrap(s string, n int, with string) string { return strings.Join(pieces(s, n), with) }

func apart(s, with string) string { return wrap(hex.EncodeToString([]byte(s)), 2, with) }

// inner are the spellings that a writing is laid over.
var inner = map[string]func(r *rand.Rand, s string) string{
	"raw": func(r *rand.Rand, s string) string { return s },
	"base64": func(r *rand.Rand, s string) string {
		return base64.StdEncoding.EncodeToString([]byte(letters(r, r.IntN(3)) + s + letters(r, r.IntN(3))))
	},
	"url": func(r *rand.Rand, s string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(letters(r, r.IntN(3)) + s + letters(r, r.IntN(3))))
	},
	"hex": func(r *rand.Rand, s string) string { return hex.EncodeToString([]byte(s)) },
}

func TestEveryWriting(t *testing.T) { eachProcessor(t, everyWriting) }

func everyWriting(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	around := []string{"", "\"", "{\"a\":\"", "x=", "the words of a text, ", "\x00\x00\xff", "\\n", "%20", "\n", "/"}
	bytes := make([]byte, 256) // a binary secret beside another hides nothing of it
	for c := range bytes {
		bytes[c] = byte(c)
	}
	for _, of := range [][]string{{key}, {"AKIAIOSFODNN7EXAMPLE"}, {"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, {"a1b2c3d4e5f60718"}, {"pass&wörd=ümlaut%+x"}, {"two words, \"quoted\" and more"}, {key, string(bytes)}} {
		s, secretValue := set(of...), of[0]
		check := func(name, text string) {
			t.Helper()
			if len(text) > maxWritten*len(secretValue) {
				return // hex of which each digit is escaped twice: longer than what stays back
			}
			for range 3 {
				front, back := around[r.IntN(len(around))], around[r.IntN(len(around))]
				whole := front + text + back
				hits := s.Find([]byte(whole), 0, Whole, nil)
				if len(hits) == 0 {
					t.Errorf("%s of %q was not found in %q", name, secretValue, whole)
					return
				}
			}
		}
		for name, write := range writings {
			for in, spell := range inner {
				for range 20 {
					check(name+" of "+in, write(r, spell(r, secretValue)))
				}
			}
		}
		for name, write := range spaced {
			check(name, write(secretValue))
		}
		for outer, code := range map[string]func([]byte) string{"base64": base64.StdEncoding.EncodeToString, "base64url": base64.RawURLEncoding.EncodeToString, "hex": hex.EncodeToString} {
			for in, spell := range inner {
				for range 20 {
					text := spell(r, secretValue)
					check(outer+" of "+in, code([]byte(randomBytes(r, r.IntN(4))+text+randomBytes(r, r.IntN(4)))))
					check(outer+" of utf16 of "+in, code([]byte(wide(text, r.IntN(2)))))
					check(outer+" of json of "+in, code([]byte(`{"key":"`+writings["json, some"](r, text)+`"}`)))
					check(outer+" in lines of "+in, wrap(code([]byte("some text "+text)), 76, "\r\n"))
				}
			}
		}
	}
}
