package needle

import "math/bits"

// runs finds the runs of one class that are at least 1<<steps bytes long, from
// one block of 64 bytes to the next. steps is 2 to 5.
type runs struct {
	steps int
	class int    // of masks
	mark  uint64 // all ones where marks are looked at
	found func(start, end int, marked bool)

	before [5]uint64 // of the block before: where runs of 1, 2, 4, 8 and 16 bytes end
	marks  uint64    // of the block before
	open   int       // where a run began that has not ended, -1
	marked bool      // it has a mark in it
}

// blocks takes the masks of the bytes from offset on. It has no branch but for
// where a run is that is long enough: what a text looks like is not to be foreseen.
func (r *runs) blocks(offset int, list []masks) {
	ones, twos, fours, eights, sixteens := r.before[0], r.before[1], r.before[2], r.before[3], r.before[4]
	class, mark, steps := r.class&3, r.mark, r.steps
	for k := range list {
		in, marks := list[k][class], list[k][markClass]&mark
		two := in & (in<<1 | ones>>63)
		four := two & (two<<2 | twos>>62)
		eight := four & (four<<4 | fours>>60)
		sixteen := eight & (eight<<8 | eights>>56)
		long := sixteen & (sixteen<<16 | sixteens>>48)
		ones, twos, fours, eights, sixteens = in, two, four, eight, sixteen
		switch steps {
		case 2:
			long = four
		case 3:
			long = eight
		case 4:
			long = sixteen
		}
		if long != 0 || r.open >= 0 {
			r.slow(offset+64*k, in, marks, long)
		}
		r.marks = marks
	}
	r.before = [5]uint64{ones, twos, fours, eights, sixteens}
}

func (r *runs) slow(offset int, in, marks, long uint64) {
	for {
		if r.open < 0 {
			if long == 0 {
				return
			}
			r.open = offset + bits.TrailingZeros64(long) - (1<<r.steps - 1)
			if r.open < offset {
				r.marked = r.marks>>(64-(offset-r.open)) != 0
			}
		}
		first := max(r.open-offset, 0)
		rest := ^in >> first
		if rest == 0 {
			r.marked = r.marked || marks>>first != 0
			return
		}
		n := bits.TrailingZeros64(rest)
		r.marked = r.marked || marks>>first&(1<<n-1) != 0
		r.end(offset + first + n)
		long &^= 1<<(first+n) - 1
	}
}

// end ends the run that is open, if one is.
func (r *runs) end(end int) {
	if r.open >= 0 {
		r.found(r.open, end, r.marked)
	}
	r.open, r.marked = -1, false
}
