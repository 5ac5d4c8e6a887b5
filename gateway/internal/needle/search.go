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
	finds [maxOver + 1]finders
	block [64]masks
}

// finders look for runs in a view, and give them to the decoders.
type finders struct {
	v     *view
	b     []byte
	whole bool
	run   runs
	hex   runs
}

const (
	plainView = iota // escapes collapsed
	quotedView
	base64View
	hexView
	spacedView
)

var searches = sync.Pool{New: func() any {
	s := &search{}
	for level := range s.finds {
		f := &s.finds[level]
		f.run.found = func(start, end int, marked bool) { s.run(f, start, end, marked) }
		f.hex.found = func(start, end int, marked bool) {
			if s.level < maxOver && end-start > 2*s.set.shortest {
				s.unspace(f.b, start, end, &s.views[s.level][spacedView])
			}
		}
	}
	return s
}}

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
	for i := range s.finds {
		s.finds[i].b, s.finds[i].v = nil, nil
	}
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
	f := &s.finds[level]
	f.v, f.b, f.whole = v, b, v != nil || s.mode&Whole != 0
	s.runsOf(f, lo)
	s.level = level + 1
	for k := range views {
		if len(views[k].buf) > 0 {
			s.look(&views[k], k)
			s.scan(&views[k], views[k].buf, 0)
		}
	}
	s.level = level
}

func (s *search) runsOf(f *finders, lo int) {
	c := s.set
	f.run = runs{steps: c.steps, class: runClass, mark: ^uint64(0), found: f.run.found, open: -1}
	f.hex = runs{steps: c.steps + 1, class: hexClass, found: f.hex.found, open: -1}
	var zeros uint64
	for lo < len(f.b) {
		n := min((len(f.b)-lo)/64, len(s.block))
		if n == 0 {
			var last [64]byte
			rest := uint64(1)<<copy(last[:], f.b[lo:]) - 1
			c.classes.classify(s.block[:1], last[:])
			for k := range s.block[0] {
				s.block[0][k] &= rest
			}
			s.blocks(f, lo, s.block[:1], zeros)
			break
		}
		c.classes.classify(s.block[:n], f.b[lo:])
		zeros = s.blocks(f, lo, s.block[:n], zeros)
		lo += 64 * n
	}
	f.run.end(len(f.b))
	f.hex.end(len(f.b))
}

func (s *search) blocks(f *finders, lo int, list []masks, zeros uint64) uint64 {
	for k := range list {
		m := &list[k]
		m[runClass] &^= m[zeroClass] & (m[zeroClass]<<1 | zeros>>63) // two zeros are no UTF-16
		zeros = m[zeroClass]
	}
	f.run.blocks(lo, list)
	f.hex.blocks(lo, list)
	return zeros
}

// run decodes b[start:end], all of whose bytes can be part of a form.
func (s *search) run(f *finders, start, end int, marked bool) {
	views := &s.views[s.level]
	if marked && (f.v == nil || f.v.over != 0) {
		s.unescape(f, start, end, false, &views[plainView])
		if softly(f.b[start:min(end+1, len(f.b))]) {
			s.unescape(f, start, end, true, &views[quotedView])
		}
	}
	if end-start >= 4*s.set.groups {
		s.unbase64(f.b, start, end, &views[base64View])
	}
	if end-start >= 2*s.set.pairs {
		s.unpair(f.b, start, end, &views[hexView])
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
