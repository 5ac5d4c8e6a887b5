package needle

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// writer writes a view, part by part.
type writer struct {
	v        *view
	buf      []byte // the view's, until the writer is done
	shortest int
	first    int  // of the part, in buf
	escaped  bool // the part is not as it stands in the parent
	last     rune // the line's end that was
}

// write writes behind what v has, room bytes at most, and leaves parts out that are
// not as long as shortest.
func write(v *view, room, shortest int) writer {
	v.room(room + slack)
	p := writer{v: v, buf: v.buf, shortest: shortest}
	p.begin()
	return p
}

// done ends the last part. The view has all.
func (p *writer) done() {
	p.end()
	p.v.buf = p.buf
}

func (p *writer) begin() {
	p.first, p.escaped, p.last = len(p.buf), false, 0
}

// end ends the part. One that is as in the parent, or too short, is dropped.
func (p *writer) end() {
	v := p.v
	p.drops(len(p.buf))
	switch {
	case len(p.buf) == p.first && !p.escaped:
	case p.escaped && len(p.buf)-p.first >= p.shortest:
		p.buf = append(p.buf, v.end)
	default:
		p.buf = p.buf[:p.first]
	}
	p.begin()
}

// drops says that what is written, n bytes and what stands behind them, may be no part
// of the view.
func (p *writer) drops(n int) { p.v.used = max(p.v.used, min(n+slack, cap(p.buf))) }

// stands says that the n bytes that follow stand in the parent at in.
func (p *writer) stands(in, n int) {
	places := p.v.places
	if k := len(places) - 1; k >= 0 {
		last := &places[k]
		if at := in - int(last.in); uint(at) < 64 && at+n <= 64 && int(last.out)+bits.OnesCount64(last.keep) == len(p.buf) {
			last.keep |= below(n) << at
			return
		}
	}
	keep := all
	if n < 64 {
		keep = below(n)
	}
	p.keeps(in, keep)
}

// keeps says that of 64 bytes in the parent, from in on, those that follow are kept.
func (p *writer) keeps(in int, keep uint64) {
	p.v.places = append(p.v.places, place{int32(len(p.buf)), int32(in), keep})
}

// copy takes over b[from:to], which stands there in the parent.
func (p *writer) copy(b []byte, from, to int) {
	p.last = 0
	n, size := len(p.buf), to-from
	p.stands(from, size)
	if size <= stride && from+stride <= len(b) && n+stride <= cap(p.buf) {
		room := p.buf[n : n+stride]
		binary.LittleEndian.PutUint64(room, binary.LittleEndian.Uint64(b[from:]))
		binary.LittleEndian.PutUint64(room[8:], binary.LittleEndian.Uint64(b[from+8:]))
		p.buf = p.buf[:n+size]
		return
	}
	p.buf = append(p.buf, b[from:to]...)
}

// stride is what copy moves at once, where there is room.
const stride = 16

// slack is how much may be written behind what a view has.
const slack = 72

// one adds a byte that is a token in the parent, at in.
func (p *writer) one(c byte, in int) {
	p.escaped, p.last = true, 0
	p.stands(in, 1)
	p.buf = append(p.buf, c)
}

// wide adds a character above them, which is as many bytes as UTF-8 has for it.
func (p *writer) wide(c rune, in int) {
	var text [utf8.UTFMax]byte
	for i, ch := range text[:utf8.EncodeRune(text[:], c)] {
		p.one(ch, in+i)
	}
}

// join takes out a joint, c. One line break is nothing, nor are the zeros of wide
// characters; a blank line is a border.
func (p *writer) join(c rune) {
	p.escaped = true
	switch {
	case c == 0:
	case p.last == 0 || p.last == '\r' && c == '\n':
		p.last = c
	default:
		p.end()
		p.last = c
	}
}

// quiet takes over n bytes of which none is a part of an escape or a joint. Behind the
// first border are parts that stand as they are in the parent: the last of them may go on.
func (p *writer) quiet(at int, b *[64]byte, borders uint64, n int) {
	size := len(p.buf)
	p.last = 0
	*(*[64]byte)(p.buf[size : size+64]) = *b
	p.keeps(at, all)
	if borders == 0 {
		p.buf = p.buf[:size+n]
		return
	}
	first, last := bits.TrailingZeros64(borders), bits.Len64(borders)
	if p.escaped && size-p.first+first >= p.shortest {
		size += first + 1
		p.buf[:size][size-1] = p.v.end
	} else {
		p.drops(size)
		size = p.first
	}
	p.buf = p.buf[:size]
	p.begin()
	p.keeps(at+last, all)
	p.buf = append(p.buf, b[last:n]...)
}

// block takes over those of 64 bytes that are to be kept, and ends parts at borders
// and blank lines. escaped are the bytes that make a part not what it was.
func (p *writer) block(at int, b *[64]byte, k *block, keep, escaped uint64) {
	if lines := k.lf | k.cr; lines != 0 || p.last != 0 {
		p.blank(b, k, keep)
	}
	n := len(p.buf)
	out := p.buf[n : n+64]
	var done uint64 // the bytes of parts that have ended
	before := n - p.first
	borders, lost := p.short(k.borders)
	keep, escaped = keep&^lost, escaped&^lost
	for ; borders != 0; borders &= borders - 1 {
		bit := borders & -borders
		part := (bit - 1) &^ done
		switch {
		case (p.escaped || escaped&part != 0) && before+bits.OnesCount64(keep&part) >= p.shortest:
			b[bits.TrailingZeros64(bit)], keep = p.v.end, keep|bit
		case before > 0:
			p.drops(n)
			n -= before
			out = p.buf[n : n+64]
			fallthrough
		default:
			keep &^= part
		}
		p.escaped, before, done = false, 0, done|part|bit
	}
	p.escaped = p.escaped || escaped&^done != 0
	p.buf = p.buf[:n]
	p.keeps(at, keep)
	if pack(out, b, keep); k.borders != 0 {
		p.first = n + bits.OnesCount64(keep&done)
	}
	p.buf = p.buf[:n+bits.OnesCount64(keep)]
}

// short says what between the first border and the last is in parts that are too short
// to stay, and which borders are left without those.
func (p *writer) short(borders uint64) (left, lost uint64) {
	if borders&(borders-1) == 0 {
		return borders, 0
	}
	first, last := borders&-borders, uint64(1)<<(bits.Len64(borders)-1)
	left, lost = first|last, (last-1)&^(2*first-1)
	if p.shortest >= 64 {
		return left, lost
	}
	inside := lost &^ borders
	for long := follow(inside, p.shortest); long != 0; {
		begin := long & -long
		end := begin + inside&^(begin-1) // the sum carries it to the end
		part := end&-end - begin
		left, lost, long = left|end&-end, lost&^part, long&^part
	}
	return left, lost
}

// blank makes borders of blank lines: of an end of a line that nothing is kept before
// since the one before it. A sum carries each end to what is next.
func (p *writer) blank(b *[64]byte, k *block, keep uint64) {
	lines := k.lf | k.cr
	events := keep | lines | k.borders
	var last, cr uint64
	if p.last != 0 {
		last = 1
	}
	if p.last == '\r' {
		cr = 1
	}
	k.borders |= ((lines<<1 | last) + ^events) & lines &^ (((k.cr<<1 | cr) + ^events) & k.lf)
	if events != 0 {
		p.last = 0
		if at := bits.Len64(events) - 1; lines>>at&1 != 0 {
			p.last = rune(b[at])
		}
	}
}
