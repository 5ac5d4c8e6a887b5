package needle

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// hostile are secrets that make a search hard: short ones, those that repeat themselves, and
// many that begin alike.
func hostile() []struct {
	name    string
	secrets []string
} {
	r := rand.New(rand.NewPCG(8, 9))
	alike, lengths := crowds(r)
	return []struct {
		name    string
		secrets []string
	}{
		{"51 bytes", []string{"sk-" + letters(r, 48)}}, {"16 bytes", []string{letters(r, 16)}}, {"8 bytes", []string{letters(r, 8)}},
		{"above ASCII", []string{"\xc3\xa4\xff-" + letters(r, 20)}}, {"51 of one letter", []string{strings.Repeat("z", 51)}},
		{"16 of one letter", []string{strings.Repeat("z", 16)}}, {"three again and again", []string{strings.Repeat("ab&", 9)}},
		{"one letter and another", []string{strings.Repeat("z", 50) + "A"}}, {"80 that begin alike", alike}, {"80 of one letter", lengths},
	}
}

// BenchmarkWorstOfHits has bodies that are nothing but the secret, in one writing, over
// and over, or the secret without its last byte: each is found, and where it stands in the
// text, or nearly.
func BenchmarkWorstOfHits(b *testing.B) {
	r := rand.New(rand.NewPCG(8, 10))
	for _, c := range hostile() {
		b.Run(c.name, func(b *testing.B) {
			s, q := set(c.secrets...), quarry{}
			for b.Loop() {
				secret := c.secrets[0]
				for _, w := range append(written(r, secret), written(r, secret[:len(secret)-1])...) {
					name, text := w[0], w[1]
					for _, behind := range []string{"", " ", "%20", ","} {
						q.add(s, []string{name, behind}, []byte(strings.Repeat(text+behind, 1+16<<10/len(text+behind))))
					}
				}
			}
			q.report(b)
		})
	}
}

// BenchmarkWorstOfBoth has bodies of writings of a secret, some without a byte, and of what
// BenchmarkWorstByChance puts together.
func BenchmarkWorstOfBoth(b *testing.B) {
	r := rand.New(rand.NewPCG(8, 11))
	for _, c := range hostile() {
		b.Run(c.name, func(b *testing.B) {
			s, q := set(c.secrets...), quarry{}
			for b.Loop() {
				secret := c.secrets[r.IntN(len(c.secrets))]
				all := slices.Concat(written(r, secret), written(r, secret[1:]), written(r, secret[:len(secret)-1]))
				for range 1000 {
					pieces := choice(r, hunted())[:1]
					for range r.IntN(4) {
						pieces = append(pieces, choice(r, hunted())[0])
					}
					for i := range 1 + r.IntN(2) {
						pieces[min(i, len(pieces)-1)] = all[r.IntN(len(all))][1]
					}
					q.add(s, pieces, bodyOf(r, pieces))
				}
			}
			q.report(b)
		})
	}
}

// written are all the writings of a secret: the name of each, and the text.
func written(r *rand.Rand, secret string) (all [][2]string) {
	add := func(name, text string) { all = append(all, [2]string{name, text}) }
	add("raw", secret)
	add("first in percent", percent(secret[0])+secret[1:])
	add("last in percent", secret[:len(secret)-1]+percent(secret[len(secret)-1]))
	add("halves", secret[:len(secret)/2]+"\n"+secret[len(secret)/2:])
	for _, in := range inOrderOf(inner) {
		text := inner[in](r, secret)
		add(in, text)
		for _, name := range inOrderOf(writings) {
			add(name+" of "+in, writings[name](r, text))
		}
		for _, out := range inOrderOf(inner) {
			add(out+" of "+in, inner[out](r, text))
		}
	}
	for _, name := range inOrderOf(spaced) {
		add(name, spaced[name](secret))
	}
	return all
}

// inOrderOf are the names, in order, so that each run has the same writings.
func inOrderOf[T any](of map[string]T) []string { return slices.Sorted(maps.Keys(of)) }
