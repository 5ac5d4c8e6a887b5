package needle

// core chooses where in each spelling is what it is looked up by: its first bytes, unless
// many begin alike, as a vendor's keys do, or with what repeats itself. Else whoever knows
// no more than that could write a text in which spellings are looked up everywhere.
func (e *engine) core(list []spelling) {
	const few, far = 4, 8 // as many may be alike; how far the choices are from one another
	all := make([]int, len(list))
	best := make([]int, len(list)) // how many are alike at the core
	for i := range list {
		all[i], best[i] = i, 1<<30
	}
	open := e.choose(list, all, best, far, few)
	e.choose(list, open, best, 1, repeated)
}

// repeated is added for what repeats itself.
const repeated = 1 << 20

// choose goes through the places that are so far from one another, until as few are alike,
// and says of which there are more.
func (e *engine) choose(list []spelling, open, best []int, far, few int) []int {
	size := max(e.prefix, e.width+e.stride-1)
	count := make(map[uint64]int, len(open))
	var ended []int
	for at := 0; len(open) > 0; at += far {
		clear(count)
		gram := func(sp *spelling) []byte { return sp.text[min(at, len(sp.text)-size):][:e.width] }
		key := func(sp *spelling) uint64 { return (wordAt(gram(sp), 0) | fold) & e.gram }
		for _, i := range open {
			count[key(&list[i])]++
		}
		left := open[:0]
		for _, i := range open {
			sp := &list[i]
			n := count[key(sp)]
			if period(gram(sp), true) > 0 {
				n += repeated
			}
			if n < best[i] {
				best[i], sp.core = n, min(at, len(sp.text)-size)
			}
			if best[i] > few {
				if at < len(sp.text)-size {
					left = append(left, i)
				} else if best[i] > repeated {
					ended = append(ended, i)
				}
			}
		}
		open = left
	}
	return ended
}
