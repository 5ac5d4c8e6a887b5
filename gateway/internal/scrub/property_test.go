package scrub

import (
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// The property: no form comes out, the length stays, and a body without one is
// left alone; for any split, any size of read, any type.
func TestNoFormComesOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 0))
		values := []string{letters(r, 8+r.IntN(60)), randomBytes(r, 8+r.IntN(60)), letters(r, 8)}
		o := Options{Needles: set(values...), ContentType: rapid.SampledFrom(contentTypes).Draw(t, "type")}
		var body strings.Builder
		planted := rapid.IntRange(0, 8).Draw(t, "planted")
		for range planted {
			body.WriteString(randomBytes(r, r.IntN(800)))
			body.WriteString([]string{"", "\n\n", "data: ", "\r\n"}[r.IntN(4)])
			value := values[r.IntN(len(values))]
			if all := spell(r, value); r.IntN(2) == 0 {
				body.WriteString(all[r.IntN(len(all))].text)
			} else {
				body.WriteString(write(r, value))
			}
		}
		body.WriteString(randomBytes(r, r.IntN(3000)))
		text := body.String()
		rd, err := NewReader(randomly(r, text), o)
		if err != nil {
			t.Fatal(err)
		}
		out, err := io.ReadAll(iotest.OneByteReader(rd))
		if err != nil || len(out) != len(text) {
			t.Fatalf("%d bytes became %d: %v", len(text), len(out), err)
		}
		for _, v := range values {
			if form := leaks(out, v); form != "" {
				t.Fatalf("%q came out as %s", v, form)
			}
		}
		if planted == 0 && (string(out) != text || rd.Hits() != 0) {
			t.Fatal("an innocent body was changed")
		}
		if whole := scrubbedRapid(t, split(text), o); whole != string(out) {
			t.Fatal("another split gave another output")
		}
	})
}

func scrubbedRapid(t *rapid.T, body io.Reader, o Options) string {
	r, err := NewReader(body, o)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// randomly splits a body into pieces of any size, most of them small.
func randomly(r *rand.Rand, body string) *pieces {
	p := &pieces{}
	for len(body) > 0 {
		n := min(len(body), 1+r.IntN(1<<r.IntN(14)))
		p.list = append(p.list, []byte(body[:n]))
		body = body[n:]
	}
	return p
}
