package needle

import "sync"

// Mode says what a text is to a search.
type Mode uint8

const (
	Whole Mode = 1 << iota // it ends where b ends
	Lined                  // no form goes on behind a LF (NDJSON)
)

// maxOver bounds what may lie over one another: views, each of a layer of escapes or of
// a coding.
const maxOver = 4

// depth is what is looked for in a view, or in the text itself.
type depth struct {
	escapes int  // layers of them, one below the other
	quoted  bool // quoted-printable is one
	coded   int  // of how many layers what is below may be of a coding, or spaced hex
	base64  bool
	hex     bool
	spaced  bool
}

var everything = depth{escapes: 3, quoted: true, coded: 1, base64: true, hex: true, spaced: true}

// of is what is looked for in a view of that kind, of a text in which w is. Of a coding in
// quoted-printable or in a coding, spellings alone are found.
func (w depth) of(kind int) depth {
	switch kind {
	case plainView, quotedView:
		w.escapes, w.coded, w.quoted = w.escapes-1, w.coded-1, false
		if w.coded < 0 {
			w.base64, w.hex, w.spaced = false, false, false
		}
		if kind == quotedView {
			w.base64, w.hex = false, false
		}
	case base64View, hexView:
		w = everything
		w.base64, w.hex = false, false
	case spacedView: // hex digits, and nothing else
		w = depth{hex: w.hex}
	}
	return w
}

// margin is how far in front of a form decoding begins, so that it is in step when
// the form begins: one token of a text and what it is a part of.
const margin = 4 * maxToken

// search is the room that one search works in. It is taken from a pool only when
// a text has something to decode.
type search struct {
	set    *content
	mode   Mode
	from   int // hits that begin before are not sure
	hits   []Hit
	found  []Hit // scratch
	other  []Hit
	level  int
	work   int // bytes decoded
	most   int // hits in a view,
	left   int // and of all; below 0: there are more
	views  [maxOver][5]view
	text   unescaper // where a layer of escapes is taken off, with the two that follow
	writer writer
	folder folder
	blocks []coded // what of a run may be coded, and where
	hot    hot
	b      [64]byte // scratch
	end    [64]byte
}

const (
	plainView = iota // escapes collapsed
	quotedView
	base64View
	hexView
	spacedView
)

var searches = sync.Pool{New: func() any { return &search{} }}

// decoded appends the hits in whatever of b can be decoded, and says how many bytes
// were. It stops where there are more than most, those from had on among them.
func (c *content) decoded(b []byte, from, most int, mode Mode, hits []Hit, had int) (_ []Hit, work int, more bool) {
	lo := max(0, from-c.reach-margin)
	s := searches.Get().(*search)
	s.set, s.mode, s.hits, s.level, s.work = c, mode, hits, 0, 0
	s.most, s.left = most, most-(len(hits)-had)
	s.from = lo
	if lo > 0 {
		s.from += margin / 2
	}
	s.scan(nil, b, lo)
	hits, work, more = s.hits, s.work, s.left < 0
	s.set, s.hits = nil, nil
	s.wipe()
	searches.Put(s)
	return hits, work, more
}

// wipe clears what was decoded.
func (s *search) wipe() {
	for level := range s.views {
		for k := range s.views[level] {
			s.views[level][k].wipe()
		}
	}
	s.text, s.writer, s.folder = unescaper{}, writer{}, folder{}
	s.b, s.end = [64]byte{}, [64]byte{}
	clear(s.found[:cap(s.found)])
	clear(s.other[:cap(s.other)])
}

// scan looks for runs in b from lo on, decodes them, and searches what came out.
func (s *search) scan(v *view, b []byte, lo int) {
	level := s.level
	if level == maxOver {
		return
	}
	views := &s.views[level]
	for k := range views {
		views[k].reset(v, k, s.set.border)
	}
	s.decode(v, b, lo, views)
	s.level = level + 1
	for k := range views {
		if len(views[k].buf) > 0 && s.left >= 0 {
			s.work += len(views[k].buf)
			s.look(&views[k])
			s.scan(&views[k], views[k].buf, 0)
		}
	}
	s.level = level
}

// decode fills the views with what runs of b, long enough for a form, may decode
// to. b is what v holds, or the text itself.
func (s *search) decode(v *view, b []byte, lo int, views *[5]view) {
	c, wanted := s.set, everything
	text := unescaper{b: b, whole: v != nil || s.mode&Whole != 0}
	lined := v == nil && s.mode&Lined != 0
	if v != nil {
		wanted = v.below
	}
	for end := lo; wanted.escapes > 0 || wanted.hex; {
		var start int
		if start, end = c.classes[runClass].stretch(b, end, lo, c.shortest); start == end {
			break
		}
		if wanted.escapes > 0 && c.classes[plainClass].span(b[:end], start) < end {
			s.unescape(text, start, end, lined, &views[plainView])
		}
		if wanted.quoted && softly(b[start:min(end+1, len(b))]) {
			text.quoted = true
			s.unescape(text, start, end, lined, &views[quotedView])
			text.quoted = false
		}
		if wanted.hex && end-start >= 4*c.row64.full {
			s.codings(b, start, end, wanted, views)
		}
	}
	for end := lo; wanted.spaced; {
		var start int
		if start, end = c.classes[hexClass].stretch(b, end, lo, 2*c.shortest+1); start == end {
			break
		}
		if c.classes[solidClass].span(b[:end], start) < end { // unescape has joined lines
			decided := end
			if end == len(b) && !text.whole && b[end-1] == '0' {
				decided-- // it may begin "0x"
			}
			s.unspace(b, start, decided, lined, &views[spacedView])
		}
	}
}

// look searches a view.
func (s *search) look(v *view) {
	for _, e := range s.set.engines {
		s.found = e.find(v.buf, 0, s.most, false, s.found[:0])
		s.count(s.found)
		for i := 0; i < len(s.found) && s.left >= 0; i++ {
			if h := s.found[i]; !s.tell(v, h) { // what it covers may still be one
				low, high := max(0, h.Start-e.longest), min(len(v.buf), h.End+e.longest)
				s.other = e.find(v.buf[low:high], 0, s.most, true, s.other[:0])
				s.left--
				s.count(s.other)
				for _, h := range s.other {
					h.Start, h.End = low+h.Start, low+h.End
					s.tell(v, h)
				}
			}
		}
	}
}

// count ends the search where a view has more hits than are told of a text.
func (s *search) count(hits []Hit) {
	if len(hits) > s.most {
		s.hits, s.left = append(s.hits, hits[0]), -1
	}
}

// tell adds a hit in a view. It says whether that is one part of the text, and not longer
// than what a stream holds back, as a form is.
func (s *search) tell(v *view, h Hit) bool {
	coded := v.kind == base64View || v.kind == hexView
	if h.Form == Raw && coded {
		return true // its base64 and hex are spellings that the parent was searched for, to the letter
	}
	start, end, over := v.source(h.Start, h.End)
	if !coded && end-start == h.End-h.Start {
		return true // it is there as it is, and the parent was searched for it
	}
	start, end, over = v.parent.origin(start, end, over)
	if end <= start || end-start > s.set.reach {
		return false
	}
	if start >= s.from {
		s.left--
		s.hits = append(s.hits, Hit{Start: start, End: end, Form: h.Form | over, Needle: h.Needle})
	}
	return true
}
