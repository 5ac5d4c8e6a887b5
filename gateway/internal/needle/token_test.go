package needle

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// same says whether the token at the beginning of text is the same with less of the
// text there, or its end is known to be missing.
func same(t *testing.T, text string, quoted bool) {
	t.Helper()
	all := unescaper{b: []byte(text), whole: true, quoted: quoted}
	want, next := all.token(0)
	for n := 1; n < len(text); n++ {
		u := unescaper{b: []byte(text[:n]), quoted: quoted}
		if c, end := u.token(0); !u.cut && (c != want || end != next || next > 1 && u.kind != all.kind) {
			t.Fatalf("%q is %q in %d bytes, but with %d of it there it is %q in %d", text, want, next, n, c, end)
		}
	}
}

// What a token decodes to does not depend on how much of the text behind it has
// come: the short ways decide as the long one does, at a buffer's end too.
func TestATokenDependsOnItsBytes(t *testing.T) {
	const letters = "%2534\\u&#;=x\n"
	var b [5]byte
	var all func(n int)
	all = func(n int) {
		if n == len(b) {
			same(t, string(b[:]), false)
			same(t, string(b[:]), true)
			return
		}
		for i := range letters {
			b[n] = letters[i]
			all(n + 1)
		}
	}
	for _, c := range "%\\&=" {
		b[0] = byte(c)
		all(1)
	}
	pieces := []string{"%", "25", "%25", "%2525", "41", "31", "%31", "%2531", "%4", "%4%2531", "\\", "\\\\", "\\u", "0041", "\\u00", "4", "1", "&", "&#", "#x", "x41", "&amp;", "amp;", "&lt;", "&gt;", "gt;", "&quot;", "quot;", "quo", ";", "&#37;", "=", "=\n", "\xc3\xa4", "\x00", strings.Repeat("\\", 30), strings.Repeat("0", 20)}
	r := rand.New(rand.NewPCG(8, 8))
	for range 100_000 {
		var text strings.Builder
		for range 1 + r.IntN(6) {
			text.WriteString(pieces[r.IntN(len(pieces))])
		}
		same(t, text.String(), r.IntN(2) == 0)
	}
}

// A reference by name is that, whatever is behind it.
func TestNamesAreThoseOfHTML(t *testing.T) {
	for name, value := range entities {
		if len(name) > maxName {
			t.Errorf("%q has %d letters", name, len(name))
		}
		for _, behind := range []string{"", ";", "A", strings.Repeat("z", 40), "\x00;", "&"} {
			for _, quick := range []string{"", strings.Repeat(" ", 40)} { // whether there are enough bytes for the way that is quick
				text := "&" + name + ";" + behind + quick
				u := unescaper{b: []byte(text), whole: true}
				if c, next := u.token(0); c != value || next != len(name)+2 {
					t.Errorf("%q is %q in %d bytes, want %q in %d", text, c, next, value, len(name)+2)
				}
				for _, none := range []string{name + "\x00;", name + "z;", name[:len(name)-1] + "\x00;"} {
					u = unescaper{b: []byte("&" + none + quick), whole: true}
					if c, next := u.token(0); entities[none[:len(none)-1]] == 0 && (c != '&' || next != 1) {
						t.Errorf("%q is %q in %d bytes", u.b, c, next)
					}
				}
			}
		}
	}
}
