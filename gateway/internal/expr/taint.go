package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Vetted is a plan whose every expression was found to keep the manifest's
// promises. Only Vet makes one; the zero value does nothing and says so.
type Vetted struct {
	plan   *plan.Plan
	values []*node // one for each edit; nil for a removal
}

// Valid is false for the zero value.
func (v Vetted) Valid() bool { return v.plan != nil }

// Plan is the plan that was vetted.
func (v Vetted) Plan() *plan.Plan { return v.plan }

// Vet checks every expression of p against the uses and sinks of the
// manifest's fields.
//
// The rules, from the design: a public field may go anywhere. A reveal field,
// and whatever was computed from it, goes only to that field's sinks. A sign
// field leaves only inside a signature whose shape the manifest declares. A
// path or a whole query holds no field at all, since policy judges it before a
// credential is opened.
func Vet(p *plan.Plan) (Vetted, error) {
	out := Vetted{plan: p, values: make([]*node, len(p.Edits))}
	v := vetter{manifest: p.Manifest}
	for i := range p.Edits {
		e := &p.Edits[i]
		if len(e.Value) == 0 {
			continue
		}
		n, err := compile(e.Value, false)
		if err != nil {
			return Vetted{}, err
		}
		if err := v.mark(n); err != nil {
			return Vetted{}, err
		}
		if err := vetEdit(e, n); err != nil {
			return Vetted{}, err
		}
		out.values[i] = n
	}
	return out, nil
}

func vetEdit(e *abi.Edit, n *node) error {
	if e.Kind == abi.SetPath || e.Kind == abi.SetRawQuery {
		if n.fields {
			return fmt.Errorf("the plan puts a credential field into a path or a whole query: use a header or a query parameter")
		}
		return nil
	}
	for _, f := range n.reveals {
		if !hasSink(f, e) {
			return fmt.Errorf("the plan puts field %q into %.64q, which is not one of its sinks", f.Name, e.Name)
		}
	}
	if len(n.signs) > 0 {
		return fmt.Errorf("the plan lets field %q out by %.64q in another form than the signature that its manifest declares", n.signs[0].Name, e.Name)
	}
	return nil
}

func hasSink(f *abi.Field, e *abi.Edit) bool {
	for _, s := range f.Sinks {
		switch s.Kind {
		case abi.SinkHeader:
			if (e.Kind == abi.SetHeader || e.Kind == abi.AddHeader) && strings.EqualFold(s.Name, e.Name) {
				return true
			}
		case abi.SinkQuery:
			if (e.Kind == abi.SetQuery || e.Kind == abi.AddQuery) && s.Name == e.Name {
				return true
			}
		}
	}
	return false
}

// taint is what a value was made of.
type taint struct {
	reveals []*abi.Field
	signs   []*abi.Field
	fields  bool // any field, public ones too
}

// maxSteps bounds the comparisons with shapes in one Vet: a SigV4 plan takes
// some twenty, and a manifest can hold enough shapes to keep us busy for long.
const maxSteps = 1 << 18

// vetter marks the expressions of one plan.
type vetter struct {
	manifest *plan.Manifest
	shapes   map[string][]*node // of sign fields, compiled
	steps    int
}

// mark works out the taint of n and of all below it, once each: to walk the
// tree again from every signature would double the work at every level.
// Hashing does not wash: a hash of a guessable secret is that secret to whoever
// guesses.
func (v *vetter) mark(n *node) error {
	if n.Op == abi.OpField {
		return v.markField(n)
	}
	for _, a := range n.args {
		if err := v.mark(a); err != nil {
			return err
		}
		n.reveals = union(n.reveals, a.reveals)
		n.signs = union(n.signs, a.signs)
		n.fields = n.fields || a.fields
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
	n.fields = true
	switch f.Use {
	case abi.UsePublic:
	case abi.UseReveal:
		n.reveals = []*abi.Field{f}
	default: // a use that isn't known is held as tight as can be
		n.signs = []*abi.Field{f}
	}
	return nil
}

func union(a, b []*abi.Field) []*abi.Field {
	for _, f := range b {
		if !slices.Contains(a, f) {
			a = append(a, f)
		}
	}
	return a
}
