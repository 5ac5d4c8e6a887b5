package scrub

import (
	"io"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
)

// ShapeMode is what becomes of keys that are not ours, found by their shape.
type ShapeMode uint8

// The modes.
const (
	ShapesOff ShapeMode = iota
	ShapesLog
	ShapesMask
)

// pieceSize is how much of a body is looked at in one go for key shapes.
const pieceSize = 4 << 10

// Sighting looks for key shapes in a text that comes in pieces, and tells their
// names. It keeps no more of the text than the longest key.
type Sighting struct {
	shapes *needle.KeyShapes
	seen   Seer
	held   []byte
	from   int // of held, which was not looked at for good
	hits   []needle.ShapeHit
	room   [64]byte // for held, where that is short
}

// Seer is told the name of each shape that a key was found of.
type Seer interface{ Saw(shape string) }

// Begin sets out to look for those shapes.
func (s *Sighting) Begin(shapes *needle.KeyShapes, seen Seer) { s.shapes, s.seen = shapes, seen }

// Look takes the next piece.
func (s *Sighting) Look(p []byte) {
	if s.shapes == nil {
		return
	}
	if len(s.held) == 0 {
		s.held = append(s.room[:0], s.keep(p, s.find(p, false))...)
		return
	}
	for len(p) > 0 {
		n := min(len(p), pieceSize)
		s.held = append(s.held, p[:n]...)
		rest := s.keep(s.held, s.find(s.held, false))
		s.held = s.held[:copy(s.held, rest)]
		p = p[n:]
	}
}

// End says that the text has ended.
func (s *Sighting) End() {
	if s.shapes != nil {
		s.find(s.held, true)
		s.held, s.from = s.held[:0], 0
	}
}

func (s *Sighting) find(text []byte, ended bool) (undecided int) {
	s.hits, undecided = s.shapes.Find(text, s.from, ended, s.hits[:0])
	for _, h := range s.hits {
		s.seen.Saw(s.shapes.Name(h.Shape))
	}
	return undecided
}

// keep is what of a text is still needed.
func (s *Sighting) keep(text []byte, undecided int) []byte {
	from := max(0, undecided-needle.ShapeContext)
	s.from = undecided - from
	return text[from:]
}

// shapeMask masks keys by their shape. What may become one is held back: no
// secret of ours decides on that, and so an agent learns nothing from it.
type shapeMask struct {
	body   io.Reader
	shapes *needle.KeyShapes
	seen   Seer
	buf    []byte // buf[sent:free] may leave
	sent   int
	free   int
	end    int
	hits   []needle.ShapeHit
	err    error
}

// MaskShapes is body with keys of those shapes masked, in their length. What may be a key when the body breaks off is dropped.
func MaskShapes(body io.Reader, shapes *needle.KeyShapes, seen Seer) io.Reader {
	return &shapeMask{body: body, shapes: shapes, seen: seen, buf: make([]byte, needle.ShapeContext+shapes.MaxLen()+pieceSize)}
}

func (m *shapeMask) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for m.sent == m.free {
		if m.err != nil {
			return 0, m.err
		}
		m.fill()
	}
	n := copy(p, m.buf[m.sent:m.free])
	m.sent += n
	return n, nil
}

func (m *shapeMask) fill() {
	keep := max(0, m.sent-needle.ShapeContext)
	copy(m.buf, m.buf[keep:m.end])
	m.sent, m.end = m.sent-keep, m.end-keep
	n, err := m.body.Read(m.buf[m.end:])
	m.end += n
	var undecided int
	m.hits, undecided = m.shapes.Find(m.buf[:m.end], m.sent, err == io.EOF, m.hits[:0])
	for _, h := range m.hits {
		m.seen.Saw(m.shapes.Name(h.Shape))
		at := mask{start: int64(h.Start), end: int64(h.End)}
		at.lay(m.buf[h.Start:h.End], int64(h.Start), "")
	}
	m.free, m.err = undecided, err
}
