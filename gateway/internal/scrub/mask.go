package scrub

import (
	"cmp"
	"slices"

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

// add takes hits whose offsets count from base. Those that overlap become one
// mask, which names the first of them.
func (ms *masks) add(hits []needle.Hit, base int64) {
	list := *ms
	for _, h := range hits {
		list = append(list, mask{
			start: base + int64(h.Start), end: base + int64(h.End), form: h.Form, needle: h.Needle,
		})
	}
	slices.SortStableFunc(list, func(a, b mask) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), cmp.Compare(a.needle, b.needle), cmp.Compare(a.form, b.form))
	})
	merged := list[:0]
	for _, m := range list {
		if n := len(merged); n > 0 && m.start < merged[n-1].end {
			merged[n-1].end = max(merged[n-1].end, m.end)
			continue
		}
		merged = append(merged, m)
	}
	*ms = merged
	if cap(merged) > 4*len(merged)+64 { // one dense chunk must not cost memory for good
		*ms = slices.Clone(merged)
	}
}

// drop forgets the masks that end at or before offset.
func (ms *masks) drop(offset int64) {
	keep := 0
	for keep < len(*ms) && (*ms)[keep].end <= offset {
		keep++
	}
	*ms = (*ms)[keep:]
	if len(*ms) == 0 {
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
	text := maskText(name)
	if done := from - m.start; done < int64(len(text)) {
		covered = covered[copy(covered, text[done:]):]
	}
	for i := range covered {
		covered[i] = '*'
	}
}

const (
	maskHead = "[REDACTED"
	maskTail = "]"
)

// maskText is what a mask begins with; it is cut or padded with '*'. Credential
// names have only letters, digits, '.', '_' and '-', so that it can stand in a
// JSON string, a header and a URL.
func maskText(name string) string {
	if name == "" {
		return maskHead + maskTail
	}
	return maskHead + ":" + name + maskTail
}
