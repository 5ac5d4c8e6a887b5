// Package needle holds the forms of secrets, and searches a text for all of
// them at once. It is pure: no state changes after a set is built, and nothing
// in it knows about streams, masks or HTTP.
//
// A form is a spelling (the secret itself, its base64 at each alignment, its
// hex), or one of the many ways to write a spelling: escapes, line breaks, wide
// characters, another base64 or hex. Spellings are searched for as they are, by
// engine; of everything that may be something else, found by looking at the
// classes of bytes (classes), views are decoded (unescape, nested), and
// searched in turn, with the way back to where each byte came from (view).
//
// A set holds every spelling of its secrets in plain, for as long as it lives:
// whoever reads the process's memory reads them there as in the credential
// itself. A set is therefore built once per credential, shared, and dropped
// with it.
package needle

import (
	"bytes"
	"iter"
	"slices"

	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// Needle is a secret to find.
type Needle struct {
	Name  string // credential name that a mask may show, "" = not to be named
	Value secret.Bytes
}

// Hit is one occurrence: text[Start:End] is the set's needle of that index, in
// Form.
type Hit struct {
	Start, End int
	Form       Form
	Needle     int
}

// Set is a number of needles, ready to be searched for. It never changes, so
// any number of streams share one. A nil or zero Set finds nothing.
//
// What it holds is behind a func for the reason that a secret.Bytes is: fmt
// finds an address there and nothing to follow.
type Set struct {
	open func() *content
}

type content struct {
	count    int     // of needles
	shown    []shown // in order; those that are not in it have no name to show
	engines  []*engine
	alphabet [256]bool    // of all that is searched for in a view
	plain    [2][256]bool // of the run class, and no escape begins with it; the second is of quoted-printable
	easy     [256]bool    // of the run class, and nothing that is joined
	strange  [256]byte    // what a value is that is not easy, or is a percent sign
	classes  *classes
	tokens   [2]*kindSet // the second is of quoted-printable
	looks    [2]*lookups
	border   byte     // that is of no class, where there is one
	wide     bool     // bytes above ASCII are searched for
	high     *kindSet // of the run class, above ASCII, with 0x80 less
	shortest int      // bytes of the shortest secret, 0: none
	runs     [6]uint8 // by which of bits those are found that so many follow; of 64 or more, none
	coded    *kindSet
	codes    *codes
	row64    row // of base64 that a form in it is
	row16    row // the same for hex
	reach    int // bytes of the longest form that is found
	lines    bool
}

var nothing content

func (s *Set) content() *content {
	if s == nil || s.open == nil {
		return &nothing
	}
	return s.open()
}

// NewSet builds the set of needles. Their order gives the indexes in a Hit.
func NewSet(needles []Needle) *Set { return (*Set)(nil).With(needles) }

// With is a set that holds the needles of s and those of extra, whose indexes
// go on after those of s. The engines of s are shared, not built again, and where
// extra is empty the result is s itself.
func (s *Set) With(extra []Needle) *Set {
	if len(extra) == 0 && s != nil {
		return s
	}
	old := s.content()
	c := *old
	c.shown, c.engines = slices.Clip(old.shown), slices.Clip(old.engines)
	sp := speller{seen: make(map[string]bool, 10*len(extra))}
	for _, n := range extra {
		for piece := range parts(n.Value.Reveal()) {
			c.learn(piece)
			sp.spell(piece, int32(c.count))
		}
		if n.Name != "" {
			c.shown = append(c.shown, shown{c.count, n.Name})
		}
		c.count++
	}
	c.engines = append(c.engines, newEngines(sp.list)...)
	c.shape()
	return &Set{open: func() *content { return &c }}
}

// maxPiece is how many bytes of a secret are searched for as one. Of a longer one
// each part is found by itself, so that how much a stream holds back does not grow
// with the longest secret of a tenant. Parts overlap, so that each byte, in any
// writing, stands well inside of one.
const (
	maxPiece = 96
	overlap  = 16
	escape   = 8 // bytes that the escapes have that secrets are stored with
)

// MaxForm bounds MaxLen, whatever the secrets: no set looks further back.
const MaxForm = 2048

const _ = uint(MaxForm - (maxWritten*maxPiece + margin)) // it does not compile otherwise

// parts are what of a secret is searched for. None begins or ends in the midst of
// what may be an escape: it would collapse otherwise there than in the whole.
func parts(value []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(value) <= maxPiece {
			yield(value)
			return
		}
		const step = maxPiece - overlap - 2*escape
		n := (len(value) + step - 1) / step
		cut := 0
		for i := range n {
			start := before(value, max(0, cut-overlap))
			if cut = len(value); i+1 < n {
				cut = before(value, (i+1)*len(value)/n)
			}
			if !yield(value[start:cut]) {
				return
			}
		}
	}
}

