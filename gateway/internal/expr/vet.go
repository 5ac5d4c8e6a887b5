package expr

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Vetted is a plan whose every expression was found to keep the manifest's
// promises. Only Vet makes one; the zero value does nothing and says so. It is
// never changed: a kept plan is shared by the exchanges that use it.
type Vetted struct {
	plan      *plan.Plan
	values    []*node // one for each edit; nil for a removal
	checks    []check
	registers [abi.MaxRegisters]*held // once all of it was evaluated
	digests   uint64                  // bit n: hash n of the request body is asked for
	bodyFirst bool                    // by a check
}

// check is an equality to hold, and what to refuse with.
type check struct {
	a, b          *node
	code          fault.Code
	word, message string
}

// Valid is false for the zero value.
func (v Vetted) Valid() bool { return v.plan != nil }

// Plan is the plan that was vetted.
func (v Vetted) Plan() *plan.Plan { return v.plan }

// Proves says whether one of the plan's checks is over the token's secret, and
// so proves a client that signs.
func (v Vetted) Proves() bool {
	for _, c := range v.checks {
		if c.a.token || c.b.token {
			return true
		}
	}
	return false
}

// BodyFirst says that a check is over the digest of the request's body, so that
// it is read before the request can be proven.
func (v Vetted) BodyFirst() bool { return v.bodyFirst }

// Vet checks every expression of p against the uses and sinks of the
// manifest's fields, in the order in which they are evaluated: the checks, then
// the edits.
//
// The rules, from the design: a public field may go anywhere. A reveal field,
// and whatever was computed from it, goes only to that field's sinks. A sign
// field leaves only inside a signature whose shape the manifest declares. The
// token's secret stands in checks only. A path or a whole query holds no field
// at all, since policy judges it before a credential is opened.
func Vet(p *plan.Plan) (Vetted, error) {
	out := Vetted{plan: p, values: make([]*node, len(p.Edits))}
	v := vetter{manifest: p.Manifest}
	if p.BodyMode == abi.BodyHashFirst {
		v.digests = allDigests
	}
	var err error
	if out.checks, err = v.checks(p.Checks, inCheck); err != nil {
		return Vetted{}, err
	}
	out.bodyFirst = v.used != 0
	for i := range p.Edits {
		e := &p.Edits[i]
		if len(e.Value) == 0 {
			continue
		}
		if out.values[i], err = v.edit(e); err != nil {
			return Vetted{}, err
		}
	}
	out.registers, out.digests = v.registers, v.used
	if p.BodyMode != abi.BodyPass {
		out.digests |= p.Digests & allDigests
	}
	return out, nil
}

const allDigests = 1<<abi.MD5 | 1<<abi.SHA1 | 1<<abi.SHA256 | 1<<abi.SHA512

func (v *vetter) edit(e *abi.Edit) (*node, error) {
	at := inEdit
	if e.Kind == abi.SetPath || e.Kind == abi.SetRawQuery {
		at = inLine
	}
	n, err := v.expression(e.Value, at)
	if err != nil {
		return nil, err
	}
	if at == inLine {
		if n.fields {
			return nil, fmt.Errorf("the plan puts a credential field into a path or a whole query: use a header or a query parameter")
		}
		return n, nil
	}
	for _, f := range n.reveals {
		if !hasSink(f, e) {
			return nil, fmt.Errorf("the plan puts field %q into %.64q, which is not one of its sinks", f.Name, e.Name)
		}
	}
	return n, leaves(n, fmt.Sprintf("%.64q", e.Name))
}

// leaves refuses what may leave by no way at all.
func leaves(n *node, by string) error {
	if len(n.signs) > 0 {
		return fmt.Errorf("the plan lets field %q out by %s in another form than the signature that its manifest declares", n.signs[0].Name, by)
	}
	if n.token {
		return fmt.Errorf("the plan lets the token's secret out by %s: it may only stand in a check", by)
	}
	return nil
}

// checks vets equalities. One tells whoever made the request whether two values
// are alike, so neither side holds a secret that could be guessed that way; the
// token's is on one side only, or the check would hold whatever was sent.
func (v *vetter) checks(list []abi.Check, at place) ([]check, error) {
	var out []check
	for _, c := range list {
		a, err := v.expression(c.A, at)
		if err != nil {
			return nil, err
		}
		b, err := v.expression(c.B, at)
		if err != nil {
			return nil, err
		}
		for _, n := range []*node{a, b} {
			if len(n.reveals)+len(n.signs) > 0 {
				return nil, fmt.Errorf("the plan puts field %q into a check: only its signature may stand there", union(n.reveals, n.signs)[0].Name)
			}
		}
		if a.token && b.token {
			return nil, fmt.Errorf("a check has the token's secret on both sides, and proves nothing")
		}
		out = append(out, check{a, b, cmp.Or(fault.Code(c.Code), fault.SignatureInvalid), c.Word, c.Message})
	}
	return out, nil
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
		case abi.SinkForm:
			if e.Kind == abi.SetForm && s.Name == e.Name {
				return true
			}
		case abi.SinkJSON:
			if e.Kind == abi.SetJSON && s.Name == e.Name {
				return true
			}
		}
	}
	return false
}
