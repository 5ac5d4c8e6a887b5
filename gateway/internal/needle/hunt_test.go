package needle

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// BenchmarkWorstByChance looks for bodies that are slow to search, by putting pieces
// together by chance: escapes, parts of escapes, and letters that are base64 or hex of
// text. It tells the slowest that it found, in MB a second, and how many of a thousand
// are below 100, as those in dense_test.go do.
func BenchmarkWorstByChance(b *testing.B) {
	r := rand.New(rand.NewPCG(8, 8))
	var every, visible []byte // of which nearly everything may be a form; a credential has no controls
	for c := range 256 {
		if every = append(every, byte(c)); c > ' ' && c != 0x7f {
			visible = append(visible, byte(c))
		}
	}
	for _, secret := range []struct{ name, value string }{
		{"51 bytes", "sk-" + letters(r, 48)}, {"16 bytes", letters(r, 16)}, {"8 bytes", letters(r, 8)}, {"above ASCII", "\xc3\xa4\xff-" + letters(r, 20)}, {"visible", string(visible)}, {"every byte", string(every)},
	} {
		b.Run(secret.name, func(b *testing.B) {
			s, q, pieces := set(secret.value), quarry{}, hunted()
			for b.Loop() {
				for range 4000 {
					chosen := choice(r, pieces)
					q.add(s, chosen, bodyOf(r, chosen))
				}
			}
			q.report(b)
		})
	}
}

// quarry is what was hunted down.
type quarry struct {
	all, below int // bodies, and those that were searched at less than 100 MB a second
	slowest    slow
}

func (q *quarry) add(s *Set, pieces []string, text []byte) {
	body := slow{pieces: pieces, text: text}
	body.search(s)
	if q.all++; body.tooLong() {
		q.below++
	}
	if body.took*time.Duration(len(q.slowest.text)) >= q.slowest.took*time.Duration(len(text)) {
		q.slowest = body
	}
}

func (q *quarry) report(b *testing.B) {
	b.ReportMetric(1e3*float64(len(q.slowest.text))/float64(q.slowest.took), "MB/s-slowest")
	b.ReportMetric(1e3*float64(q.below)/float64(q.all), "below-100-of-1000")
	b.Logf("the slowest is made of %.300q", q.slowest.pieces)
}

type slow struct {
	pieces []string
	text   []byte
	took   time.Duration
}

// search takes the least that it takes, of a few times; of many, where that is near too
// long: what else the machine does makes it so for most.
func (q *slow) search(s *Set) {
	q.took = least(s, q.text, 4)
	for times := 30; q.took > 8*time.Duration(len(q.text)) && times < 1000; times *= 5 {
		q.took = min(q.took, least(s, q.text, times))
	}
}

// tooLong says whether it was searched at less than 100 MB a second.
func (s slow) tooLong() bool { return s.took > 10*time.Duration(len(s.text)) }

// hunted are the pieces.
func hunted() []string {
	pieces := append([]string{"=\n", "\n", "\r\n", "\x00", " ", "\xc3\xa4", "\xff", "\\n", "%0a", "=41", "&#65;", "&amp;", ",", "\"", "{", "A\x00"}, introducers...)
	for _, coded := range []string{"V", "A", "U", "Q", "41", "5", "35", "3", "f", "a", "EAQB", "U1", "V5", "ZmZm", "Wlpa"} {
		for _, n := range []int{8, 16, 22, 25, 33, 45, 70, 300} {
			pieces = append(pieces, strings.Repeat(coded, n))
		}
	}
	return pieces
}

func choice(r *rand.Rand, of []string) []string {
	pieces := make([]string, 1+r.IntN(6))
	for i := range pieces {
		pieces[i] = of[r.IntN(len(of))]
	}
	return pieces
}

// bodyOf repeats pieces, in order or by chance.
func bodyOf(r *rand.Rand, pieces []string) []byte {
	const size = 16 << 10
	var b strings.Builder
	for ordered, i := r.IntN(3) == 0, 0; b.Len() < size; i++ {
		if ordered {
			b.WriteString(pieces[i%len(pieces)])
			continue
		}
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return []byte(b.String())
}

// least is the least that a search of text took, of some times.
func least(s *Set, text []byte, times int) time.Duration {
	took, hits := time.Hour, make([]Hit, 0, 1024)
	for range times {
		begin := time.Now()
		hits = s.Find(text, 0, Whole, hits[:0])
		took = min(took, time.Since(begin))
	}
	return took
}
