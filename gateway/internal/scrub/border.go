package scrub

import (
	"bytes"
	"strings"
)

// borders finds the places in a body that no form crosses, so that all before
// them may leave. Which places these are is the content type's to say, and
// nothing else's.
type borders struct {
	kind  borderKind
	known [3]byte // the three bytes before the next ones
}

type borderKind uint8

const (
	noBorder borderKind = iota
	lineEnd             // after each LF
	eventEnd            // after each blank line; CR, LF and CR LF all end a line
)

// lineTypes are the media types of which a client reads line by line.
var lineTypes = map[string]bool{
	"application/ndjson":        true,
	"application/x-ndjson":      true,
	"application/jsonl":         true,
	"application/x-jsonl":       true,
	"application/jsonlines":     true,
	"application/x-jsonlines":   true,
	"application/json-lines":    true,
	"application/json-seq":      true, // RFC 7464: RS, a text, LF
	"application/stream+json":   true,
	"application/x-json-stream": true,
}

// bordersOf reads a Content-Type.
func bordersOf(contentType string) borders {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.Trim(media, " \t"))
	switch {
	case media == "text/event-stream":
		// The beginning of the stream is like the beginning of a line.
		return borders{kind: eventEnd, known: [3]byte{'\n', '\n', '\n'}}
	case lineTypes[media], strings.HasSuffix(media, "+json-seq"), strings.HasSuffix(media, "+ndjson"):
		return borders{kind: lineEnd}
	}
	return borders{}
}

// last is where in b, the bytes that follow those of the call before, the last
// border is: just behind b[last-1]. 0: none.
func (s *borders) last(b []byte) int {
	switch s.kind {
	case lineEnd:
		return bytes.LastIndexByte(b, '\n') + 1
	case eventEnd:
		i := len(b)
		for i > 0 && !(isLineEnd(b[i-1]) && s.blankLineEnds(b, i)) {
			i--
		}
		s.remember(b)
		return i
	}
	return 0
}

// blankLineEnds says whether a blank line ends just before b[i]. Where a CR has
// ended one and its LF is still to come, both are borders: the CR, so that a
// client which needs no LF is not kept waiting, and then the LF.
func (s *borders) blankLineEnds(b []byte, i int) bool {
	switch s.before(b, i, 1) {
	case '\r':
		return isLineEnd(s.before(b, i, 2))
	case '\n':
		second := s.before(b, i, 2)
		return second == '\n' || second == '\r' && isLineEnd(s.before(b, i, 3))
	}
	return false
}

// before is the byte n places (1 to 3) before b[i].
func (s *borders) before(b []byte, i, n int) byte {
	if i >= n {
		return b[i-n]
	}
	return s.known[len(s.known)+i-n]
}

func (s *borders) remember(b []byte) {
	if len(b) >= len(s.known) {
		copy(s.known[:], b[len(b)-len(s.known):])
		return
	}
	copy(s.known[:], s.known[len(b):])
	copy(s.known[len(s.known)-len(b):], b)
}

func isLineEnd(c byte) bool { return c == '\n' || c == '\r' }
