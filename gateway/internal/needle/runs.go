package needle

import "math/bits"

// runs finds the runs of one class that are at least 1<<steps bytes long, from
// one block of 64 bytes to the next.
type runs struct {
	steps int
	found func(start, end int, marked bool)

	before uint64 // of the block before: its mask
	near   bool   // and whether it has eight in a byte of that
	marks  uint64 // of the block before
	open   int    // where a run began that has not ended, -1
	marked bool   // it has a mark in it
}

// full says whether one of the eight bytes of m has all its bits. A run of 15
// has one in its mask, so most blocks need no more than this.
func full(m uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	return (^m-ones)&m&tops != 0
}

// block takes the masks of the 64 bytes from offset on.
func (r *runs) block(offset int, in, marks uint64) {
	near := r.steps < 4 || full(in)
	if near || r.near || r.open >= 0 {
		before, long := r.before, in
		for k := range r.steps {
			n := 1 << k
			long &= long<<n | before>>(64-n)
			before &= before << n
		}
		if r.open >= 0 || long != 0 {
			r.slow(offset, in, marks, long)
		}
	}
	r.before, r.near, r.marks = in, near, marks
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
