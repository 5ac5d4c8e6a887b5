package needle

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// spacedParts are the parts of text with hex digits that something stands between, as a
// loop over the bytes finds them: the digits, and where the first and the last stand.
func spacedParts(text []byte, lined bool) (parts []spacedPart) {
	var part spacedPart
	escaped, pending := false, false // something other than a line's end stands between two digits, or may
	var line byte                    // the last line's end, where no digit has come since
	end := func() {
		if part.escaped = escaped; len(part.digits) > 0 {
			parts = append(parts, part)
		}
		part, escaped, pending, line = spacedPart{}, false, false, 0
	}
	prefix := func(i int) bool { return text[i] == '0' && i+1 < len(text) && text[i+1]|0x20 == 'x' }
	for i := 0; i < len(text); {
		if unhex[text[i]] < 16 && !prefix(i) {
			if len(part.digits) == 0 {
				part.start, pending = i, false
			}
			escaped, pending = escaped || pending, false
			part.digits, part.end, line = append(part.digits, text[i]), i+1, 0
			i++
			continue
		}
		gap, stop := i, false
		for ; i < len(text); i++ {
			switch c := text[i]; {
			case c == '\n' || c == '\r':
				stop = stop || lined && c == '\n' || line != 0 && !(line == '\r' && c == '\n')
				line = c
				continue
			case between(c):
				pending = true
				continue
			case prefix(i):
				pending = true
				i++
				continue
			}
			break
		}
		if stop || i == gap || i-gap > maxGap {
			end()
		}
		i = max(i, gap+1)
	}
	end()
	return parts
}

type spacedPart struct {
	digits     []byte
	start, end int
	escaped    bool // something other than a line's end stands between two digits
}

// Hex with something between its digits is put together as a loop over the bytes does
// it, wherever it stands in a block; and each digit has the way back.
func TestSpacedHexIsThatOfALoop(t *testing.T) { eachProcessor(t, spacedHexIsThatOfALoop) }

func spacedHexIsThatOfALoop(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 3))
	pieces := []string{"41", "4", "31:", "ab ", "0x", "0X41,", "0", "x", " ", "  ", "       ", ":", "\n", "\r\n", "\n\n", "\r", "\t", "-", "z", "\x00", "4142434445", " \n ", "00"}
	s := set("4bcd")
	for n := range 30_000 {
		var b strings.Builder
		for size := r.IntN(400); b.Len() < size; {
			if b.WriteString(pieces[r.IntN(len(pieces))]); r.IntN(4) == 0 {
				b.WriteString(strings.Repeat(pieces[r.IntN(5)], r.IntN(20)))
			}
		}
		text := []byte(b.String())
		lo := r.IntN(1 + len(text)/4)
		hi := len(text) - r.IntN(1+len(text)/4)
		var v view
		one := &search{set: s.content()}
		v.reset(nil, spacedView, one.set.border)
		one.unspace(text, lo, hi, n&1 != 0, &v)
		at, parts := 0, spacedParts(text[lo:hi], n&1 != 0)
		for _, digits := range bytes.Split(v.buf, []byte{s.content().border}) {
			if len(digits) > 0 && !slices.ContainsFunc(parts, func(p spacedPart) bool { return bytes.Equal(p.digits, digits) }) {
				t.Fatalf("%q[%d:%d], lined: %v: %q is put together", text, lo, hi, n&1 != 0, digits)
			}
		}
		for _, part := range parts {
			if len(part.digits) < 2*s.content().shortest || !part.escaped {
				continue
			}
			for from, to := -1, -1; from != lo+part.start || to != lo+part.end; at++ {
				found := bytes.Index(v.buf[at:], part.digits)
				if found < 0 {
					t.Fatalf("%q[%d:%d], lined: %v: %q from %d to %d is not in %q", text, lo, hi, n&1 != 0, part.digits, lo+part.start, lo+part.end, v.buf)
				}
				at += found
				from, to, _ = v.source(at, at+len(part.digits))
			}
		}
	}
}