// before is the place at or before i where no escape is under way.
func before(value []byte, i int) int {
	for j := max(0, i-escape); j < i; j++ {
		if special[value[j]] {
			return j
		}
	}
	return i
}

// maxWritten is how many bytes a form may have for each of the secret's. Hex, all
// of it in \u escapes inside another JSON, has fourteen.
const maxWritten = 20

func (c *content) learn(value []byte) {
	c.reach = max(c.reach, maxWritten*len(value)) // its hex may be long enough to be a spelling where it is not
	if len(value) < minLen {
		return
	}
	c.lines = c.lines || bytes.ContainsAny(value, "\r\n")
	plain, part := unescaped(value), longestPart(value)
	shortest := len(value)
	if len(plain) >= minLen {
		shortest = min(shortest, len(plain))
	}
	if part != nil {
		plain, shortest = unescaped(part), min(shortest, len(part))
	}
	for _, b := range plain {
		c.alphabet[b] = true
	}
	c.alphabet['+'] = true // what a space is in a query
	if c.shortest == 0 || shortest < c.shortest {
		c.shortest = shortest
	}
}

// maxHigh is how many different bytes above ASCII secrets may have for a form of a
// form, in base64 or hex, to have them too. With more, any base64 could be one. What is
// ASCII is found in any case.
const maxHigh = 64

// shape works out what the decoders go by.
func (c *content) shape() {
	if c.shortest == 0 {
		return
	}
	for b := range 256 {
		ch := byte(b)
		c.alphabet[b] = c.alphabet[b] || isSextet(ch) || unhex[ch] < 16
	}
	c.classes = newClasses(&c.alphabet)
	c.tokens = [2]*kindSet{newTokenKinds("%", &c.classes[runClass]), newTokenKinds("%=", &c.classes[runClass])}
	c.looks = [2]*lookups{newLookups("%", &c.classes[runClass]), newLookups("%=", &c.classes[runClass])}
	for b, in := range c.classes[runClass].in {
		c.plain[0][b] = in && (!special[b] || b == '=')
		c.plain[1][b] = in && !special[b]
		if c.easy[b] = in && !joints[b]; !c.easy[b] && !joints[b] {
			c.strange[b] = 1<<valueUnfit | 1<<valueBorder
		}
	}
	c.strange['\n'], c.strange['\r'], c.strange[0] = 1<<valueUnfit|1<<valueLF, 1<<valueUnfit|1<<valueCR, 1<<valueUnfit|1<<valueZero
	c.strange['%'] |= 1 << valuePercent
	high := 0
	for _, in := range c.alphabet[0x80:] {
		if in {
			high++
		}
	}
	c.wide, c.high = high > 0, newKindSet([][16]byte{c.classes[runClass].above})
	for b := range 256 {
		if !c.classes[runClass].in[b] && !c.classes[hexClass].in[b] {
			c.border = byte(b)
			break
		}
	}
	inCoded := c.classes[runClass].in
	if high > maxHigh {
		clear(inCoded[0x80:])
	}
	rows := codedRows(&inCoded)
	c.coded, c.codes = newKindSet(rows), newCodes(rows)
	c.runs = [6]uint8{63}
	for have, i := 1, 0; have < c.shortest && c.shortest < 64; i++ {
		more := min(have, c.shortest-have)
		c.runs[i] = uint8(more)
		have += more
	}
	c.row64, c.row16 = rowOf(4, max((c.shortest-1)/3, 1)), rowOf(2, max(c.shortest, 4))
}

// Find appends to hits every occurrence in b, of every form, that ends after
// index from. Of what lies inside another, not all is told, and some may be told
// twice; where there are very many, all that may be one is told as a Flood. It looks
// back from there by no more than MaxLen, so a caller that gets its text in pieces
// passes the old length as from. Hits are in no promised order. It allocates
// nothing, but for hits and for what a text has to decode.
func (s *Set) Find(b []byte, from int, mode Mode, hits []Hit) []Hit {
	c, most, had := s.content(), mostHits(len(b)), len(hits)
	for _, e := range c.engines {
		hits = e.find(b, from, most, false, hits)
	}
	more := len(hits)-had > most
	if c.shortest > 0 && !more {
		hits, _, more = c.decoded(b, from, most, mode, hits, had)
	}
	if more {
		hits = append(hits[:had], s.flood(b, from, hits[had]))
	}
	return hits
}

// MaxLen is how many bytes at the end of a text may be part of something that
// is not found yet; 0 where there is nothing to find.
func (s *Set) MaxLen() int {
	c := s.content()
	if c.reach == 0 {
		return 0
	}
	return c.reach + margin
}

// SpansLines says whether a secret has a CR or LF in it, so that the end of a
// line is no place where a search may forget what came before.
func (s *Set) SpansLines() bool { return s.content().lines }

// Len is the number of needles.
func (s *Set) Len() int { return s.content().count }
