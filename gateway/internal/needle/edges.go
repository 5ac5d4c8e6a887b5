package needle

// A spelling may repeat itself where its core is, and go on with something else: one letter
// fifty times, and another. In a run there is one place for it, so far from the run's end;
// without that, it would be looked up at each.

// edges say how far from the end of a run a core may be that is all in it, of a spelling that
// is not.
type edges struct {
	far      [farthest/64 + 1]uint64 // bits; none in the last
	anywhere bool                    // of a spelling with an end that is farther, or with none
}

const farthest = 256

// add adds a spelling whose core, of size bytes, repeats itself every n.
func (e *edges) add(sp *spelling, size, n int) {
	to := sp.core + size
	for to < len(sp.text) && equal(sp.text[to], sp.text[to-n], true) {
		to++
	}
	far := to - sp.core
	if to == len(sp.text) || far >= farthest {
		e.anywhere = true
		return
	}
	e.far[far/64] |= 1 << (far % 64)
}

// none has a bit for each of 16 places, from p backwards, where a core of size bytes would be
// all in the run, but none is.
func (e *edges) none(r *run, p, size int) (none uint16) {
	if e.anywhere {
		return 0
	}
	none = below16(p-r.from+1) &^ below16(p-r.to+size)
	if far := r.to - p; far < farthest {
		none &^= uint16(e.far[far/64]>>(far%64) | e.far[far/64+1]<<(64-far%64))
	}
	return none
}

// below16 has the bits below n, which may be any.
func below16(n int) uint16 { return uint16(1<<uint(min(max(n, 0), 16)) - 1) }
