package needle

import (
	"bytes"
	"math/bits"
	"slices"
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
	n, far := v.last, 16
	for ; int(v.places[n].out) > i && far > 0; far-- {
		n--
	}
	for ; n+1 < len(v.places) && int(v.places[n+1].out) <= i && far > 0; far-- {
		n++
	}
	if far == 0 {
		next, found := slices.BinarySearchFunc(v.places, int32(i), func(p place, i int32) int { return int(p.out - i) })
		if n = next; !found {
			n--
		}
	}
	v.last = n
	return n
}

// bitOf is the place of bit n of those that are set, of which there are more. (Vigna,
// "Broadword implementation of rank/select queries", 2008.)
func bitOf(set uint64, n int) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	sums := set - set>>1&0x5555555555555555
	sums = sums&0x3333333333333333 + sums>>2&0x3333333333333333
	sums = (sums + sums>>4) & 0x0f0f0f0f0f0f0f0f * each // of each byte and those below
	below := (uint64(n)*each | high) - sums
	at := 8 * bits.OnesCount64(below&high) & 63
	return at + int(bitOfByte[set>>at&0xff][(n-int(sums<<8>>at&0xff))&7])
}

// bitOfByte is bitOf, for bytes.
var bitOfByte = func() (t [256][8]uint8) {
	for set := range t {
		n := 0
		for at := range uint8(8) {
			if set>>at&1 != 0 {
				t[set][n] = at
				n++
			}
		}
	}
	return t
}()

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
		if _, to = v.token(end - 1); to-from > end-start { // else it stands there as it is
			over = v.text.over(from, to)
		}
		return from, to, over
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
	if c := v.text.b[at]; c == v.buf[i] && !special[c] {
		return at, at + 1
	}
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
		for joint == 0 && i < to && !special[u.b[i]] {
			i++
		}
		if i == to {
			break
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
