package needle

import (
	"bytes"
	"math/bits"
	"unicode/utf8"
)

// What a hit in a view was decoded from is worked out for the hit alone: where its
// bytes stand in the parent is a word for each block, and what a token there decodes to
// depends on its own bytes only, so that it is the same again.

// place says where the bytes of a view from out on stand in its parent: each at one of
// the 64 from in on, and keep has a bit for each that is kept. all goes on behind those.
type place struct {
	out, in int32
	keep    uint64
}

const all = ^uint64(0)

// inOrder leaves out places of what was dropped: others were added later for the same
// bytes, or for bytes in front of them.
func inOrder(places []place) []place {
	kept := len(places)
	for i := kept - 1; i >= 0; i-- {
		if kept == len(places) || places[i].out < places[kept].out {
			kept--
			places[kept] = places[i]
		}
	}
	return places[kept:]
}

// stands says where byte i, or the first of what it was decoded from, stands in the
// parent: at which of the bytes from in on.
func (v *view) stands(i int) (in, at int) {
	p := &v.places[v.placeOf(i)]
	if at = i - int(p.out); p.keep != all {
		at = bitOf(p.keep, at)
	}
	return int(p.in), at
}

// placeOf is the index of the place that byte i is of. Hits come in order, nearly always:
// it is not far from the one before.
func (v *view) placeOf(i int) int {
	const near = 8
	low, high := max(0, v.last-near), min(v.last+near, len(v.places))
	if int(v.places[low].out) > i {
		low = 0
	}
	if high < len(v.places) && int(v.places[high].out) <= i {
		high = len(v.places)
	}
	for high-low > 1 {
		if mid := (low + high) / 2; int(v.places[mid].out) <= i {
			low = mid
		} else {
			high = mid
		}
	}
	v.last = low
	return low
}

// bitOf is the place of bit n of those that are set.
func bitOf(set uint64, n int) (at int) {
	for width := 32; width >= 4; width /= 2 {
		if lower := bits.OnesCount64(set & below(width)); n >= lower {
			n, set, at = n-lower, set>>width, at+width
		}
	}
	for range n {
		set &= set - 1
	}
	return at + bits.TrailingZeros64(set)
}

// origin is where b[start:end] of the view stands in the text itself, and the outermost of
// what lies over it; nowhere, where it is no one part.
func (v *view) origin(start, end int, over Form) (from, to int, _ Form) {
	for ; v != nil && start < end; v = v.parent {
		var above Form
		if start, end, above = v.source(start, end); above != 0 {
			over = above
		}
	}
	return start, end, over
}

// parted says whether there is an end of a part in buf[start:end].
func (v *view) parted(start, end int) bool {
	for i := start; ; i++ {
		next := bytes.IndexByte(v.buf[i:end], v.end)
		if next < 0 {
			return false
		}
		i += next
		_, at := v.stands(i)
		if as := codedAs[v.kind]; at%as.stride == as.stride-1 { // else it is a byte of a part as well
			return true
		}
	}
}

// source is where buf[start:end] stands in the parent, and what lies over it there;
// nowhere, where it is no one part.
func (v *view) source(start, end int) (from, to int, over Form) {
	if !v.ordered {
		v.places, v.ordered = inOrder(v.places), true
	}
	if v.parted(start, end) {
		return 0, 0, 0
	}
	as := codedAs[v.kind]
	if over = as.form; over == 0 {
		from, _ = v.token(start)
		_, to = v.token(end - 1)
		return from, to, v.text.over(from, to)
	}
	in, at := v.stands(start)
	from = in + at
	in, at = v.stands(end - 1)
	return from, in + at + as.span, over
}

// token is where the token stands that byte i, or the character that it is a part of, was
// decoded from.
func (v *view) token(i int) (from, to int) {
	in, at := v.stands(i)
	at += in
	for range utf8.UTFMax { // the bytes of a character are kept where those of its token stood
		from = v.text.front(at)
		c, next := v.text.token(from)
		if to = next; c > 0xff || byte(c) == v.buf[i] {
			break
		}
		at--
	}
	return from, to
}

// front is where the token begins that has a backslash at i, or i.
func (u *unescaper) front(i int) int {
	if u.b[i] != '\\' {
		return i
	}
	end := i + 1
	for end < len(u.b) && u.b[end] == '\\' {
		end++
	}
	first := end
	for first > 0 && end-first < maxToken/2+2 && u.b[first-1] == '\\' {
		first--
	}
	if end-first > maxToken/2+1 {
		return end - maxToken/2 // as backslash has it
	}
	return first
}

// over is the first form that lies over b[from:to], of escapes and of what joins lines and
// wide characters: of joints only what has a byte as it stands behind it.
func (u unescaper) over(from, to int) Form {
	var joint Form
	for i := from; i < to; {
		if joint == 0 && !special[u.b[i]] {
			i++
			continue
		}
		u.kind = 0
		c, next := u.token(i)
		switch {
		case c <= '\r' && joints[c]:
			if joint = Lines; c == 0 {
				joint = UTF16
			}
		case next == i+1 && joint != 0:
			return joint
		case u.kind != 0:
			return u.kind
		case next > i+1:
			joint = 0
		}
		i = next
	}
	return 0
}
