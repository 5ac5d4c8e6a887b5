package needle

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What is decoded of a text, in all views of views, is no more than some times the
// text, whatever it is made of: that is what bounds the time of a search. (The worst
// of escapes are quoted-printable ones in one another. The worst of all are letters
// that are base64 of text at each of the four ways to cut it, and hex, with a line
// break or an escape now and then.)
const (
	maxEscapedWork = 9
	maxWork        = 24
)

// introducers are what escapes and codings begin and end with, to be put together by
// chance and repeated.
var introducers = strings.Split(`% 25 %25 %2525 41 31 %31 %4 \ \\ \u 0041 \u00 \u005c \u0026 \x26 4 1 & &# #x x41 x26 38 &amp; amp; ; &#37; &#38; &#x26; = =3D =26 A abc QUFB UVVG ab 0x : a &a &amp %26 %5c %3b &#x &#0 &lt; \n \" - 313`, " ")

func TestWorkIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	escapes := append([]string{"=\n", "\n", "\r\n", "\x00", " ", "\xc3\xa4"}, introducers...)
	all := escapes
	for _, coded := range []string{"V", "A", "U", "41", "5", "EAQB"} {
		all = append(all, strings.Repeat(coded, 70), strings.Repeat(coded, 300))
	}
	ascii, two, high := set("sk-"+letters(r, 48)), set("sk-"+letters(r, 48), letters(r, 16)), set("\xc3\xa4-"+letters(r, 20))
	upTo := func(n int) *Set { // of all bytes below n: nearly whatever there is may be of a form
		all := make([]byte, n)
		for c := range all {
			all[c] = byte(c)
		}
		return set(string(all))
	}
	for _, c := range []struct {
		set    *Set
		pieces []string
		most   int
	}{
		{ascii, escapes, maxEscapedWork}, {two, escapes, maxEscapedWork}, {high, escapes, maxEscapedWork},
		{ascii, all, maxWork}, {two, all, maxWork}, {high, all, 2 * maxWork}, {upTo(256), all, 2 * maxWork}, {upTo(0x80 + maxHigh), all, 2 * maxWork}, // any base64 may be of a form with bytes above ASCII
	} {
		for range 2000 {
			var piece strings.Builder
			for range 1 + r.IntN(4) {
				piece.WriteString(c.pieces[r.IntN(len(c.pieces))])
			}
			body := []byte(strings.Repeat(piece.String(), 1+4096/piece.Len()))
			if _, work, _ := c.set.content().decoded(body, 0, len(body), Whole, nil, 0); work > c.most*len(body) {
				t.Errorf("%q: %d bytes of it are decoded to %d", piece.String(), len(body), work)
			}
		}
	}
}

// held is a gram that the filter of an engine holds by chance: no spelling has it.
func held(r *rand.Rand, e *engine) string {
	for {
		gram := letters(r, 8)
		if e.holds(wordAt([]byte(gram), 0)) {
			return gram
		}
	}
}

// Where a text repeats what the filter holds by chance, spellings are looked up no
// more often for it.
func TestChanceIsNotTried(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 7))
	tried := 0
	for range 100 {
		e := set("sk-" + letters(r, 48)).content().engines[0]
		body := []byte(strings.Repeat(held(r, e), 2))
		for i := range 8 {
			word := wordAt(body, i)
			if e.mayBegin((word&e.gram)*e.firstKey) || e.mayBegin(((word|fold)&e.gram)*e.foldKey) {
				tried++
			}
		}
	}
	if tried > 5 { // of 800, by a chance of one in some thousand
		t.Errorf("spellings were looked up for %d grams", tried)
	}
}
