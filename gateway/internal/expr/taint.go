package expr

import (
	"bytes"
	"fmt"
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
	v := Vetted{plan: p, values: make([]*node, len(p.Edits))}
	for i := range p.Edits {
		e := &p.Edits[i]
		if len(e.Value) == 0 {
			continue
		}
		n, err := compile(e.Value, false)
		if err != nil {
			return Vetted{}, err
		}
		if err := vetEdit(p.Manifest, e, n); err != nil {
			return Vetted{}, err
		}
		v.values[i] = n
	}
	return v, nil
}

func vetEdit(m *plan.Manifest, e *abi.Edit, n *node) error {
	t := taintOf(m, n)
	if t.err != nil {
		return t.err
	}
	if e.Kind == abi.SetPath || e.Kind == abi.SetRawQuery {
		if t.fields {
			return fmt.Errorf("the plan puts a credential field into a path or a whole query: use a header or a query parameter")
		}
		return nil
	}
	for _, f := range t.reveals {
		if !hasSink(f, e) {
			return fmt.Errorf("the plan puts field %q into %.64q, which is not one of its sinks", f.Name, e.Name)
		}
	}
	if len(t.signs) > 0 {
		return fmt.Errorf("the plan lets field %q out by %.64q in another form than the signature that its manifest declares", t.signs[0].Name, e.Name)
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
	err     error
}

// taintOf walks the tree upward. Hashing does not wash: a hash of a guessable
// secret is that secret to whoever guesses.
func taintOf(m *plan.Manifest, n *node) taint {
	if n.Op == abi.OpField {
		f := m.Field(string(n.Bytes))
		if f == nil {
			return taint{err: fmt.Errorf("the plan names field %.64q, which is not in the manifest", n.Bytes)}
		}
		switch f.Use {
		case abi.UseReveal:
			return taint{reveals: []*abi.Field{f}, fields: true}
		case abi.UseSign:
			return taint{signs: []*abi.Field{f}, fields: true}
		}
		return taint{fields: true}
	}
	var t taint
	for _, a := range n.args {
		at := taintOf(m, a)
		if at.err != nil {
			return at
		}
		t.reveals = append(t.reveals, at.reveals...)
		t.signs = append(t.signs, at.signs...)
		t.fields = t.fields || at.fields
	}
	if len(t.signs) > 0 && isSignature(m, n, t.signs) {
		// What a key has signed is one-way, whatever stood in the message.
		return taint{fields: true}
	}
	return t
}

// isSignature says whether n is of a shape that one of the sign fields in it
// declares, with no other sign field in the parts that may vary.
func isSignature(m *plan.Manifest, n *node, signs []*abi.Field) bool {
	if n.Op != abi.OpHMAC {
		return false
	}
	for _, program := range signs[0].SignShapes {
		shape, err := compile(program, true)
		if err == nil && shape.Op == abi.OpHMAC && shape.keyedBy(signs[0].Name) && shape.matches(m, n) {
			return true
		}
	}
	return false
}

// keyedBy: the field stands in the key of the (innermost) HMAC, so that the
// result can't be turned back into it.
func (n *node) keyedBy(field string) bool {
	for n.Op == abi.OpHMAC {
		n = n.args[0]
	}
	return n.holds(field)
}

func (n *node) holds(field string) bool {
	if n.Op == abi.OpField && string(n.Bytes) == field {
		return true
	}
	for _, a := range n.args {
		if a.holds(field) {
			return true
		}
	}
	return false
}

func (n *node) matches(m *plan.Manifest, o *node) bool {
	if n.Op == abi.OpAny {
		return len(taintOf(m, o).signs) == 0
	}
	// A literal that starts a concat of (literal, any) in the shape fixes what a
	// literal in the plan begins with: "AWS4-HMAC-SHA256\n" ‖ ·
	if n.Op == abi.OpConcat && len(n.args) == 2 && n.args[0].Op == abi.OpLit && n.args[1].Op == abi.OpAny {
		switch o.Op {
		case abi.OpLit:
			return bytes.HasPrefix(o.Bytes, n.args[0].Bytes)
		case abi.OpConcat:
			return len(o.args) > 0 && o.args[0].Op == abi.OpLit && bytes.HasPrefix(o.args[0].Bytes, n.args[0].Bytes) &&
				len(taintOf(m, o).signs) == 0
		}
		return false
	}
	if n.Op != o.Op || n.Hash != o.Hash || !bytes.Equal(n.Bytes, o.Bytes) || len(n.args) != len(o.args) {
		return false
	}
	for i := range n.args {
		if !n.args[i].matches(m, o.args[i]) {
			return false
		}
	}
	return true
}
