package needle

import "golang.org/x/sys/cpu"

//go:noescape
func probeBMI2(b *byte, p, last int, e *engine) int

// probe is the first place from p to last, in steps of the stride, whose gram may
// be in the filter; behind last where there is none. b[last] has eight bytes behind it.
func (e *engine) probe(b []byte, p, last int) int {
	if !cpu.X86.HasBMI2 || p > last {
		return e.probeSlow(b, p, last)
	}
	_ = b[p : last+8]
	return probeBMI2(&b[0], p, last, e)
}
