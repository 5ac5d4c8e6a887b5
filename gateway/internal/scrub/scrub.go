// Package scrub is the only way bytes reach the agent: bodies as they stream,
// whatever their coding, headers, and the broker's own texts. No form of a
// needle comes out; where there was none, what comes out is what went in; and
// what is held back meanwhile depends on the shape of the stream and never on
// a needle, so that an agent whose upstream echoes learns nothing from it.
package scrub

import (
	"errors"
	"io"
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
)

// Options is what a body's Reader has to know.
type Options struct {
	Needles     *needle.Set
	ContentType string    // of the answer: picks the borders
	Coding      string    // Content-Encoding as sent, repeats joined with ","; "" for none
	OnHit       func(Hit) // called for each place masked, in order; may be nil
	// Look is given the decoded text of what NewWholeReader takes; may be nil.
	Look func(text []byte)
	// Part is what the body is of a whole, where it is the answer to a widened range;
	// may be nil. The Reader gives all of it: what is not to leave, Part.Reader takes off.
	Part *Part
}

// Hit is one place that was masked. It never holds the value.
type Hit struct {
	Offset int64 // in the decoded body
	Form   needle.Form
	Needle int    // index in Options.Needles
	Name   string // as the mask shows it, "" where it is not to be named
}

// minTail is the least that stays back, in bytes. The tail is a power of two
// from here on, so that it shows no more than a coarse class of the longest
// secret's length: with secrets up to some 400 bytes, nothing.
const minTail = 1 << 10

// Reader is a body on its way to the agent. It is not safe for concurrent use.
//
// The last bytes, as many as the longest form rounded up to a power of two,
// stay back, whatever they are. They are let go when the body ends, or at a
// border that no form crosses: the blank line that ends a server-sent event,
// the end of a line of NDJSON. What is held is original bytes, and masks are
// laid over it on its way out, since masking early would hide the second of
// two secrets that overlap.
//
// A mask is as long as what it covers, so an uncoded body keeps its length.
type Reader struct {
	body    io.Reader // decoded
	decoder *decoder  // nil where the body is not coded
	needles *needle.Set
	borders borders
	onHit   func(Hit)
	tail    int

	buf  []byte // buf[sent:end] is held
	sent int    // buf[:sent] has left
	free int    // buf[:free] may leave: no form that is yet to be found touches it
	end  int
	base int64 // offset of buf[0] in the body
	full bool  // the last read filled all the room it had
	err  error // how the body ended, once it did

	mode  needle.Mode
	masks masks
	hits  int
}

// NewReader makes the Reader of a body. It reads nothing yet. The error is a
// *fault.Fault, upstream_protocol, where the body is in a coding that can't be
// decoded, and so can't be searched.
func NewReader(body io.Reader, o Options) (*Reader, error) {
	codings, err := parseCodings(o.Coding)
	if err != nil {
		return nil, err
	}
	r := &Reader{
		body:    body,
		needles: o.Needles,
		onHit:   o.OnHit,
		tail:    tailFor(o.Needles.MaxLen()),
	}
	if o.Part != nil {
		r.tail, r.base = Margin, o.Part.from // what the agent gets has then been read to its end
	}
	if len(codings) > 0 {
		r.decoder = newDecoder(body, codings)
		r.body = r.decoder
	}
	if !o.Needles.SpansLines() {
		r.borders = bordersOf(o.ContentType)
		if r.borders.kind == lineEnd {
			r.mode = needle.Lined
		}
	}
	return r, nil
}

// tailFor is how much stays back for forms of up to longest bytes.
func tailFor(longest int) int {
	if longest == 0 {
		return 0
	}
	tail := minTail
	for tail < longest {
		tail *= 2
	}
	return tail
}

// Hits is the number of places masked so far.
func (r *Reader) Hits() int { return r.hits }

// Read gives what may leave, as soon as the upstream has sent enough for any of
// it to. It never returns 0, nil (but for an empty p).
//
// An error of the upstream, or of its coding, comes after all that may leave;
// the tail is dropped. It may end in the first part of a secret whose rest was
// to come, and an agent that can make its upstream break off would read a
// secret there a byte at a time.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.sent == r.free {
		if r.err != nil {
			err := r.err
			r.release()
			return 0, err
		}
		r.fill()
	}
	n := copy(p, r.buf[r.sent:r.free])
	r.mask(p[:n])
	r.sent += n
	return n, nil
}

