package scrub

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
)

// FuzzReader: two secrets, a body that may hold them, any split, any type.
func FuzzReader(f *testing.F) {
	f.Add(key, "0123456789", "data: "+key+"\n\nand 30313233343536373839", uint16(9), uint8(1))
	f.Add("aaaaaaaa", "aaaab", "aaaaaaaaaaaaaaab\r\n\r\naaaaaaaa", uint16(3), uint8(1))
	f.Add("longer-secret", "secret", `{"a":"bG9uZ2VyLXNlY3JldA==","b":"longer-secre"}`, uint16(1), uint8(2))
	f.Add("0123456789abcdef", "0123456789", `%3%31 \\u0030\u0031&#50;3=34=\r\n5`, uint16(5), uint8(0))
	f.Add("0123456789abcdef", "0123456789", "MDEyMzQ1Njc4OWFi\r\nY2RlZg==0\x001\x002\x003\x00 30:31:32:33:34:35:36:37:38:39", uint16(5), uint8(0))
	f.Fuzz(func(t *testing.T, one, two, body string, step uint16, ct uint8) {
		o := Options{Needles: set(one, two), ContentType: contentTypes[int(ct)%len(contentTypes)]}
		hits, flood := 0, false
		o.OnHit = func(h Hit) { hits, flood = hits+1, flood || h.Form == needle.Flood }
		out := scrubbed(t, every(body, int(step)+1), o)
		if len(out) != len(body) {
			t.Fatalf("%d bytes became %d", len(body), len(out))
		}
		for _, v := range []string{one, two} {
			// A shorter one may stand in a mask's own text, or come about where a mask ends.
			if form := leaks([]byte(out), v); len(v) >= 16 && form != "" {
				t.Fatalf("%q came out as %s", v, form)
			}
		}
		if hits == 0 && (out != body || len(one) >= 4 && spelt(body, one) || len(two) >= 4 && spelt(body, two)) {
			t.Fatalf("%q became %q", body, out)
		}
		if whole := scrubbed(t, strings.NewReader(body), o); whole != out && !flood { // where that begins depends on the steps
			t.Fatalf("steps of %d: %q, at once: %q", step, out, whole)
		}
	})
}

// spelt says whether some form of value stands in body, or all of a base64 form
// that does not depend on what is around it.
func spelt(body, value string) bool {
	if strings.Contains(body, value) || strings.Contains(strings.ToLower(body), hex.EncodeToString([]byte(value))) {
		return true
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for before := range 3 {
			around := func(c string) string {
				return enc.EncodeToString([]byte(strings.Repeat(c, before) + value + strings.Repeat(c, 3)))
			}
			zeros, ones := around("\x00"), around("\xff")
			var same []byte
			for i := range zeros {
				if zeros[i] == ones[i] && zeros[i] != '=' {
					same = append(same, zeros[i])
				}
			}
			if strings.Contains(body, string(same)) {
				return true
			}
		}
	}
	return false
}

func every(body string, step int) *pieces {
	p := &pieces{}
	for len(body) > 0 {
		n := min(step, len(body))
		p.list = append(p.list, []byte(body[:n]))
		body = body[n:]
	}
	return p
}

// FuzzCoding: bytes of an upstream that says they are gzip or deflate.
func FuzzCoding(f *testing.F) {
	f.Add([]byte(encode("gzip", "a "+key)), uint8(0))
	f.Add([]byte(encode("gzip", "")+encode("gzip", key)), uint8(0))
	f.Add([]byte(encode("deflate", key)), uint8(1))
	f.Add([]byte(encode("raw deflate", key)), uint8(1))
	f.Add([]byte(encode("gzip", encode("deflate", key))), uint8(2))
	f.Add([]byte(encode("br", key)), uint8(3))
	f.Add([]byte(encode("zstd", key)+encode("zstd", "more")), uint8(4))
	f.Fuzz(func(t *testing.T, coded []byte, which uint8) {
		header := []string{"gzip", "deflate", "deflate, gzip", "br", "zstd", "zstd, br"}[which%6]
		out, err := io.ReadAll(noEmptyReads{t, reader(t, bytes.NewReader(coded), Options{Needles: set(key), Coding: header})})
		if form := leaks(out, key); form != "" {
			t.Fatalf("the secret came out as %s", form)
		}
		if err != nil || header != "gzip" || len(coded) == 0 {
			return // refusing more than another decoder does is no fault: reserved flags, for one
		}
		want, err := gunzipAll(coded)
		if err != nil {
			t.Fatalf("the standard decoder refuses it: %v", err)
		}
		if leaks(want, key) == "" && !bytes.Equal(out, want) && !spelt(string(want), key) {
			t.Fatal("the body is not what the standard decoder gives")
		}
	})
}

func gunzipAll(coded []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(coded))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// FuzzHeader: a header's value from an upstream.
func FuzzHeader(f *testing.F) {
	f.Add(key, "https://a.example/?k=%73%6b-proj")
	f.Add("abcd%41", "abcd%41 abcd%2541 %")
	f.Add("0123456789abcdef", "%30%31%32%33456789%61bcdef")
	f.Fuzz(func(t *testing.T, value, text string) {
		s := set(value)
		out, hits := Header(s, []byte(text))
		if len(out) != len(text) || len(hits) == 0 && string(out) != text {
			t.Fatalf("%q became %q, %d hits", text, out, len(hits))
		}
		if len(value) >= 16 {
			if form := leaks(out, value); form != "" {
				t.Fatalf("%q came out as %s", value, form)
			}
		}
		if Contains(s, []byte(text)) != (len(hits) > 0) {
			t.Fatal("Contains and Header do not agree")
		}
	})
}
