package needle

import (
	"encoding/binary"

	"golang.org/x/sys/cpu"
)

//go:noescape
func probeBMI2(b *byte, p, last int, e *engine) int

//go:noescape
func probeVBMI(b *byte, p, last int, e *engine) int

// probe is the first place from p to last, in steps of the stride, whose gram may
// be in the filter; behind last where there is none. b[last] has eight bytes behind it.
func (e *engine) probe(b []byte, p, last int) int {
	if !cpu.X86.HasBMI2 || p > last {
		return e.probeSlow(b, p, last)
	}
	_ = b[p : last+8]
	for wides && e.few != nil && last-p >= 120 {
		if p = probeVBMI(&b[0], p, last, e); last-p < 120 {
			break
		}
		if e.holds(binary.LittleEndian.Uint64(b[p:])) {
			return p
		}
		p += e.stride
	}
	if p > last {
		return p
	}
	return probeBMI2(&b[0], p, last, e)
}

// few is a filter for few grams that fits the registers: of each gram it has the three
// highest bytes of the hash, but for a bit of each, in one of eight buckets. All three of
// another gram are in one bucket by a chance of one in some hundred.
type few struct {
	places  [64]byte // where the bytes of eight grams are
	buckets [3][128]byte
}

const maxFew = 160 // grams

func newFew(list []spelling, e *engine) *few {
	if len(list)*e.stride > maxFew {
		return nil
	}
	f := &few{}
	for i := range f.places {
		f.places[i] = byte(i/8*e.stride + i%8)
	}
	for n, sp := range list {
		for at := range e.stride {
			h := e.hash(wordAt(sp.text, at))
			for k := range f.buckets {
				f.buckets[k][h>>(56-8*k)&127] |= 1 << ((n*e.stride + at) % 8)
			}
		}
	}
	return f
}
