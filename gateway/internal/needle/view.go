package needle

import "slices"

// view is what a decoder made of parts of its parent, and the way back: each part is
// followed by a byte that no form has in it.
type view struct {
	parent  *view // nil: the text itself
	kind    int
	text    unescaper // of the parent, where escapes are taken off
	below   depth     // what is looked for in it
	end     byte      // of a part: no form has it
	used    int       // of buf, since it was wiped
	buf     []byte
	places  []place // where buf stands in the parent
	ordered bool    // they are in order
	last    int     // of them that was asked for
}

func (v *view) reset(parent *view, kind int, end byte) {
	wanted := everything
	if parent != nil {
		wanted = parent.below
	}
	*v = view{
		parent: parent, kind: kind, below: wanted.of(kind), end: end,
		used: max(v.used, len(v.buf)), buf: v.buf[:0], places: v.places[:0],
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
	v.buf, v.places = v.buf[:0], v.places[:0]
	clear(v.buf[:v.used])
	v.parent, v.text, v.used = nil, unescaper{}, 0
	if cap(v.buf) > 1<<19 || cap(v.places) > 1<<17 {
		v.buf, v.places = nil, nil
	}
}
