package scrub

import (
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

var contentTypes = []string{"application/json", "text/event-stream; charset=utf-8", "application/x-ndjson"}

func TestEverySplitInTwo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	o := Options{Needles: set(key)}
	for _, s := range spell(r, key) {
		front, back := `{"a":"`, `"}`
		body := front + s.text + back
		start, end := len(front)+s.start, len(front)+s.end
		want := body[:start] + maskOf("cred-0", end-start) + body[end:]
		for _, o.ContentType = range contentTypes {
			for i := range len(body) {
				if got := scrubbed(t, split(body, i), o); got != want {
					t.Fatalf("%s, %s, split at %d\n got %q\nwant %q", s.name, o.ContentType, i, got, want)
				}
			}
			if got := scrubbed(t, oneByOne(body), o); got != want {
				t.Fatalf("%s, %s, a byte at a time\n got %q\nwant %q", s.name, o.ContentType, got, want)
			}
		}
	}
}

func TestSecretsOfEveryLength(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{4, 5, 6, 7, 8, 9, 15, 16, 17, 63, 64, 65, 255, 256, 400, 511, 512, 513, 2000, 20000} {
		value := letters(r, n)
		o := Options{Needles: set(value)}
		for _, s := range spell(r, value) {
			front, back := randomBytes(r, r.IntN(5000)), randomBytes(r, r.IntN(5000)+2*n)
			body := front + s.text + back
			start, end := len(front)+s.start, len(front)+s.end
			got := scrubbed(t, split(body, start+1, start+1+r.IntN(end-start-1)), o)
			if len(got) != len(body) || got[start:end] != maskOf("cred-0", end-start) {
				t.Fatalf("%d bytes, %s: %q", n, s.name, got[start:end])
			}
			if n >= 16 && (got[:start] != body[:start] || got[end:] != body[end:]) { // 4 random bytes turn up by chance
				t.Fatalf("%d bytes, %s: other bytes were changed", n, s.name)
			}
		}
	}
}

func TestOverlappingAndNestedSecrets(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []string
		body   string
		want   string
		hits   int
	}{
		{"a longer one that ends later", []string{"0123456789", "56789abcdefgh"}, "<0123456789abcdefgh>", "<" + maskOf("cred-0", 18) + ">", 1},
		{"one inside of another", []string{"456789abcdef", "0123456789abcdefghijkl"}, "<0123456789abcdefghijkl>", "<" + maskOf("cred-1", 22) + ">", 1},
		{"one that begins another", []string{"0123456789", "0123456789abcdef"}, "<0123456789abcdef><0123456789>", "<" + maskOf("cred-1", 16) + "><" + maskOf("cred-0", 10) + ">", 2},
		{"one that ends another", []string{"6789abcdef", "0123456789abcdef"}, "0123456789abcdef", maskOf("cred-1", 16), 1},
		{"side by side", []string{"0123456789", "abcdefghij"}, "0123456789abcdefghij", maskOf("cred-0", 10) + maskOf("cred-1", 10), 2},
		{"itself, overlapping", []string{"abcabcabc"}, "abcabcabcabcabc!", maskOf("cred-0", 15) + "!", 1},
		{"hex of what is itself one", []string{"\x12\x34\x56\x78\x9a", "123456789a"}, "x123456789A 123456789a", "x" + maskOf("cred-0", 10) + " " + maskOf("cred-0", 10), 2},
	} {
		for i := range len(c.body) {
			r := reader(t, split(c.body, i), Options{Needles: set(c.values...)})
			out, err := io.ReadAll(r)
			if err != nil || string(out) != c.want || r.Hits() != c.hits {
				t.Errorf("%s, split at %d: %q, %d hits, %v; want %q, %d", c.name, i, out, r.Hits(), err, c.want, c.hits)
			}
		}
	}
}

// A mask that is longer than any buffer keeps its text at its front only.
func TestOneMaskOverMegabytes(t *testing.T) {
	r := reader(t, strings.NewReader("<"+strings.Repeat("a", 1<<20)+">"), Options{Needles: set(strings.Repeat("a", 64))})
	out, err := io.ReadAll(r)
	if want := "<" + maskOf("cred-0", 1<<20) + ">"; err != nil || string(out) != want || r.Hits() != 1 {
		t.Errorf("%d bytes, %d hits, %v: %.40q…", len(out), r.Hits(), err, out)
	}
}

