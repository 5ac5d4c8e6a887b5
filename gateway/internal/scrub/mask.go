package scrub

import (
	"cmp"
	"slices"
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
)

// mask covers body[start:end].
type mask struct {
	start, end int64
	form       needle.Form
	needle     int
	reported   bool
}

// masks are in order and don't overlap.
type masks []mask

// byPlace orders hits as masks take them: of those that begin at one place the longest is
// first, and what else they are decides, so that no split of a body makes a difference.
func byPlace(a, b needle.Hit) int {
	if a.Start != b.Start {
		return a.Start - b.Start
	}
	return cmp.Or(b.End-a.End, a.Needle-b.Needle, int(a.Form)-int(b.Form))
}

// add takes hits whose offsets count from base, and puts them in order. Those that
// overlap become one mask, which names the first of them.
func (ms *masks) add(hits []needle.Hit, base int64) {
	slices.SortFunc(hits, byPlace)
	list := *ms
	at := len(list)
	for at > 0 && list[at-1].end > base+int64(hits[0].Start) {
		at--
	}
	late := slices.Clone(list[at:]) // few: most have left
	list = list[:at].room(len(late) + len(hits))
	for _, h := range hits {
		for len(late) > 0 && byPlace(late[0].hit(base), h) <= 0 {
			list = list.join(late[0])
			late = late[1:]
		}
		list = list.join(mask{start: base + int64(h.Start), end: base + int64(h.End), form: h.Form, needle: h.Needle})
	}
	for _, m := range late {
		list = list.join(m)
	}
	*ms = list
}

// hit is what add was told, or what came of it.
func (m *mask) hit(base int64) needle.Hit {
	return needle.Hit{Start: int(m.start - base), End: int(m.end - base), Form: m.form, Needle: m.needle}
}

// join adds a mask that begins no earlier than the last. That there was a flood is told,
// where it is part of one that has not been reported.
func (ms masks) join(m mask) masks {
	if n := len(ms) - 1; n >= 0 && m.start < ms[n].end {
		ms[n].end = max(ms[n].end, m.end)
		if m.form == needle.Flood {
			ms[n].form = m.form
		}
		return ms
	}
	return append(ms, m)
}

// few masks are kept by whoever has them; of more, the room is lent: one dense chunk must
// not cost memory for good.
const few = 64

var lists = sync.Pool{New: func() any { return new(masks) }}

// room is ms with room for n more.
func (ms masks) room(n int) masks {
	if cap(ms)-len(ms) >= n {
		return ms
	}
	if len(ms)+n <= few {
		return slices.Grow(ms, n)
	}
	lent := lists.Get().(*masks)
	return slices.Grow(append((*lent)[:0], ms...), n)
}

// drop forgets the masks that end at or before offset.
func (ms *masks) drop(offset int64) {
	gone := 0
	for gone < len(*ms) && (*ms)[gone].end <= offset {
		gone++
	}
	*ms = slices.Delete(*ms, 0, gone)
	if len(*ms) == 0 && cap(*ms) > few {
		lent := *ms
		lists.Put(&lent)
		*ms = nil
	}
}

// lay writes the part of the mask that falls in p, whose first byte is at
// offset at. The text goes on where an earlier p ended.
func (m *mask) lay(p []byte, at int64, name string) {
	from := max(m.start, at)
	to := min(m.end, at+int64(len(p)))
	if from >= to {
		return
	}
	covered := p[from-at : to-at]
	done := from - m.start
	for _, text := range maskText(name) {
		if done < int64(len(text)) {
			covered = covered[copy(covered, text[done:]):]
		}
		done = max(0, done-int64(len(text)))
	}
	for i := range covered {
		covered[i] = '*'
	}
}

const (
	maskHead = "[REDACTED"
	maskTail = "]"
)

// maskText is what a mask begins with, in parts; it is cut or padded with '*'. Credential
// names have only letters, digits, '.', '_' and '-', so that it can stand in a
// JSON string, a header and a URL.
func maskText(name string) [4]string {
	if name == "" {
		return [4]string{maskHead, maskTail}
	}
	return [4]string{maskHead, ":", name, maskTail}
}
