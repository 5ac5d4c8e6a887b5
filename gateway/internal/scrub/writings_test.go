package scrub

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// write writes value in one of many ways, by chance.
func write(r *rand.Rand, value string) string {
	switch r.IntN(4) {
	case 0:
		value = base64.StdEncoding.EncodeToString([]byte(letters(r, r.IntN(3)) + value))
	case 1:
		value = hex.EncodeToString([]byte(value))
	}
	odds := 1 + r.IntN(12)
	some := func(format string) string {
		var b strings.Builder
		for _, c := range []byte(value) {
			if r.IntN(odds) == 0 {
				fmt.Fprintf(&b, format, c)
			} else {
				b.WriteByte(c)
			}
		}
		return b.String()
	}
	between := func(s, with string, n int) string {
		var b strings.Builder
		for i, c := range []byte(s) {
			if i > 0 && i%n == 0 {
				b.WriteString(with)
			}
			b.WriteByte(c)
		}
		return b.String()
	}
	switch r.IntN(12) {
	case 0:
		return some("%%%02x")
	case 1:
		return some(`\u%04X`)
	case 2:
		return some("&#%d;")
	case 3:
		return some("%%25%02X")
	case 4:
		return some(`\\u%04x`)
	case 5:
		return between(value, "\r\n", 20)
	case 6:
		return between(value, "\x00", 1)
	case 7:
		return between(hex.EncodeToString([]byte(value)), ":", 2)
	case 8:
		return base64.URLEncoding.EncodeToString([]byte(randomBytes(r, r.IntN(3)) + value))
	case 9:
		return hex.EncodeToString([]byte(value))
	case 10:
		return base64.StdEncoding.EncodeToString([]byte(some(`\u%04x`)))
	}
	return between(base64.StdEncoding.EncodeToString([]byte("text in front, "+value)), `\n`, 76)
}

// However a body is split, what comes out is the same, and it holds no writing
// of the secret.
func TestEveryWritingAtEverySplit(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	o := Options{Needles: set(key, "AKIAIOSFODNN7EXAMPLE")}
	for i := range 400 {
		text := write(r, key)
		if len(text) > 20*len(key) {
			continue
		}
		body := `{"a":"` + text + `"}` + letters(r, r.IntN(50))
		o.ContentType = contentTypes[i%len(contentTypes)]
		if strings.Contains(text, "\n") {
			o.ContentType = contentTypes[0]
		}
		want := scrubbed(t, split(body), o)
		if strings.Contains(want, text[len(text)/4:len(text)*3/4]) {
			t.Fatalf("%q came out as %q", body, want)
		}
		for range 40 {
			if got := scrubbed(t, split(body, r.IntN(len(body))), o); got != want {
				t.Fatalf("%q\n got %q\nwant %q", body, got, want)
			}
		}
		if got := scrubbed(t, oneByOne(body), o); got != want {
			t.Fatalf("%q, a byte at a time\n got %q\nwant %q", body, got, want)
		}
	}
}
