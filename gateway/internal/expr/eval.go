package expr

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/strictjson"
)

// Fields gives the value of a credential field; ok is false where the
// credential has none.
type Fields interface {
	Field(name string) (value []byte, ok bool)
}

// Value is what an expression came to. Bytes may be the field's own memory, and
// are not to be kept or changed. Derived are the parts of it that were computed
// from a secret that may leave: other bytes than the field's own, in memory of
// their own, for the scrubber to know.
type Value struct {
	Bytes   []byte
	Derived [][]byte
}

// part is a stretch of a value that holds a secret which may leave.
type part struct {
	bytes []byte
	field bool // it is the field's own bytes
}

// register holds a value, in memory of its own.
type register struct {
	bytes []byte
	parts []part
	full  bool
}

// Bounds of one plan, or of one body result, in all its expressions.
const (
	maxWork  = abi.MaxWork
	maxSigns = abi.MaxSignatures
)

// evaluation is that of one expression. Its work counts with that of the
// others of the same message.
type evaluation struct {
	s     *Session
	input []byte // of the body call
	parts []part
	inner bool // inside of a key that is kept as a whole
}

var errNoToken = errors.New("the proxy token has no secret half")

// lacking is the name of a field that the plan needs and the credential does not
// have. A manifest's optional fields may be left out, and not every request needs
// all of them.
type lacking string

func (l lacking) Error() string { return fmt.Sprintf("the credential has no field %q", string(l)) }

func (e *evaluation) eval(n *node) ([]byte, error) {
	switch n.Op {
	case abi.OpLit:
		return n.Bytes, nil
	case abi.OpField:
		b, ok := e.s.field(string(n.Bytes))
		if !ok {
			return nil, lacking(n.Bytes)
		}
		e.note(n, b)
		return b, nil
	case abi.OpToken:
		if b := e.s.token.Reveal(); len(b) > 0 {
			return b, nil
		}
		return nil, errNoToken
	case abi.OpDigest:
		return e.s.digest(n.Hash)
	case abi.OpSlice:
		if n.N > uint64(len(e.input)) || n.M > uint64(len(e.input))-n.N {
			return nil, fmt.Errorf("%s lies outside the input of %d bytes", n, len(e.input))
		}
		return e.input[n.N : n.N+n.M], nil
	case abi.OpLoad:
		return e.load(n)
	case abi.OpTotal:
		return e.s.total(n)
	}
	before := len(e.parts)
	out, err := e.run(n)
	if err != nil {
		return nil, err
	}
	if len(out) > abi.MaxValue {
		return nil, fmt.Errorf("a value has %d bytes; at most %d are allowed", len(out), abi.MaxValue)
	}
	if len(n.reveals) == 0 {
		// What went into a signature, or into no secret at all, does not leave.
		e.parts = e.parts[:before]
	}
	if n.Op == abi.OpStore {
		e.s.registers[n.N] = register{slices.Clone(out), slices.Clone(e.parts[before:]), true}
		return out, nil
	}
	e.note(n, out)
	return out, nil
}

// run evaluates what feeds an operation, and the operation.
func (e *evaluation) run(n *node) ([]byte, error) {
	if keyed(n.Op) && n.args[0].keep && !e.inner {
		return e.sign(n)
	}
	var room [4][]byte
	args := room[:0]
	for _, a := range n.args {
		b, err := e.eval(a)
		if err != nil {
			return nil, err
		}
		if err := e.s.spend(len(b)); err != nil {
			return nil, err
		}
		args = append(args, b)
	}
	if n.Op == abi.OpAbsorb {
		return nil, e.s.absorb(n, args[0])
	}
	if keyed(n.Op) && n.Op != abi.OpHMAC {
		if err := e.s.signs(); err != nil {
			return nil, err
		}
		key, err := parseKey(n.Op, args[0])
		if err != nil {
			return nil, err
		}
		return key.sign(args[1])
	}
	return n.compute(args), nil
}

// sign evaluates a signature whose key is worth keeping.
func (e *evaluation) sign(n *node) ([]byte, error) {
	key, err := e.key(n)
	if err != nil {
		return nil, err
	}
	message, err := e.eval(n.args[1])
	if err != nil {
		return nil, err
	}
	if err := e.s.spend(len(message)); err != nil {
		return nil, err
	}
	if n.Op != abi.OpHMAC {
		if err := e.s.signs(); err != nil {
			return nil, err
		}
	}
	return key.sign(message)
}

// key finds the key of a signature, or makes it and keeps it.
func (e *evaluation) key(n *node) (*key, error) {
	var room [512]byte
	id := append(append(append(room[:0], e.s.v.plan.Manifest.Digest...), byte(n.Op), byte(n.Hash)), n.args[0].program...)
	if e.s.derived != nil {
		if k := e.s.derived.find(id); k != nil {
			return k, nil
		}
	}
	e.inner = true
	b, err := e.eval(n.args[0])
	e.inner = false
	if err != nil {
		return nil, err
	}
	k := &key{hash: n.Hash, raw: b}
	if n.Op != abi.OpHMAC {
		if k, err = parseKey(n.Op, b); err != nil {
			return nil, err
		}
	}
	if e.s.derived != nil {
		e.s.derived.add(id, k)
	}
	return k, nil
}

func (e *evaluation) load(n *node) ([]byte, error) {
	r := &e.s.registers[n.N]
	if !r.full {
		return nil, fmt.Errorf("register %d is empty", n.N)
	}
	if len(n.reveals) > 0 {
		e.parts = append(e.parts, r.parts...)
	}
	return r.bytes, nil
}

// note keeps what was computed from a secret that may leave. A concat is no
// other spelling of its parts.
func (e *evaluation) note(n *node, out []byte) {
	if len(n.reveals) > 0 && n.Op != abi.OpConcat {
		e.parts = append(e.parts, part{out, n.Op == abi.OpField})
	}
}

// derived lists the parts as they leave by an edit of that kind.
func (e *evaluation) derived(kind abi.EditKind) (list [][]byte) {
	for _, p := range e.parts {
		if !p.field {
			list = append(list, p.bytes)
		}
		if text := written(kind, string(p.bytes)); text != string(p.bytes) {
			list = append(list, []byte(text))
		}
	}
	return list
}

// written is text as an edit of that kind writes it: percent-encoded in a query
// or a form, escaped in JSON. Each part of a text is written as in the whole.
func written(kind abi.EditKind, text string) string {
	switch kind {
	case abi.SetQuery, abi.AddQuery, abi.SetForm:
		return url.QueryEscape(text)
	case abi.SetJSON:
		quoted := strictjson.AppendString(nil, text)
		return string(quoted[1 : len(quoted)-1])
	}
	return text
}
