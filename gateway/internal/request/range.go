package request

import (
	"strconv"
	"strings"
)

// Range is one range of bytes (RFC 9110 §14.1.2), both ends within it.
type Range struct {
	First int64 // -1: the last Last bytes, which may be none
	Last  int64 // -1: to the end
}

// WantsBytes says whether the headers ask for ranges of bytes, and which, where
// that is one and can be read in one way only.
func WantsBytes(headers []Header) (r Range, single, wants bool) {
	for _, h := range headers {
		if !strings.EqualFold(h.Name, "Range") || !strings.Contains(strings.ToLower(h.Value), "byte") {
			continue // another unit is the API's own, and cuts no text
		}
		if wants {
			return Range{}, false, true
		}
		wants = true
		r, single = parseRange(h.Value)
	}
	return r, single, wants
}

func parseRange(value string) (Range, bool) {
	spec, ok := strings.CutPrefix(value, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash {
		return Range{}, false
	}
	r := Range{First: -1, Last: -1}
	if first != "" {
		if r.First, ok = parsePosition(first); !ok {
			return Range{}, false
		}
	}
	if last != "" {
		if r.Last, ok = parsePosition(last); !ok {
			return Range{}, false
		}
	}
	good := last != "" && r.First <= r.Last || last == "" && first != ""
	return r, good
}

// maxPosition leaves room for what is added to one.
const maxPosition = 1 << 60

func parsePosition(s string) (int64, bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n <= maxPosition
}

// String is the value of a Range header.
func (r Range) String() string {
	b := append(make([]byte, 0, 32), "bytes="...)
	if r.First >= 0 {
		b = strconv.AppendInt(b, r.First, 10)
	}
	b = append(b, '-')
	if r.Last >= 0 {
		b = strconv.AppendInt(b, r.Last, 10)
	}
	return string(b)
}

// Widened is r with n more bytes on each side. The last none stay none: that no
// content has such a part is for the API to say.
func (r Range) Widened(n int64) Range {
	switch {
	case r.First < 0 && r.Last == 0:
	case r.First < 0:
		r.Last += n
	case r.Last >= 0:
		r.First, r.Last = max(0, r.First-n), r.Last+n
	default:
		r.First = max(0, r.First-n)
	}
	return r
}

// ContentRange is what of a whole an answer has (RFC 9110 §14.4).
type ContentRange struct {
	First, Last int64
	Total       int64 // -1: unknown
}

// ParseContentRange reads "bytes 0-99/1234"; any other form is not ok.
func ParseContentRange(value string) (c ContentRange, ok bool) {
	if len(value) < 6 || !strings.EqualFold(value[:6], "bytes ") {
		return c, false
	}
	span, total, ok := strings.Cut(value[6:], "/")
	first, last, dash := strings.Cut(span, "-")
	if !ok || !dash || first == "" || last == "" || total == "" {
		return c, false
	}
	var good [3]bool
	c.First, good[0] = parsePosition(first)
	c.Last, good[1] = parsePosition(last)
	if c.Total, good[2] = -1, true; total != "*" {
		c.Total, good[2] = parsePosition(total)
	}
	return c, good == [3]bool{true, true, true} && c.First <= c.Last && (c.Total < 0 || c.Last < c.Total)
}

// String is the value of a Content-Range header. Where Last is before First, it is
// the one of an answer 416, which tells only the total.
func (c ContentRange) String() string {
	b := append(make([]byte, 0, 64), "bytes "...)
	if c.Last < c.First {
		b = append(b, '*')
	} else {
		b = strconv.AppendInt(b, c.First, 10)
		b = strconv.AppendInt(append(b, '-'), c.Last, 10)
	}
	if b = append(b, '/'); c.Total < 0 {
		return string(append(b, '*'))
	}
	return string(strconv.AppendInt(b, c.Total, 10))
}
