package needle

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const anyNeedle = -1

// uncovered is how many bytes of text[start:end] no hit of that needle covers.
func uncovered(hits []Hit, needle, start, end int) int {
	hits = sorted(hits)
	at, left := start, 0
	for _, h := range hits {
		if needle != anyNeedle && h.Needle != needle {
			continue
		}
		if h.Start > at {
			left += min(h.Start, end) - at
		}
		at = min(max(at, h.End), end)
		if at == end {
			return left
		}
	}
	return left + end - at
}

// The parts of a long secret are short, cover all of it, and overlap.
func TestPartsOverlap(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for length := range 9000 {
		if length > 1000 && length%97 != 0 {
			continue
		}
		value := []byte(printable(r, length))
		if length%3 == 0 {
			value = []byte(strings.Repeat(`\u0025`, length/6+1)[:length])
		}
		at := 0
		for i, p := range slices.Collect(parts(value)) {
			start := cap(value) - cap(p)
			if i > 0 && at-start < min(overlap, at) || start > at || len(p) > maxPiece || length > maxPiece && len(p) < 2*overlap {
				t.Errorf("%d bytes: part %d has %d, and %d of the part before", length, i, len(p), at-start)
			}
			at = start + len(p)
		}
		if at != length {
			t.Errorf("%d bytes: the parts end at %d", length, at)
		}
	}
}

// A long secret is found whole, whatever it is written in, and a stream holds back
// no more for it than for a short one.
func TestLongSecretsInEveryWriting(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, length := range []int{96, 97, 128, 129, 164, 400, 1700} {
		value := letters(r, length)
		s := set(value)
		if s.MaxLen() > 2048 {
			t.Errorf("a secret of %d bytes: MaxLen is %d", length, s.MaxLen())
		}
		for name, write := range writings {
			text := write(r, value)
			at := 0
			if name == "quoted, soft" {
				at = 50 // what it puts in front
			}
			if left := uncovered(s.Find([]byte(text), 0, Whole, nil), 0, at, len(text)); left > 3 {
				t.Errorf("%s of %d bytes: %d are not found", name, length, left)
			}
		}
	}
	pem := `-----BEGIN PRIVATE KEY-----` + `\n` + wrap(letters(r, 1600), 64, `\n`) + `\n-----END PRIVATE KEY-----`
	s := set(pem)
	for name, text := range map[string]string{"as it is": pem, "in JSON": quoted(pem), "in JSON in JSON": quoted(quoted(pem)), "percent": writings["percent"](r, pem)} {
		if left := uncovered(s.Find([]byte(text), 0, Whole, nil), 0, 0, len(text)); left > 3 {
			t.Errorf("a key in PEM, %s: %d bytes of %d are not found", name, left, len(text))
		}
	}
}
