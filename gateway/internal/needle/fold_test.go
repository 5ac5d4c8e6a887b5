package needle

import (
	"bytes"
	"encoding/base64"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// tokenPieces are what the loop over tokens and the decision over 64 bytes at once must
// agree about.
var tokenPieces = append([]string{"=\n", "=\r\n", "\n", "\r\n", "\r", "\n\x00", "\x00", " ", "\xc3\xa4", "\xc2", "\xc3", "\xa4", "\xe2\x82\xac", "\\u0141", "&#321;", "%0a", "\\n", "\\r", "&#10;", "&NewLine;",
	"\x00\x00", "\x00\x00\x00", "\xe4", "\xc2\xa4", "\xc3\xbf", "\"", "%00", "%7f", "\\x41", "\\u000d", "&#x41", "&#65", "\\\\", strings.Repeat("\\", 40), strings.Repeat("\\", 15), strings.Repeat("\n", 3), strings.Repeat("0", 30), "&amp;amp;#37;2541", "z", "~", "abcdefghijklmnopqrst",
	"&gt;", "&gt1", "&quot;", "&lbrack;", "&VerticalLine;", "&#199;", "&#200;", "&#038;#65;", "&#x4F;", "&#X26;amp;", "&#9;", "&#7", "&#12345678", "&#00000065;", "%252541", "%252525", "%25%2541", "<", ">"}, introducers...)

// Both ways to take a layer of escapes off a text give the same, whatever the text,
// its end, and where it begins.
func TestFoldIsTheLoop(t *testing.T) { eachProcessor(t, foldIsTheLoop) }

func foldIsTheLoop(t *testing.T) {
	if !folds {
		t.Skip("not on this machine")
	}
	r := rand.New(rand.NewPCG(9, 9))
	sets := []*Set{set("sk-" + letters(r, 48)), set("\xc3\xa4-" + letters(r, 20)), set(letters(r, 16)), set("\xe4\xff" + letters(r, 16)), set(`a<b>c&d"e'f=g%h\i j;k#` + letters(r, 16))}
	for n := range 60_000 {
		pieces := make([]string, 1+r.IntN(6))
		for i := range pieces {
			pieces[i] = tokenPieces[r.IntN(len(tokenPieces))]
		}
		var text []byte
		for size := r.IntN(700); len(text) < size; {
			text = append(text, pieces[r.IntN(len(pieces))]...)
			if r.IntN(12) == 0 {
				text = append(text, letters(r, r.IntN(70))...)
			}
		}
		foldsAsTheLoop(t, sets[n%len(sets)], text, r.IntN(1+len(text)/4), len(text)-r.IntN(1+len(text)/4), n/len(sets))
		if t.Failed() {
			return
		}
	}
}

func foldsAsTheLoop(t *testing.T, set *Set, text []byte, start, end, how int) {
	t.Helper()
	for end < len(text) && text[end] == '\\' { // no run ends in front of one
		end++
	}
	lined := how&1 != 0
	u := unescaper{b: text, whole: how&2 != 0, quoted: how&4 != 0}
	var fold, loop view
	s := &search{set: set.content()}
	fold.reset(nil, plainView, s.set.border)
	s.unescape(u, start, end, lined, &fold)
	loop.reset(nil, plainView, s.set.border)
	loop.text = u
	s.text, s.writer = u, write(&loop, end-start, s.set.shortest)
	s.tokens(start, end, lined)
	s.writer.done()
	if !bytes.Equal(fold.buf, loop.buf) {
		t.Errorf("%q[%d:%d], lined: %v, whole: %v, quoted: %v\nat once %q\n   loop %q", text, start, end, lined, u.whole, u.quoted, fold.buf, loop.buf)
		return
	}
	if start > 0 && text[start-1] == '\\' {
		return // a row of them does not begin there
	}
	member := &set.content().classes[runClass].in
	standsWhereItWas(t, &fold, start, end, member)
	standsWhereItWas(t, &loop, start, end, member)
}

// standsWhereItWas tries whether each byte of a view is from the token that gives it, and
// whether of those between two, nothing is kept.
func standsWhereItWas(t *testing.T, v *view, start, end int, member *[256]bool) {
	t.Helper()
	u := v.text
	before, fresh := start, true // where the token behind the last one begins, and whether a part begins
	had := 0                     // bytes of a wide character
	for i, ch := range v.buf {
		from, to, _ := v.source(i, i+1)
		if ch == v.end {
			if from != to {
				t.Fatalf("%q[%d:%d]: byte %d of %q ends a part, and is from %d to %d", u.b, start, end, i, v.buf, from, to)
			}
			fresh = true
			continue
		}
		for at := before; ; {
			c, next := rune(u.b[at]), at+1
			if member[c] {
				c, next = u.token(at)
			}
			text := string(c)
			if c <= 0xff {
				text = string([]byte{byte(c)})
			}
			if at == from {
				if next != to || text[had] != ch {
					t.Fatalf("%q[%d:%d]: byte %d of %q is from %q, not from %q", u.b, start, end, i, v.buf, u.b[at:next], u.b[from:max(from, to)])
				}
				if before, had = at, had+1; had == len(text) {
					before, had = to, 0
				}
				break
			}
			if at > from || at >= end || !fresh && !(c <= '\r' && joints[c]) {
				t.Fatalf("%q[%d:%d]: byte %d of %q is from %q, and %q is in front", u.b, start, end, i, v.buf, u.b[from:max(from, to)], u.b[at:next])
			}
			at = next
		}
		fresh = false
	}
}

func FuzzFold(f *testing.F) {
	f.Add(key, strings.Repeat("=\n&#37;2541\\u0041%5c\\\\", 9), 0, 0, 0)
	f.Add("\xc3\xa4"+key, strings.Repeat("\\u00e4\xc3\xa4%C3\n\x00\n\x00&aaaaaaaaaaaa;", 5), 3, 9, 5)
	f.Fuzz(func(t *testing.T, secret, text string, start, left, how int) {
		s := set(secret)
		if s.content().shortest == 0 {
			return
		}
		end := len(text) - min(max(left, 0), len(text))
		foldsAsTheLoop(t, s, []byte(text), min(max(start, 0), end), end, how)
	})
}

// What is asked of 64 bytes at once is what a loop over them finds.
func TestLanesAreThoseOfALoop(t *testing.T) { eachProcessor(t, lanesAreThoseOfALoop) }

func lanesAreThoseOfALoop(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 8))
	all := newKindSet(set("sk-" + letters(r, 48)).content().tokens[1].rows)
	for range 3000 {
		var b [64]byte
		for i := range b {
			if b[i] = byte(r.Uint32()); r.IntN(2) == 0 {
				b[i] = []byte("%=\\&\n\r\x00\xc2\xc3\xa4\xbf\xc0u0x;#4aF")[r.IntN(19)]
			}
		}
		got, want := make([]uint64, 8*len(all.tables)), make([]uint64, len(all.rows)+1)
		kinds(&b, all, got)
		got = got[:len(want)]
		for i, c := range b {
			for k := range want {
				want[k] |= uint64(all.tables[k/8][c]) >> (k % 8) & 1 << i
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q: kinds are %x, want %x", b, got, want)
		}
		if got, want := leads(&b), leadsSlow(&b); got != want {
			t.Fatalf("%q: leads are %x, want %x", b, got, want)
		}
		keep := r.Uint64()
		var out, loop [64]byte
		pack(out[:], &b, keep)
		packSlow(loop[:], &b, keep)
		if n := bits.OnesCount64(keep); !bytes.Equal(out[:n], loop[:n]) {
			t.Fatalf("%q: %x keeps %q, want %q", b, keep, out[:n], loop[:n])
		}
	}
}

// Nothing of what was decoded stays behind in the room that a search worked in.
func TestASearchLeavesNothingBehind(t *testing.T) { eachProcessor(t, aSearchLeavesNothingBehind) }

func aSearchLeavesNothingBehind(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 6))
	s := set("sk-"+letters(r, 48), letters(r, 16))
	for range 2000 {
		var text []byte
		for size := r.IntN(2000); len(text) < size; {
			text = append(text, tokenPieces[r.IntN(len(tokenPieces))]...)
			if r.IntN(4) == 0 {
				text = append(text, base64.StdEncoding.EncodeToString([]byte(letters(r, r.IntN(90))))...)
			}
		}
		room := searches.Get().(*search)
		searches.Put(room)
		s.Find(text, 0, Whole, nil)
		for level := range room.views {
			for k := range room.views[level] {
				if left := bytes.Trim(room.views[level][k].buf[:cap(room.views[level][k].buf)], "\x00"); len(left) > 0 {
					t.Fatalf("%q: %q is left of view %d.%d", text, left, level, k)
				}
			}
		}
	}
}
