// Package needle holds the forms of secrets, and searches a text for all of
// them at once. It is pure: no state changes after a set is built, and nothing
// in it knows about streams, masks or HTTP.
//
// A set holds every spelling of its secrets in plain, for as long as it lives:
// whoever reads the process's memory reads them there as in the credential
// itself. A set is therefore built once per credential, shared, and dropped
// with it.
package needle

import (
	"bytes"

	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// Needle is a secret to find.
type Needle struct {
	Name  string // credential name that a mask may show, "" = not to be named
	Value secret.Bytes
}

// Hit is one occurrence: text[Start:End] is a spelling, in Form, of the set's
// needle of that index.
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
	names   []string
	engines []*engine
	longest int
	lines   bool
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
// go on after those of s. The engine of s is shared, not built again, and where
// extra is empty the result is s itself.
func (s *Set) With(extra []Needle) *Set {
	if len(extra) == 0 && s != nil {
		return s
	}
	old := s.content()
	c := &content{
		names:   append([]string(nil), old.names...),
		engines: append([]*engine(nil), old.engines...),
		longest: old.longest,
		lines:   old.lines,
	}
	var list []spelling
	seen := make(map[string]bool, 8*len(extra))
	for _, n := range extra {
		list = appendSpellings(list, seen, n.Value.Reveal(), len(c.names))
		c.names = append(c.names, n.Name)
	}
	for _, sp := range list {
		c.longest = max(c.longest, len(sp.text))
		c.lines = c.lines || bytes.ContainsAny(sp.text, "\r\n")
	}
	if len(list) > 0 {
		c.engines = append(c.engines, newEngine(list))
	}
	return &Set{open: func() *content { return c }}
}

// Find appends to hits every occurrence in b, of every form, overlapping ones
// too, that ends after index from. It looks back from there by no more than the
// longest form, so a caller that gets its text in pieces passes the old length
// as from, and finds each occurrence once. Hits are in no promised order.
// It allocates nothing unless hits must grow.
func (s *Set) Find(b []byte, from int, hits []Hit) []Hit {
	for _, e := range s.content().engines {
		hits = e.find(b, from, hits)
	}
	return hits
}

// MaxLen is the length of the longest form in bytes; 0 where there is none.
func (s *Set) MaxLen() int { return s.content().longest }

// SpansLines says whether a form has a CR or LF in it, so that the end of a
// line is no place where a search may forget what came before.
func (s *Set) SpansLines() bool { return s.content().lines }

// Name is the name that a mask may show for the needle of that index, or "".
func (s *Set) Name(index int) string {
	names := s.content().names
	if index < 0 || index >= len(names) {
		return ""
	}
	return names[index]
}
