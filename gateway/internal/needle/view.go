package needle

import (
	"cmp"
	"slices"
)

// view is what a decoder made of parts of its parent, with the way back: each
// part is followed by a byte that no form has in it.
type view struct {
	parent *view // nil: the text itself
	over   Form  // what all of it was decoded from, 0 where the marks say
	buf    []byte
	marks  []mark
}

// mark says where the bytes from out on come from, up to the next mark.
type mark struct {
	out, in int32
	span    uint8
	form    Form
}

// What one byte from out on was in the parent; smaller spans are one token of so
// many bytes.
const (
	copied   = 0xff // a byte, and the next the next
	sextets  = 0xfe // characters of base64 that have bits of it
	hexPairs = 0xfd
)

func (v *view) reset(parent *view, over Form) {
	v.parent, v.over, v.buf, v.marks = parent, over, v.buf[:0], v.marks[:0]
}

func (v *view) mark(in int, span uint8, form Form) {
	v.marks = append(v.marks, mark{int32(len(v.buf)), int32(in), span, form})
}

// copy takes over b, which stands at in in the parent, behind what form took out.
func (v *view) copy(b []byte, in int, form Form) {
	if n := len(v.marks); n == 0 || form != 0 || v.marks[n-1].span != copied || int(v.marks[n-1].in)+len(v.buf)-int(v.marks[n-1].out) != in {
		v.mark(in, copied, form)
	}
	v.buf = append(v.buf, b...)
}

// at is the mark of byte i.
func (v *view) at(i int) int {
	n, found := slices.BinarySearchFunc(v.marks, int32(i), func(m mark, i int32) int { return int(m.out - i) })
	if !found {
		n--
	}
	return n
}

// origin is where buf[start:end] stands in the text itself, and what lay over it;
// nowhere, where it is no one part.
func (v *view) origin(start, end int) (from, to int, over Form) {
	first, last := v.at(start), v.at(end-1)
	from, _ = v.marks[first].span1(start)
	_, to = v.marks[last].span1(end - 1)
	over = v.over
	for i := first; i <= last; i++ {
		if v.marks[i].span == 0 {
			return 0, 0, 0 // over the end of a part
		}
		if m := v.marks[i]; i > first || m.span != copied { // what was taken out before the first byte is no part of it
			over = cmp.Or(over, m.form)
		}
	}
	if v.parent != nil && to > from {
		var above Form
		if from, to, above = v.parent.origin(from, to); above != 0 {
			over = above
		}
	}
	return from, to, over
}

// verbatim says whether buf[start:end] is in the parent as it is.
func (v *view) verbatim(start, end int) bool {
	first := v.at(start)
	return v.marks[first].span == copied && (first+1 == len(v.marks) || int(v.marks[first+1].out) >= end)
}

// span1 is where byte i, which is one of the mark's, stands in the parent.
func (m mark) span1(i int) (from, to int) {
	d, in := i-int(m.out), int(m.in)
	switch m.span {
	case copied:
		return in + d, in + d + 1
	case sextets:
		at := in + d/3*4 + d%3
		return at, at + 2
	case hexPairs:
		return in + 2*d, in + 2*d + 2
	}
	return in, in + int(m.span)
}
