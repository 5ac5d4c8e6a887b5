package needle

import "slices"

// shown is the name that a mask shows for one needle.
type shown struct {
	needle int
	name   string
}

// Named is a set that finds what s finds, and shows that name for the needles of
// those indexes, which are in order, and none for the others. It shares all with
// s, whose size it does not matter for.
func (s *Set) Named(name string, indexes []int) *Set {
	c := *s.content()
	c.shown = make([]shown, len(indexes))
	for i, index := range indexes {
		c.shown[i] = shown{index, name}
	}
	return &Set{open: func() *content { return &c }}
}

// Name is the name that a mask may show for the needle of that index, or "".
func (s *Set) Name(index int) string {
	c := s.content()
	at, ok := slices.BinarySearchFunc(c.shown, index, func(n shown, index int) int { return n.needle - index })
	if !ok {
		return ""
	}
	return c.shown[at].name
}
