package needle

import "golang.org/x/sys/cpu"

//go:noescape
func probeBMI2(b *byte, p, last int, e *engine, list *int32) (n, next int)

//go:noescape
func probeFew(b *byte, p, last int, e *engine, list *int32) (n, next int)

//go:noescape
func probeSome(b *byte, p, last int, e *engine, list *int32) (n, next int)

// probe lists the places from p to last, in steps of the stride, whose gram may be in the
// filter, and says from where on it has not looked. b[last] has eight bytes behind it.
func (e *engine) probe(b []byte, p, last int, list *[seen]int32) (n, next int) {
	if !cpu.X86.HasBMI2 || p > last {
		return e.probeSlow(b, p, last, list)
	}
	_ = b[p : last+8]
	switch {
	case !wides || e.few == nil || last-p < 120:
		return probeBMI2(&b[0], p, last, e, &list[0])
	case e.few.all:
		return probeSome(&b[0], p, last, e, &list[0])
	}
	return probeFew(&b[0], p, last, e, &list[0])
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
