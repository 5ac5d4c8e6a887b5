package expr

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// isSignature says whether n is of a shape that each sign field in it declares
// for itself.
func (v *vetter) isSignature(n *node) bool {
	if !keyed(n.Op) || len(n.signs) == 0 {
		return false
	}
	for _, f := range n.signs {
		if !slices.ContainsFunc(v.shapesOf(f), func(shape *node) bool { return v.matches(shape, n) }) {
			return false
		}
	}
	return true
}

func (v *vetter) shapesOf(f *abi.Field) []*node {
	shapes, ok := v.shapes[f.Name]
	if !ok {
		for _, program := range f.SignShapes {
			if shape, err := compileShape(f.Name, program); err == nil {
				shapes = append(shapes, shape)
			}
		}
		if v.shapes == nil {
			v.shapes = map[string][]*node{}
		}
		v.shapes[f.Name] = shapes
	}
	return shapes
}

// CheckShapes says what is wrong with the signature shapes of a manifest, so
// that it is said when a plugin is loaded and not by each of its requests.
func CheckShapes(m *plan.Manifest) error {
	var errs []error
	for i := range m.Fields {
		for _, program := range m.Fields[i].SignShapes {
			if _, err := compileShape(m.Fields[i].Name, program); err != nil {
				errs = append(errs, fmt.Errorf("field %s: a signature shape: %w", m.Fields[i].Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// compileShape refuses what would let the field out in a form that can be
// turned back into it: all but an HMAC, or a signature, keyed by it.
func compileShape(field string, program []byte) (*node, error) {
	shape, err := compile(program, inShape)
	if err != nil {
		return nil, err
	}
	if !keyed(shape.Op) || !shape.keyedBy(field) {
		return nil, fmt.Errorf("it must be an HMAC or a signature with the field in its innermost key")
	}
	return shape, nil
}

// keyedBy: the field stands in the key of the signature, or of its innermost
// HMAC, so that the result can't be turned back into it.
func (n *node) keyedBy(field string) bool {
	for keyed(n.Op) {
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

// matches compares a shape with an expression whose parts are marked. A load is
// what was stored there.
func (v *vetter) matches(shape, n *node) bool {
	if v.steps++; v.steps > maxSteps {
		return false
	}
	n = n.made()
	if shape.Op == abi.OpAny {
		return len(n.signs) == 0
	}
	if prefix, ok := shape.openEnded(); ok {
		first := n
		if n.Op == abi.OpConcat {
			first = n.args[0].made()
		}
		return first.Op == abi.OpLit && bytes.HasPrefix(first.Bytes, prefix) && len(n.signs) == 0
	}
	if shape.Op != n.Op || shape.Hash != n.Hash || !bytes.Equal(shape.Bytes, n.Bytes) || len(shape.args) != len(n.args) {
		return false
	}
	for i := range shape.args {
		if !v.matches(shape.args[i], n.args[i]) {
			return false
		}
	}
	return true
}

// made is the operation that made a value, whatever registers it went through.
func (n *node) made() *node {
	for {
		switch {
		case n.Op == abi.OpStore:
			n = n.args[0]
		case n.Op == abi.OpLoad && n.stored != nil:
			n = n.stored
		default:
			return n
		}
	}
}

// openEnded: a shape's concat of a literal and any fixes what a literal begins
// with ("AWS4-HMAC-SHA256\n" ‖ ·), in one piece or as the first of several.
func (n *node) openEnded() (prefix []byte, ok bool) {
	if n.Op == abi.OpConcat && len(n.args) == 2 && n.args[0].Op == abi.OpLit && n.args[1].Op == abi.OpAny {
		return n.args[0].Bytes, true
	}
	return nil, false
}
