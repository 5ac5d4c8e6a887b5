package needle

import "sync"

// Mode says what a text is to a search.
type Mode uint8

const (
	Whole Mode = 1 << iota // it ends where b ends
	Lined                  // no form goes on behind a LF (NDJSON)
)

// maxOver is how many views may lie over one another, beside the one that
// collapses escapes to any depth.
const maxOver = 2

// search is the room that one search works in. It is taken from a pool only when
// a text has something to decode.
type search struct {
	set   *content
	mode  Mode
	from  int // hits that begin before are not sure
	hits  []Hit
	found []Hit // scratch
	level int
	views [maxOver][5]view
}

const (
	plainView = iota // escapes collapsed
	quotedView
	base64View
	hexView
	spacedView
)

var searches = sync.Pool{New: func() any { return &search{} }}

// decoded appends the hits in whatever of b can be decoded.
func (c *content) decoded(b []byte, from int, mode Mode, hits []Hit) []Hit {
	lo := max(0, from-c.reach-2*maxToken)
	s := searches.Get().(*search)
	s.set, s.mode, s.hits, s.level = c, mode, hits, 0
	s.from = lo
	if lo > 0 {
		s.from += maxToken
	}
	s.scan(nil, b, lo)
	hits = s.hits
	s.set, s.hits = nil, nil
	s.wipe()
	searches.Put(s)
	return hits
}

// wipe clears what views held, and drops what grew large.
func (s *search) wipe() {
	for level := range s.views {
		for k := range s.views[level] {
			v := &s.views[level][k]
			clear(v.buf)
			v.parent = nil
			if cap(v.buf) > 1<<19 || cap(v.marks) > 1<<17 {
				v.buf, v.marks = nil, nil
			}
		}
	}
	clear(s.found[:cap(s.found)])
}

// scan looks for runs in b from lo on, decodes them, and searches what came out.
func (s *search) scan(v *view, b []byte, lo int) {
	level := s.level
	if level == maxOver {
		return
	}
	views := &s.views[level]
	views[plainView].reset(v, 0)
	views[quotedView].reset(v, 0)
	views[base64View].reset(v, InBase64)
	views[hexView].reset(v, InHex)
	views[spacedView].reset(v, SpacedHex)
	s.decode(v, b, lo, views)
	s.level = level + 1
	for k := range views {
		if len(views[k].buf) > 0 {
			s.look(&views[k], k)
			s.scan(&views[k], views[k].buf, 0)
		}
	}
	s.level = level
}

// decode fills the views with what runs of b, long enough for a form, may decode
// to. b is what v holds, or the text itself.
func (s *search) decode(v *view, b []byte, lo int, views *[5]view) {
	c := s.set
	text := unescaper{b: b, whole: v != nil || s.mode&Whole != 0}
	lined := v == nil && s.mode&Lined != 0
	escapes := v == nil || v.over != 0
	for end := lo; ; {
		var start int
		if start, end = c.classes[runClass].run(b, end, c.shortest); start == end {
			break
		}
		if escapes && c.classes[plainClass].span(b, start) < end {
			s.unescape(text, start, end, lined, &views[plainView])
			if softly(b[start:min(end+1, len(b))]) {
				text.quoted = true
				s.unescape(text, start, end, lined, &views[quotedView])
				text.quoted = false
			}
		}
		if end-start >= 4*c.groups {
			s.unbase64(b, start, end, &views[base64View])
		}
		if end-start >= 2*c.pairs {
			s.unpair(b, start, end, &views[hexView])
		}
	}
	for end := lo; ; {
		var start int
		if start, end = c.classes[hexClass].run(b, end, 2*c.shortest+1); start == end {
			break
		}
		s.unspace(b, start, end, lined, &views[spacedView])
	}
}

// look searches a view.
func (s *search) look(v *view, kind int) {
	for _, e := range s.set.engines {
		s.found = e.find(v.buf, 0, s.found[:0])
		for _, h := range s.found {
			if h.Form == Raw && (kind == base64View || kind == hexView) {
				continue // its base64 and hex are spellings that the parent was searched for, to the letter
			}
			if kind != base64View && kind != hexView && v.verbatim(h.Start, h.End) {
				continue // the parent was searched for it
			}
			start, end, over := v.origin(h.Start, h.End)
			if start < s.from || end <= start || end-start > s.set.reach {
				continue
			}
			s.hits = append(s.hits, Hit{Start: start, End: end, Form: h.Form | over, Needle: h.Needle})
		}
	}
}
