package expr

import (
	"fmt"
	"slices"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// taint is what a value was made of.
type taint struct {
	reveals []*abi.Field
	signs   []*abi.Field
	fields  bool // any field, public ones too
	secrets bool // any field that isn't public, even under a signature
	token   bool // the token's secret half, however it was dressed up
}

func (t *taint) add(o *taint) {
	t.reveals, t.signs = union(t.reveals, o.reveals), union(t.signs, o.signs)
	t.fields, t.secrets, t.token = t.fields || o.fields, t.secrets || o.secrets, t.token || o.token
}

func union(a, b []*abi.Field) []*abi.Field {
	for _, f := range b {
		if !slices.Contains(a, f) {
			a = append(a, f)
		}
	}
	return a
}

// held is what is known of a register's value before there is one. A register
// washes nothing: what is loaded is tainted as what was stored.
type held struct {
	taint
	// tree is how the value was made, kept as long as a sign field is in it: what
	// signs with it later must have the declared shape as a whole.
	tree *node
}

// maxSteps bounds the comparisons with shapes in one Vet, or in the vetting of
// one body result: a SigV4 plan takes some twenty, and a manifest can hold
// enough shapes to keep us busy for long.
const maxSteps = 1 << 18

// vetter marks the expressions of one plan, or of one body result, in the order
// in which they are evaluated.
type vetter struct {
	manifest  *plan.Manifest
	shapes    map[string][]*node // of sign fields, compiled
	steps     int
	registers [abi.MaxRegisters]*held
	digests   uint64 // bit n: hash n is known of the request body where this is evaluated
	used      uint64 // those that were named
}

// expression compiles and marks one program.
func (v *vetter) expression(program []byte, at place) (*node, error) {
	n, err := compile(program, at)
	if err != nil {
		return nil, err
	}
	return n, v.mark(n)
}

// mark works out the taint of n and of all below it, once each: to walk the
// tree again from every signature would double the work at every level.
// Hashing does not wash: a hash of a guessable secret is that secret to whoever
// guesses.
func (v *vetter) mark(n *node) error {
	n.alone = !ofExchange(n.Op)
	for _, a := range n.args {
		if err := v.mark(a); err != nil {
			return err
		}
		n.add(&a.taint)
		n.size += a.size
		n.alone = n.alone && a.alone
	}
	switch n.Op {
	case abi.OpField:
		return v.markField(n)
	case abi.OpToken:
		n.token = true
	case abi.OpLoad:
		return v.markLoad(n)
	case abi.OpAbsorb:
		if n.fields || n.token {
			return fmt.Errorf("a running digest is of a body and of text alone: what is absorbed holds a credential field, or the token's secret")
		}
	case abi.OpDigest:
		if v.digests&(1<<n.Hash) == 0 {
			return fmt.Errorf("%s is not known here: the plan must read the body first, or say in its digests what to keep", n)
		}
		v.used |= 1 << n.Hash
	}
	if len(n.signs) > 0 && n.size > abi.MaxOps {
		return fmt.Errorf("what is signed with field %q was computed in more than %d operations", n.signs[0].Name, abi.MaxOps)
	}
	if n.Op == abi.OpStore {
		v.store(n)
	}
	if keyed(n.Op) {
		n.args[0].keep = n.args[0].worthKeeping(n.Op)
	}
	if v.isSignature(n) {
		// What a key has signed is one-way, whatever stood in the message.
		n.reveals, n.signs = nil, nil
	}
	return nil
}

func (v *vetter) markField(n *node) error {
	f := v.manifest.Field(string(n.Bytes))
	if f == nil {
		return fmt.Errorf("the plan names field %.64q, which is not in the manifest", n.Bytes)
	}
	n.fields, n.secrets = true, f.Use != abi.UsePublic
	switch f.Use {
	case abi.UsePublic:
	case abi.UseReveal:
		n.reveals = []*abi.Field{f}
	default: // a use that isn't known is held as tight as can be
		n.signs = []*abi.Field{f}
	}
	return nil
}

func (v *vetter) markLoad(n *node) error {
	h := v.registers[n.N]
	if h == nil {
		return fmt.Errorf("register %d is loaded before anything was stored in it", n.N)
	}
	n.taint, n.stored = h.taint, h.tree
	if h.tree != nil {
		n.size += h.tree.size
	}
	return nil
}

func (v *vetter) store(n *node) {
	h := &held{taint: n.taint}
	if len(n.signs) > 0 {
		h.tree = n.args[0]
	}
	v.registers[n.N] = h
}
