package needle

import (
	"encoding/binary"

	"golang.org/x/sys/cpu"
)

//go:noescape
func probeBMI2(b *byte, p, last int, e *engine) int

//go:noescape
func probeFew(b *byte, p, last int, e *engine) int

//go:noescape
func probeSome(b *byte, p, last int, e *engine) int

// probe is the first place from p to last, in steps of the stride, whose gram may
// be in the filter; behind last where there is none. b[last] has eight bytes behind it.
func (e *engine) probe(b []byte, p, last int) int {
	if !cpu.X86.HasBMI2 || p > last {
		return e.probeSlow(b, p, last)
	}
	_ = b[p : last+8]
	for wides && e.few != nil && last-p >= 120 {
		if e.few.all {
			p = probeSome(&b[0], p, last, e)
		} else {
			p = probeFew(&b[0], p, last, e)
		}
		if last-p < 120 {
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

// few is a filter for few grams that fits the registers: of each gram it has the highest
// bytes of the hash in one of eight buckets. Those of another gram are all in one bucket by
// a chance of one in some hundred.
type few struct {
	places  [64]byte // where the bytes of eight grams are
	all     bool     // four whole bytes of each; or three of seven bits, which are enough for maxFew
	buckets [4][256]byte
}

const maxFew, maxSome = 160, 512 // grams

func newFew(list []spelling, e *engine) *few {
	grams := len(list) * e.stride
	if grams > maxSome {
		return nil
	}
	f := &few{all: grams > maxFew}
	for i := range f.places {
		f.places[i] = byte(i/8*e.stride + i%8)
	}
	for n, sp := range list {
		for at := range e.stride {
			h := e.hash(wordAt(sp.text, sp.core+at))
			for k := range f.buckets {
				value := byte(h >> (56 - 8*k))
				if !f.all {
					value &= 127
				}
				f.buckets[k][value] |= 1 << ((n*e.stride + at) % 8)
			}
		}
	}
	return f
}
