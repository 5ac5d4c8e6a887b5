package scrub

import (
	"errors"
	"io"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// MaxBorn is how many paths one answer can have.
const MaxBorn = 64

// Born is a JSON body on its way to the agent, with the values at some paths
// masked: secrets that were born in this answer, so that no needle knows them.
//
// What stands at a path is masked with all below it: the characters of strings by
// "*", the digits of numbers by "1", so that it stays JSON and as long as it was.
// Only RFC 8259 passes. At the first byte that is not of it the body ends with an
// error: a body that can't be read for its secrets does not get through, however
// it is coded or framed, and however long it is. Names are compared without case,
// since some readers do so. What it remembers is bounded.
type Born struct {
	body  io.Reader
	paths [][]string // in lower case
	all   uint64
	json  document
	masks int
	err   error
}

// NewBorn is body with the values at those paths masked, of which there are at
// most MaxBorn. A path is names joined by "."; "*" is any member, or any item of
// an array.
func NewBorn(body io.Reader, paths []string) *Born {
	b := &Born{body: body}
	for i, p := range paths {
		b.paths = append(b.paths, strings.Split(strings.ToLower(p), "."))
		b.all |= 1 << i
	}
	b.json.value = place{alive: b.all}
	b.json.step = b.step
	return b
}

// Masked is the number of values masked so far.
func (b *Born) Masked() int { return b.masks }

var errBorn = errors.New("the plugin says that a secret was born in this answer, and it can't be read as JSON to hide it")

// Read never holds a byte back: whether one is masked is known before it comes.
func (b *Born) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.body.Read(p)
	for i := range p[:n] {
		masked, ok := b.json.byte(p[i])
		if !ok {
			b.err = fault.New(fault.UpstreamProtocol).Because(errBorn)
			return i, b.err
		}
		p[i] = masked
	}
	b.masks = b.json.secrets
	if err == io.EOF && !b.json.whole() {
		err = fault.New(fault.UpstreamProtocol).Because(errBorn)
	}
	b.err = err
	return n, err
}

// place is where a value stands: which of the paths lead to it or through it.
type place struct {
	alive  uint64 // bit i: path i led here
	secret bool   // at the end of one, or below it
	object bool   // it is an object that is open, and no array
}

// step is the place of a member of p, or of an item. depth is how many steps led
// to p.
func (b *Born) step(p place, depth int, name string, item bool) place {
	next := place{secret: p.secret}
	for i, path := range b.paths {
		if p.alive&(1<<i) == 0 || depth >= len(path) || path[depth] != "*" && (item || path[depth] != name) {
			continue
		}
		next.alive |= 1 << i
		next.secret = next.secret || depth == len(path)-1
	}
	return next
}
