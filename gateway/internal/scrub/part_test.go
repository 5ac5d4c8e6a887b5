package scrub

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// whole is what a body is after the search.
func whole(t *testing.T, body string) string {
	t.Helper()
	out, err := io.ReadAll(reader(t, strings.NewReader(body), Options{Needles: set(key)}))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// part is what an agent gets of a body that asks an honest API for a range.
func part(t *testing.T, body string, asked request.Range) (string, Part) {
	t.Helper()
	wide := asked.Widened(Margin)
	first, last := wide.First, min(wide.Last, int64(len(body))-1)
	switch {
	case wide.First < 0:
		first, last = max(0, int64(len(body))-wide.Last), int64(len(body))-1
	case wide.Last < 0:
		last = int64(len(body)) - 1
	}
	p, err := PartOf(asked, fmt.Sprintf("bytes %d-%d/%d", first, last, len(body)), last-first+1)
	if err != nil {
		t.Fatalf("%v of %d: %v", asked, len(body), err)
	}
	r := reader(t, split(body[first:last+1], 1, 7, 100, 1000), Options{Needles: set(key), Part: &p})
	out, err := io.ReadAll(p.Reader(r))
	if err != nil {
		t.Fatalf("%v: %v", asked, err)
	}
	return string(out), p
}

// A range of an answer is that range of the answer, masked: wherever in a secret
// its ends are, in every form.
func TestEveryRange(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 7))
	for _, form := range []string{key, base64.StdEncoding.EncodeToString([]byte(key)), hex.EncodeToString([]byte(key)), percent(r, key, true), strings.ReplaceAll(strings.ToUpper(hex.EncodeToString([]byte(key))), "A", "a")} {
		for _, front := range []int{0, 5, Margin - 1, Margin, 3 * Margin} {
			body := letters(r, front) + " " + form + " " + letters(r, 3*Margin)
			want := whole(t, body)
			for range 300 {
				first := max(0, front-3) + r.IntN(len(form)+8)
				last := first + r.IntN(len(form)+8)
				asked := request.Range{First: int64(first), Last: int64(last)}
				if got, p := part(t, body, asked); got != want[first:last+1] || p.String() != fmt.Sprintf("bytes %d-%d/%d", first, last, len(body)) {
					t.Fatalf("%v: %q, want %q", p, got, want[first:last+1])
				}
			}
			for _, asked := range []request.Range{{First: -1, Last: int64(3*Margin + 9)}, {First: int64(front + 4), Last: -1}, {First: -1, Last: 1 << 40}, {First: 0, Last: 1 << 40}} {
				got, p := part(t, body, asked)
				if got != want[p.First:p.Last+1] || p.Last != int64(len(body))-1 {
					t.Errorf("%v: %d bytes of %d", asked, len(got), len(body))
				}
			}
		}
	}
}

// An agent that asks byte by byte reads no secret.
func TestByteByByte(t *testing.T) {
	body := strings.Repeat("x", 100) + key + strings.Repeat("y", 5000)
	var all bytes.Buffer
	for i := range 100 + len(key) + 10 {
		got, _ := part(t, body, request.Range{First: int64(i), Last: int64(i)})
		all.WriteString(got)
	}
	if all.String() != whole(t, body)[:all.Len()] {
		t.Errorf("%q", all.String())
	}
}

func TestPartOf(t *testing.T) {
	const m = Margin
	for _, c := range []struct {
		asked  request.Range
		got    string // Content-Range
		length int64
		want   string // "" for a refusal
	}{
		{request.Range{First: 5000, Last: 5009}, fmt.Sprintf("bytes %d-%d/20000", 5000-m, 5009+m), -1, "bytes 5000-5009/20000"},
		{request.Range{First: 5000, Last: 5009}, fmt.Sprintf("bytes %d-%d/*", 5000-m, 5009+m), -1, "bytes 5000-5009/*"},
		{request.Range{First: 10, Last: 20}, "bytes 0-14/15", 15, "bytes 10-14/15"},
		{request.Range{First: 15, Last: 20}, "bytes 0-14/15", 15, "bytes */15"},
		{request.Range{First: 15, Last: -1}, "bytes 0-14/15", 15, "bytes */15"},
		{request.Range{First: -1, Last: 5}, "bytes 0-14/15", 15, "bytes 10-14/15"},
		{request.Range{First: 10, Last: 20}, "bytes 0-14/15", 14, ""},
		{request.Range{First: 5000, Last: 5009}, fmt.Sprintf("bytes 5000-%d/20000", 5009+m), -1, ""},                      // nothing in front
		{request.Range{First: 5000, Last: 5009}, fmt.Sprintf("bytes %d-5009/20000", 5000-m), -1, ""},                      // nothing behind
		{request.Range{First: 5000, Last: 9999}, fmt.Sprintf("bytes %d-9999/20000", 5000-m), -1, "bytes 5000-7951/20000"}, // it stops early
		{request.Range{First: 5000, Last: -1}, fmt.Sprintf("bytes %d-9999/20000", 5000-m), -1, "bytes 5000-7951/20000"},
		{request.Range{First: 5000, Last: -1}, fmt.Sprintf("bytes %d-9999/*", 5000-m), -1, "bytes 5000-9999/*"},
		{request.Range{First: 0, Last: 9}, "bytes 5-9/10", -1, ""},
		{request.Range{First: -1, Last: 5}, "bytes 0-14/*", -1, ""},
		{request.Range{First: -1, Last: 5}, "bytes 0-14/20", -1, ""},
		{request.Range{First: 0, Last: 9}, "", -1, ""}, {request.Range{First: 0, Last: 9}, "bytes */10", -1, ""},
	} {
		p, err := PartOf(c.asked, c.got, c.length)
		if (err == nil) != (c.want != "") || err == nil && p.String() != c.want || err != nil && fault.From(err).Code != fault.UpstreamProtocol {
			t.Errorf("%v of %q: %v %v, want %q", c.asked, c.got, p, err, c.want)
		}
	}
}

// A body that is shorter than its Content-Range says does not end well.
func TestPartThatIsCut(t *testing.T) {
	p, err := PartOf(request.Range{First: 10, Last: 500}, "bytes 0-999/1000", -1)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 5, 10, 11, 300} {
		out, err := io.ReadAll(p.Reader(strings.NewReader(strings.Repeat("x", n))))
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(out) != max(0, n-10) {
			t.Errorf("%d: %d bytes, %v", n, len(out), err)
		}
	}
	if err := p.Refuses("gzip"); err == nil || p.Refuses("identity") != nil || p.Refuses("compress") == nil {
		t.Error("codings")
	}
}
