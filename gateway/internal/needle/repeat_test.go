package needle

import (
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// repeating is a value that is, nearly or in parts, a few bytes again and again.
func repeating(r *rand.Rand) string {
	root := letters(r, 1+r.IntN(10))
	if r.IntN(2) == 0 {
		root = strings.Repeat("a", r.IntN(3)) + string("abAzZ\xaa0"[r.IntN(7)])
	}
	size := 4 + r.IntN(30)
	if r.IntN(3) == 0 {
		size = 16 + r.IntN(maxPiece-15)
	}
	b := []byte(strings.Repeat(root, size)[:size])
	for range max(0, r.IntN(5)-2) {
		b[r.IntN(size)] = "aAzb"[r.IntN(4)]
	}
	return string(b)
}

// All that repeating secrets cover is covered, whatever repeats around them, and from
// wherever it is looked for.
func TestWhatRepeatsIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 2))
	for range 1000 {
		var values []string
		for range 1 + r.IntN(4) {
			values = append(values, repeating(r))
		}
		if r.IntN(3) == 0 {
			values = append(values, values[0][:max(4, r.IntN(len(values[0])))], values[0]+values[0][:r.IntN(len(values[0]))])
		}
		var b strings.Builder
		for size := r.IntN(600); b.Len() < size; {
			v := values[r.IntN(len(values))]
			switch r.IntN(8) {
			case 0:
				v = hex.EncodeToString([]byte(v))
			case 1:
				v = mixCase(r, hex.EncodeToString([]byte(v+v)))
			case 2:
				v = base64.StdEncoding.EncodeToString([]byte(v + v))
			case 3:
				v = mixCase(r, v)
			}
			for range 1 + r.IntN(4) {
				b.WriteString(v[r.IntN(len(v)):])
				b.WriteString(v[:1+r.IntN(len(v))])
			}
		}
		text := b.String()
		from := r.IntN(1 + len(text))
		s := set(values...)
		if r.IntN(2) == 0 {
			mark(s)
		}
		hits := s.Find([]byte(text), from, Whole, nil)
		if fault := judge(text, from, hits, values...); fault != "" && !strings.Contains(strings.Join(values, ""), "\xaa") { // which UTF-8 has two bytes for
			t.Fatalf("Find(%q, %d) of %q: %s", text, from, values, fault)
		}
		for _, w := range byHand(text, from, values...) {
			if len(values[w.Needle]) <= maxPiece && uncovered(hits, anyNeedle, w.Start, w.End) > 0 {
				t.Fatalf("Find(%q, %d) of %q: %v is not covered by %v", text, from, values, w, hits)
			}
		}
	}
}

// mark says that any gram may be in any run, as a word of the filter may by chance.
func mark(s *Set) {
	for _, e := range s.content().engines {
		e.again = slices.Repeat([]uint16{1<<16 - 1}, len(e.filter))
	}
}

// What has a run in it is found wherever it stands in others.
func TestRunsWithAnEnd(t *testing.T) {
	for _, unit := range []string{"z", "zy", "abc", "abcd", "abcde"} {
		row := strings.Repeat(unit, 60)
		for size := 3; size < 60; size++ {
			for _, value := range []string{row[:size] + "X", "X" + row[:size], row[:size] + "X" + row[:20], row[:size] + "Z" + row[:20], row[:20] + "XY" + row[:size]} {
				s := set(value)
				if size%2 == 0 {
					mark(s)
				}
				for _, around := range []int{0, 1, 7, 8, 15, 16, 17, 30, 59} {
					text := row[:around] + value + row[:around] + "X" + value
					if hits := s.Find([]byte(text), 0, Whole, nil); uncovered(hits, anyNeedle, around, around+len(value)) > 0 || uncovered(hits, anyNeedle, len(text)-len(value), len(text)) > 0 {
						t.Fatalf("Find(%q) of %q: %v", text, value, hits)
					}
				}
			}
		}
	}
}

// crowds are eighty secrets that begin alike, as a vendor's keys do, and as many that are
// one letter, in all lengths.
func crowds(r *rand.Rand) (alike, lengths []string) {
	for n := range 80 {
		alike = append(alike, "github_pat_11ABCDEFG0"+letters(r, 30))
		lengths = append(lengths, strings.Repeat("z", 16+n))
	}
	return alike, lengths
}

// Where nearly every place begins an occurrence, a few are told that cover all; and the
// many that begin alike are not looked up for what all begin with.
func TestFewAreToldOfManyInARow(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	alike, lengths := crowds(r)
	for _, c := range []struct {
		values []string
		text   string
		most   int // hits
	}{
		{lengths[:1], "z", 1200}, {lengths, "z", 100}, {lengths, strings.Repeat("z", 50) + "y", 500}, {[]string{strings.Repeat("zy", 16)}, "zy", 600},
		{[]string{strings.Repeat("z", 50) + "y"}, "z", 0}, {[]string{"y" + strings.Repeat("z", 50)}, "z", 0}, {alike, alike[0], 200},
	} {
		text := []byte(strings.Repeat(c.text, 1+8192/len(c.text)))
		hits := set(c.values...).Find(text, 0, Whole, nil)
		if len(hits) > c.most || (c.most == 0) != (len(hits) == 0) {
			t.Errorf("%.40q...: %d hits are told", c.text, len(hits))
		}
	}
	for _, e := range set(alike...).content().engines {
		for _, sp := range e.list {
			if sp.form == Raw && sp.core < len("github_pat_11ABCDEFG0")-e.width {
				t.Errorf("%q is looked up by %q", sp.text, sp.text[sp.core:][:e.width])
			}
		}
	}
}
