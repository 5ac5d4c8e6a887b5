package needle

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkWorstOfHits has bodies that are nothing but the secret, in one writing, over
// and over, or the secret without its last byte: each is found, and where it stands in the
// text, or nearly. The secrets are some that make that hard: short ones, those that repeat
// themselves, and many that begin alike. It tells the slowest body, in MB a second, and how
// many of a thousand are below 100.
func BenchmarkWorstOfHits(b *testing.B) {
	r := rand.New(rand.NewPCG(8, 9))
	alike, lengths := crowds(r)
	for _, c := range []struct {
		name    string
		secrets []string
	}{
		{"51 bytes", []string{"sk-" + letters(r, 48)}}, {"16 bytes", []string{letters(r, 16)}}, {"8 bytes", []string{letters(r, 8)}},
		{"above ASCII", []string{"\xc3\xa4\xff-" + letters(r, 20)}}, {"51 of one letter", []string{strings.Repeat("z", 51)}},
		{"16 of one letter", []string{strings.Repeat("z", 16)}}, {"three again and again", []string{strings.Repeat("ab&", 9)}},
		{"80 that begin alike", alike}, {"80 of one letter", lengths},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, all, below, slowest := set(c.secrets...), 0, 0, slow{}
			for b.Loop() {
				secret := c.secrets[0]
				for _, w := range append(written(r, secret), written(r, secret[:len(secret)-1])...) {
					name, text := w[0], w[1]
					for _, behind := range []string{"", " ", "%20", ","} {
						body := slow{pieces: []string{name, behind}, text: []byte(strings.Repeat(text+behind, 1+16<<10/len(text+behind)))}
						body.search(s)
						if all++; body.tooLong() {
							below++
						}
						if body.took*time.Duration(len(slowest.text)) >= slowest.took*time.Duration(len(body.text)) {
							slowest = body
						}
					}
				}
			}
			b.ReportMetric(1e3*float64(len(slowest.text))/float64(slowest.took), "MB/s-slowest")
			b.ReportMetric(1e3*float64(below)/float64(all), "below-100-of-1000")
			b.Logf("the slowest is %q", slowest.pieces)
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
