package needle

// KeyShape is what the keys of some API look like: a prefix, and then Min to Max
// bytes of an alphabet.
type KeyShape struct {
	Name     string // for the log
	Prefix   string
	Alphabet [256]bool
	Min, Max int
}

// KeyShapes are shapes to look for. They hold no secret, and what is found by
// them need not be one. They never change; nil finds nothing.
type KeyShapes struct {
	list    []KeyShape
	class   [256]bool // bytes that any of them can hold
	first   [256]bool // bytes that any of them begins with
	breaks  bool      // one of class is no part of a word
	least   int       // bytes of the shortest key
	longest int
}

// ShapeHit says that text[Start:End] has the shape of that index.
type ShapeHit struct{ Start, End, Shape int }

// ShapeContext is how many bytes before a key say whether one can begin there.
const ShapeContext = 6

// NewKeyShapes prepares a search. Each shape has a prefix and a Min above 0.
func NewKeyShapes(list []KeyShape) *KeyShapes {
	if len(list) == 0 {
		return nil
	}
	s := &KeyShapes{list: list, least: len(list[0].Prefix) + list[0].Min}
	for i := range list {
		k := &list[i]
		s.first[k.Prefix[0]] = true
		for c := range k.Alphabet {
			s.class[c] = s.class[c] || k.Alphabet[c]
		}
		for j := range len(k.Prefix) {
			s.class[k.Prefix[j]] = true
		}
		s.least = min(s.least, len(k.Prefix)+k.Min)
		s.longest = max(s.longest, len(k.Prefix)+k.Max)
	}
	for c, in := range s.class {
		s.breaks = s.breaks || in && !wordByte(byte(c))
	}
	return s
}

// Name is the name of the shape of that index.
func (s *KeyShapes) Name(index int) string { return s.list[index].Name }

// MaxLen is the length of the longest key in bytes.
func (s *KeyShapes) MaxLen() int {
	if s == nil {
		return 0
	}
	return s.longest
}

// Find appends the keys that begin at b[from] or later. What stands before that
// is only looked at for whether a key can begin there; ShapeContext bytes are
// enough. undecided is where a key may begin that ends behind b, and len(b)
// where there is none, or where the text has ended: a caller that gets its text
// in pieces keeps what is undecided, and begins there the next time. It is never
// more than MaxLen bytes.
//
// A key begins where a word does, and is as long as its alphabet goes on: one in
// the midst of longer data, such as base64, is none.
func (s *KeyShapes) Find(b []byte, from int, ended bool, hits []ShapeHit) (_ []ShapeHit, undecided int) {
	undecided = len(b)
	if s == nil {
		return hits, undecided
	}
	// A key has no byte outside of class, so in each least bytes one look will
	// find it, or nothing.
	for at := from; ; {
		probe := at + s.least - 1
		if probe >= len(b) {
			if probe = len(b) - 1; ended || probe < at {
				return hits, undecided
			}
		}
		if !s.class[b[probe]] {
			at = probe + 1
			continue
		}
		start, end := probe, probe+1
		for start > at && s.class[b[start-1]] {
			start--
		}
		for end < len(b) && s.class[b[end]] {
			end++
		}
		if hits, undecided = s.run(b, start, end, ended, hits); end == len(b) {
			return hits, undecided
		}
		at = end + 1
	}
}

// run looks at b[start:end], which is all of class.
func (s *KeyShapes) run(b []byte, start, end int, ended bool, hits []ShapeHit) (_ []ShapeHit, undecided int) {
	undecided = len(b)
	open := end == len(b) && !ended
	for at := start; at < end; at = s.next(b, start, at, end) {
		if !s.first[b[at]] || !begins(b, at) {
			continue
		}
		best := ShapeHit{Start: at}
		for i := range s.list {
			n, is, may := s.list[i].at(b[at:end], open)
			if may && undecided == len(b) {
				undecided = at
			}
			if is && n > best.End-at {
				best.End, best.Shape = at+n, i
			}
		}
		if undecided <= at {
			return hits, undecided // what it is depends on what comes
		}
		if best.End > at {
			hits = append(hits, best)
			at = best.End - 1
		}
	}
	return hits, undecided
}

// next is where a key can begin behind at: an escape ends in the first bytes of
// a run, if one does at all, and elsewhere a word begins behind what is none.
func (s *KeyShapes) next(b []byte, start, at, end int) int {
	if at++; at < start+ShapeContext {
		return at
	}
	if !s.breaks {
		return end
	}
	for at < end && wordByte(b[at-1]) {
		at++
	}
	return at
}

// at says whether a key begins b, which goes on where open is set: how long it
// is, that it is one, and that it may still become one.
func (k *KeyShape) at(b []byte, open bool) (n int, is, may bool) {
	if len(b) < len(k.Prefix) {
		return 0, false, open && string(b) == k.Prefix[:len(b)]
	}
	if string(b[:len(k.Prefix)]) != k.Prefix {
		return 0, false, false
	}
	n = len(k.Prefix)
	for n < len(b) && n <= len(k.Prefix)+k.Max && k.Alphabet[b[n]] {
		n++
	}
	size := n - len(k.Prefix)
	if open && n == len(b) && size <= k.Max {
		return n, false, true
	}
	return n, size >= k.Min && size <= k.Max, false
}

// begins says whether a word begins at b[at]: behind something that is no letter
// or digit, or is one by an escape of JSON (\n, \u003c) or of URLs (%22).
func begins(b []byte, at int) bool {
	if at == 0 || !wordByte(b[at-1]) {
		return true
	}
	c := b[at-1]
	switch {
	case at >= 2 && b[at-2] == '\\':
		return c == 'n' || c == 'r' || c == 't' || c == 'b' || c == 'f'
	case at >= 3 && b[at-3] == '%':
		return hexByte(b[at-2]) && hexByte(c)
	case at >= 6 && b[at-6] == '\\' && b[at-5] == 'u':
		return hexByte(b[at-4]) && hexByte(b[at-3]) && hexByte(b[at-2]) && hexByte(c)
	}
	return false
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '-'
}

func hexByte(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }
