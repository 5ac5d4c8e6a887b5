package needle

// A body may be nothing but a secret, over and over, in whatever writing takes longest.
// Each of them has to be found, in several views, and its place in the text worked out:
// that is 0.1 to 0.5 µs, a few for each line. A search therefore ends where there are too
// many, and all of the text counts as one hit: more is masked than needs to be, never less.
// What stands between so many is worth nothing.

// mostHits is how many hits are told of a text of n bytes: one for each 64, so that lines
// that each have a key in them are still told one by one, and some more of a short one.
func mostHits(n int) int { return 64 + n/64 }

// flood is the hit that stands for more than those which end after from.
func (s *Set) flood(b []byte, from int, first Hit) Hit {
	return Hit{Start: max(0, from-s.MaxLen()), End: len(b), Form: Flood, Needle: first.Needle}
}
