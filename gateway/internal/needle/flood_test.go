package needle

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Of a text that has few secrets each is told by itself, also where each line has one; of
// one that is nothing but the secret all is one hit, whatever it is written in.
func TestFlood(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	s := set("another-secret", key)
	line := "time=09:15 token=" + key + "\n"
	lines := []byte(strings.Repeat(line, 1000))
	hits := s.Find(lines, 0, Whole, nil)
	if found := slices.ContainsFunc(hits, func(h Hit) bool { return h.Form == Flood }); found || len(hits) != 1000 {
		t.Errorf("of 1000 lines with a key in each %d hits are told, a flood among them: %v", len(hits), found)
	}
	for _, w := range written(r, key) {
		name, text := w[0], strings.Repeat(w[1], 3+1<<16/len(w[1]))
		for _, from := range []int{0, 20000} {
			hits := s.Find([]byte(text), from, Whole, []Hit{{1, 2, Raw, 0}})
			if hits = hits[1:]; len(hits) == 0 || len(hits) > mostHits(len(text)) {
				t.Fatalf("%s: %d hits", name, len(hits))
			}
			if hits[0].Form != Flood {
				continue
			}
			if want := (Hit{max(0, from-s.MaxLen()), len(text), Flood, 1}); len(hits) != 1 || hits[0] != want {
				t.Errorf("%s: %v, want %v", name, hits, want)
			}
		}
	}
	short := letters(r, 16)
	if hits := set(short).Find([]byte(strings.Repeat(short+",", 1000)), 0, Whole, nil); len(hits) != 1 || hits[0].Form != Flood {
		t.Errorf("%d hits, and no flood", len(hits))
	}
}

// No more is found than the bound allows, of whatever bodies of secrets.
func TestFloodBoundsTheWork(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	_, lengths := crowds(r)
	for _, secrets := range [][]string{{key}, {letters(r, 16)}, {letters(r, 4)}, {strings.Repeat("z", 16)}, lengths} {
		s := set(secrets...)
		for _, w := range written(r, secrets[0]) {
			text := []byte(strings.Repeat(w[1], 1+1<<14/len(w[1])))
			most := mostHits(len(text))
			for _, e := range s.content().engines {
				if n := len(e.find(text, 0, most, true, nil)); n > most+seen {
					t.Errorf("%s of %.20q: %d are found, of %d", w[0], secrets[0], n, most)
				}
			}
			if hits, _, more := s.content().decoded(text, 0, most, Whole, nil, 0); len(hits) > most+1 || !more && len(hits) > most {
				t.Errorf("%s of %.20q: %d are told of views, %v", w[0], secrets[0], len(hits), more)
			}
		}
	}
}
