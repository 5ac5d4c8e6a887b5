package needle

import (
	"cmp"
	"slices"
)

// view is what a decoder made of parts of its parent, and, where it is marked, the way
// back: each part is followed by a byte that no form has in it.
type view struct {
	marked bool
	parent *view // nil: the text itself
	over   Form  // what all of it was decoded from, 0 where the marks say
	below  depth // what is looked for in it
	end    byte  // of a part: no form has it
	used   int   // of buf, since it was wiped
	buf    []byte
	marks  []mark
}

// mark says where the bytes from out on come from, up to the next mark: the first
// from span bytes at in, the next from as many behind those.
type mark struct {
	out, in int32
	span    uint8 // 1: they stand in the parent as they are; 0: they end a part
	form    Form
}

// ofSextets is the span of what was decoded from base64: each byte has its bits from
// two characters, and three come from four.
const ofSextets = 0xff

func (v *view) reset(parent *view, kind int, end byte, marked bool) {
	wanted := everything
	if parent != nil {
		wanted = parent.below
	}
	*v = view{
		marked: marked, parent: parent, over: codedAs[kind], below: wanted.of(kind), end: end,
		used: max(v.used, len(v.buf)), buf: v.buf[:0], marks: v.marks[:0],
	}
}

// room makes room for n bytes more. What it was in is wiped where it moves.
func (v *view) room(n int) {
	if cap(v.buf)-len(v.buf) >= n {
		return
	}
	old := v.buf
	v.buf = slices.Grow(v.buf, n)
	clear(old[:cap(old)])
}

// wipe clears what v held, and drops what grew large.
func (v *view) wipe() {
	v.used = max(v.used, len(v.buf))
	v.buf, v.marks = v.buf[:0], v.marks[:0]
	clear(v.buf[:v.used])
	v.parent, v.used = nil, 0
	if cap(v.buf) > 1<<19 || cap(v.marks) > 1<<17 {
		v.buf, v.marks = nil, nil
	}
}

var codedAs = [...]Form{base64View: InBase64, hexView: InHex, spacedView: SpacedHex}

// mark says where the bytes from out on come from.
func (v *view) mark(out, in int, span uint8, form Form) {
	if n := len(v.marks) - 1; n >= 0 {
		if m := &v.marks[n]; m.span == span && m.form == form && int(m.in)+(out-int(m.out))*int(span) == in {
			return // they go on as those before them
		}
	}
	v.marks = append(v.marks, mark{int32(out), int32(in), span, form})
}

// begin says where what is added to buf comes from.
func (v *view) begin(in int, span uint8) {
	if v.marked {
		v.mark(len(v.buf), in, span, 0)
	}
}

// border ends a part.
func (v *view) border() {
	v.begin(0, 0)
	v.buf = append(v.buf, v.end)
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
		if m := v.marks[i]; i > first || m.span != 1 { // what was taken out before the first byte is no part of it
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
	return v.marks[first].span == 1 && (first+1 == len(v.marks) || int(v.marks[first+1].out) >= end)
}

// span1 is where byte i, which is one of the mark's, stands in the parent.
func (m mark) span1(i int) (from, to int) {
	d, in, span := i-int(m.out), int(m.in), int(m.span)
	if span == ofSextets {
		at := in + d/3*4 + d%3
		return at, at + 2
	}
	return in + d*span, in + (d+1)*span
}
