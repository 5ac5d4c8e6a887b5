package scrub

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// An agent that can make its upstream break off must not read the front of a
// secret: what was held goes nowhere.
func TestErrorDropsTheTail(t *testing.T) {
	broken := errors.New("connection reset")
	front := strings.Repeat("x", 5000)
	for cut := range len(key) + 1 {
		p := split(front+key[:cut], 100, len(front))
		p.err = broken
		r := reader(t, p, Options{Needles: set(key)})
		out, err := io.ReadAll(r)
		if !errors.Is(err, broken) {
			t.Fatalf("cut after %d: %v", cut, err)
		}
		if want := len(front) + cut - tailFor(set(key).MaxLen()); string(out) != front[:want] {
			t.Errorf("cut after %d: %d bytes came out, want %d", cut, len(out), want)
		}
		if found := r.Hits() == 1; found != (cut == len(key)) {
			t.Errorf("cut after %d: %d hits", cut, r.Hits())
		}
		if n, err := r.Read(make([]byte, 9)); n != 0 || !errors.Is(err, broken) {
			t.Errorf("the error did not stay: %d, %v", n, err)
		}
	}
}

// The tail shows no more of a secret's length than a power of two.
func TestTailIsACoarseClass(t *testing.T) {
	for longest, want := range map[int]int{0: 0, 1: 1024, 100: 1024, 1023: 1024, 1024: 1024, 1025: 2048, 4096: 4096, 5000: 8192} {
		if got := tailFor(longest); got != want {
			t.Errorf("tailFor(%d) = %d, want %d", longest, got, want)
		}
	}
}

// sizes is the size of each read, for a body that comes in these pieces.
func sizes(t *testing.T, p *pieces, o Options) (list []int) {
	t.Helper()
	r := reader(t, &log{p, &list}, o)
	buf := make([]byte, 8<<10)
	for {
		n, err := r.Read(buf)
		list = append(list, n)
		if err != nil {
			return list
		}
	}
}

// log writes down, as negative numbers, when the upstream was read, between
// the sizes of what came out: what leaves, and after which piece it leaves. How
// long a search takes is not in it.
type log struct {
	r    io.Reader
	list *[]int
}

func (l *log) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	*l.list = append(*l.list, -n)
	return n, err
}

// The attacker: an agent whose upstream echoes sends guesses of any length, in
// any form, and watches how much comes out after how much went in. It is always
// the same.
func TestNoOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	wrong := strings.Map(func(c rune) rune { return c ^ 1 }, key)
	for _, guess := range spell(r, key)[:3*8] { // three alignments, all that base64 has
		if strings.ContainsAny(guess.text, "\r\n") {
			continue // the random bytes around it make borders of their own
		}
		other := letters(r, len(guess.text))
		for _, ct := range contentTypes {
			o := Options{Needles: set(key, wrong), ContentType: ct}
			for n := range len(guess.text) + 1 {
				for _, frame := range []string{"%s", strings.Repeat("pad ", 600) + "%s", "data: %s\n\n", "data: %s", "\n%s\n" + strings.Repeat("pad ", 600)} {
					cuts := []int{1, 3, 7}
					with := fmt.Sprintf(frame, guess.text[:n]+other[n:])
					without := fmt.Sprintf(frame, other)
					got, want := sizes(t, split(with, cuts...), o), sizes(t, split(without, cuts...), o)
					if !slices.Equal(got, want) {
						t.Fatalf("%s, %s: %d right bytes can be told from none\n%v\n%v", guess.name, ct, n, got, want)
					}
				}
			}
		}
	}
}