func TestNoEndOfHits(t *testing.T) {
	const n = 20000
	var offsets []int64
	o := Options{Needles: set(key, "another-secret"), OnHit: func(h Hit) {
		if h.Form != needle.Raw || h.Name != "cred-0" || h.Needle != 0 {
			t.Fatalf("hit %+v", h)
		}
		offsets = append(offsets, h.Offset)
	}}
	const line = " is the key of this line,\n"
	r := reader(t, strings.NewReader(strings.Repeat(key+line, n)), o)
	out, err := io.ReadAll(r)
	if err != nil || string(out) != strings.Repeat(maskOf("cred-0", len(key))+line, n) {
		t.Error("a secret came out")
	}
	if r.Hits() != n || len(offsets) != n {
		t.Fatalf("%d hits, %d calls", r.Hits(), len(offsets))
	}
	for i, offset := range offsets {
		if offset != int64(i*len(key+line)) {
			t.Fatalf("hit %d at %d", i, offset)
		}
	}
}

// Of a body that is nothing but the secret, somewhere, nothing of it comes out, and what is
// far from there stays.
func TestFloodIsMaskedWhole(t *testing.T) {
	const n, size = 40000, 1 << 20
	secret := "0123456789abcdef"
	innocent := strings.Repeat("an innocent line\n", size/17)
	for _, written := range []string{secret, "%30" + secret[1:], hex.EncodeToString([]byte(secret)), "ABCDE"} {
		flood := strings.Repeat(written+",", n)
		body, forms := innocent+flood+innocent, map[string]int{}
		o := Options{Needles: set(secret), OnHit: func(h Hit) { forms[h.Form.String()]++ }}
		out := scrubbed(t, every(body, 50000), o)
		const reach = 200 << 10 // a chunk, and what stays back
		switch {
		case len(out) != len(body):
			t.Errorf("%s: %d bytes became %d", written, len(body), len(out))
		case written == "ABCDE" && (out != body || len(forms) > 0):
			t.Errorf("an innocent body was changed: %v", forms)
		case written != "ABCDE" && (strings.Contains(out, written) || strings.Contains(out[len(innocent)+reach:len(innocent)+len(flood)-reach], written[5:]) || forms["flood"] == 0):
			t.Errorf("%s came out, with hits of %v", written, forms)
		case !strings.HasPrefix(out, innocent[:size-reach]) || !strings.HasSuffix(out, innocent[reach:]):
			t.Errorf("%s: what is far from it was changed", written)
		}
	}
}

func TestMaskNamesOnlyWhatMayBeNamed(t *testing.T) {
	s := needle.NewSet([]needle.Needle{
		{Name: "a-name-that-is-longer-than-its-secret", Value: secret.New([]byte("12345678"))},
		{Value: secret.New([]byte("somebody-elses-secret"))},
	})
	got := scrubbed(t, strings.NewReader("12345678 somebody-elses-secret"), Options{Needles: s})
	if want := "[REDACTE [REDACTED]***********"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestInnocentBodiesPass(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for _, body := range []string{
		"", "x", key[:len(key)-1], key[1:], "\x00\xff\xfe" + randomBytes(r, 100000), strings.ToUpper(key),
		strings.Repeat(key[:len(key)-1]+"!", 3000), "\r\n\r\n\n\r",
	} {
		for _, ct := range contentTypes {
			for _, s := range []*needle.Set{set(key), nil, {}} {
				if got := scrubbed(t, randomly(r, body), Options{Needles: s, ContentType: ct}); got != body {
					t.Errorf("%.20q… was changed", body)
				}
			}
		}
	}
}

func TestUpstreamThatGivesNothing(t *testing.T) {
	r := reader(t, stuck{}, Options{Needles: set(key)})
	if n, err := r.Read(make([]byte, 9)); n != 0 || !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%d, %v", n, err)
	}
	for _, body := range []io.Reader{
		iotest.DataErrReader(strings.NewReader("a " + key)), iotest.HalfReader(strings.NewReader("a " + key)),
	} {
		if got := scrubbed(t, body, Options{Needles: set(key)}); got != "a "+maskOf("cred-0", len(key)) {
			t.Errorf("%q", got)
		}
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestClose(t *testing.T) {
	r := reader(t, split(strings.Repeat("x", 3000)+key, 3000), Options{Needles: set(key)})
	p := make([]byte, 10)
	if n, err := r.Read(p); n != 10 || err != nil {
		t.Fatal(n, err)
	}
	if n, _ := r.Read(make([]byte, 4000)); n != 3000-tailFor(set(key).MaxLen())-10 {
		t.Fatal(n)
	}
	if n, _ := r.Read(p); n != 10 || r.Hits() != 0 { // takes the secret in, and lets none of it out
		t.Fatal(n, r.Hits())
	}
	for range 2 {
		if r.Close() != nil || r.Hits() != 1 {
			t.Errorf("%d hits after Close, want the one that was held", r.Hits())
		}
	}
	if n, err := r.Read(p); n != 0 || err == nil {
		t.Errorf("read %d after Close, %v", n, err)
	}
}
