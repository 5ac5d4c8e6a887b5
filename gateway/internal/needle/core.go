package needle

// core chooses where in each spelling is what it is looked up by: its first bytes, unless
// many begin alike, as a vendor's keys do, or with what repeats itself. Else whoever knows
// no more than that could write a text in which spellings are looked up everywhere.
func (e *engine) core(list []spelling) {
	const few, far = 4, 8 // as many may be alike; how far the choices are from one another
	size := max(e.prefix, e.width+e.stride-1)
	best := make([]int, len(list)) // how many are alike at the core
	open := make([]int, len(list))
	for i := range list {
		open[i], best[i] = i, 1<<30
	}
	count := make(map[uint64]int, len(list))
	for at := 0; len(open) > 0; at += far {
		clear(count)
		gram := func(sp *spelling) uint64 {
			return (wordAt(sp.text, min(at, len(sp.text)-size)) | fold) & e.gram
		}
		for _, i := range open {
			count[gram(&list[i])]++
		}
		left := open[:0]
		for _, i := range open {
			sp := &list[i]
			n := count[gram(sp)]
			if period(sp.text[min(at, len(sp.text)-size):][:e.width], true) > 0 {
				n += 1 << 20
			}
			if n < best[i] {
				best[i], sp.core = n, min(at, len(sp.text)-size)
			}
			if best[i] > few && at < len(sp.text)-size {
				left = append(left, i)
			}
		}
		open = left
	}
	for i := range list {
		sp := &list[i]
		if sp.repeat = e.repeatAt(sp); sp.kind() != notOnlyRepeat {
			sp.core = 0 // it is the same everywhere
			sp.repeat = e.repeatAt(sp)
		}
	}
}

// repeatAt is the repeat that what the core begins with is a part of.
func (e *engine) repeatAt(sp *spelling) repeat {
	fold := sp.form.folds()
	return repeatIn(sp.text, sp.core, e.prefix, 0, period(sp.front(e.prefix), fold), fold)
}