// fill reads from upstream once, searches what came, and moves free. It is
// called when all that was free has left.
func (r *Reader) fill() {
	r.room()
	n, err := r.read()
	old := r.end
	r.end += n
	r.full = r.end == len(r.buf)
	if err == io.EOF {
		r.mode |= needle.Whole
	}
	if n > 0 || err == io.EOF && r.end > r.free {
		r.search(old)
		border := r.borders.last(r.buf[old:r.end])
		if border > 0 {
			r.free = old + border
		}
		r.free = max(r.free, r.end-r.tail)
	}
	if err == io.EOF {
		r.free = r.end
	}
	r.err = err
}

// maxEmptyReads is how often in a row an upstream may give nothing and no error.
const maxEmptyReads = 100

func (r *Reader) read() (int, error) {
	for range maxEmptyReads {
		if n, err := r.body.Read(r.buf[r.end:]); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// room makes place for the next read. Reads that fill a small buffer get a
// large one: an idle event stream then costs little, and a download is fast.
func (r *Reader) room() {
	if r.buf == nil {
		r.buf = getBuffer(smallBuffer, r.tail)
	}
	held := r.end - r.sent
	switch {
	case r.full && len(r.buf) < largeBuffer:
		larger := getBuffer(largeBuffer, r.tail)
		copy(larger, r.buf[r.sent:r.end])
		putBuffer(r.buf)
		r.buf = larger
	case held == 0 || len(r.buf)-r.end < len(r.buf)/2:
		copy(r.buf, r.buf[r.sent:r.end])
	default:
		return
	}
	r.base += int64(r.sent)
	r.sent, r.free, r.end = 0, 0, held
}

// found is room for what a search finds.
var found = sync.Pool{New: func() any { return new([]needle.Hit) }}

// search finds what ends in buf[old:end]. Nothing that is free can be part of
// it: the tail is as long as the longest form, and no form crosses a border.
func (r *Reader) search(old int) {
	hits := found.Get().(*[]needle.Hit)
	*hits = r.needles.Find(r.buf[r.free:r.end], old-r.free, r.mode, (*hits)[:0])
	if len(*hits) > 0 {
		r.masks.add(*hits, r.base+int64(r.free))
	}
	found.Put(hits)
}

// mask lays the masks over p, which is a copy of what leaves next.
func (r *Reader) mask(p []byte) {
	if len(r.masks) == 0 {
		return
	}
	at := r.base + int64(r.sent)
	for i := range r.masks {
		m := &r.masks[i]
		if m.start >= at+int64(len(p)) {
			break
		}
		name := r.needles.Name(m.needle)
		r.report(m, name)
		m.lay(p, at, name)
	}
	r.masks.drop(at + int64(len(p)))
}

// report counts a place once, when its first byte leaves or is thrown away: by
// then nothing can still be joined to it in front.
func (r *Reader) report(m *mask, name string) {
	if m.reported {
		return
	}
	m.reported = true
	r.hits++
	if r.onHit != nil {
		r.onHit(Hit{Offset: m.start, Form: m.form, Needle: m.needle, Name: name})
	}
}

// errClosed is what Read returns after Close.
var errClosed = errors.New("scrub: the body was closed")

// Close gives the buffers back; the body itself is its owner's to close. What
// was found but had not left yet is counted. Closing twice does nothing.
func (r *Reader) Close() error {
	if r.err == nil {
		r.err = errClosed
	}
	r.release()
	return nil
}

func (r *Reader) release() {
	for i := range r.masks {
		r.report(&r.masks[i], r.needles.Name(r.masks[i].needle))
	}
	r.masks = nil
	if r.buf != nil {
		putBuffer(r.buf)
		r.buf = nil
	}
	r.sent, r.free, r.end = 0, 0, 0
	if r.decoder != nil {
		r.decoder.release()
		r.decoder = nil
	}
}
