package expr

import (
	"errors"
	"fmt"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// RequestBody feeds the digests with a piece of the request's body, vets what
// the plugin made of it, holds its checks, and appends what goes upstream to
// out. The piece is the input of the call that result came from.
func (s *Session) RequestBody(result *plan.Body, input, out []byte) ([]byte, error) {
	err := s.do(func() (err error) {
		s.feed(input)
		out, err = s.transform(result, inRequest, input, out)
		return err
	})
	return out, err
}

// BodyContext does so with what the plugin made of its plan's context, which is
// no part of the body.
func (s *Session) BodyContext(result *plan.Body, input, out []byte) ([]byte, error) {
	err := s.do(func() (err error) {
		out, err = s.transform(result, inRequest, input, out)
		return err
	})
	return out, err
}

// ResponseBody does so with a piece of the answer's body. What it appends goes
// to the agent, so no secret may be in it, not even as a signature: with that the
// agent could go to the API by itself.
func (s *Session) ResponseBody(result *plan.Body, input, out []byte) ([]byte, error) {
	err := s.do(func() (err error) {
		out, err = s.transform(result, inResponse, input, out)
		return err
	})
	return out, err
}

// segment is one that was vetted: bytes of the input, text, or an expression.
type segment struct {
	text  []byte
	value *node
}

func (s *Session) transform(result *plan.Body, at place, input, out []byte) ([]byte, error) {
	if len(s.v.checks) > 0 && !s.checked {
		return nil, errUnchecked
	}
	s.work, s.signed = 0, 0
	segments, checks, err := s.vet(result, at, input)
	if err != nil {
		return nil, err
	}
	if err := s.hold(checks, input); err != nil {
		return nil, err
	}
	most := len(out) + abi.MaxBodyOutput
	for _, g := range segments {
		text := g.text
		if g.value != nil {
			e := evaluation{s: s, input: input}
			if text, err = e.eval(g.value); err != nil {
				return nil, err
			}
		}
		if len(out)+len(text) > most {
			return nil, fmt.Errorf("its segments come to more than %d bytes", abi.MaxBodyOutput)
		}
		out = append(out, text...)
	}
	return out, nil
}

var errUnchecked = errors.New("the plan's checks were not evaluated")

// vet holds a body result to the rules of Vet, with what the exchange's
// registers were made of. Its checks are evaluated before its segments, so they
// are vetted before them.
func (s *Session) vet(result *plan.Body, at place, input []byte) ([]segment, []check, error) {
	if s.body == nil {
		s.body = &vetter{manifest: s.v.plan.Manifest, registers: s.v.registers, digests: s.v.digests}
	}
	v := s.body
	v.steps = 0
	checks, err := v.checks(result.Checks, inBodyCheck)
	if err != nil {
		return nil, nil, err
	}
	segments := make([]segment, len(result.Segments))
	for i := range result.Segments {
		g := &result.Segments[i]
		switch g.Kind {
		case abi.SegmentInput:
			if g.Offset > uint64(len(input)) || g.Length > uint64(len(input))-g.Offset {
				return nil, nil, fmt.Errorf("a segment of %d bytes at %d lies outside the input of %d", g.Length, g.Offset, len(input))
			}
			segments[i].text = input[g.Offset : g.Offset+g.Length]
		case abi.SegmentLiteral:
			segments[i].text = g.Bytes
		case abi.SegmentValue:
			if segments[i].value, err = v.segment(g.Bytes, at); err != nil {
				return nil, nil, err
			}
		default:
			return nil, nil, fmt.Errorf("segment kind %d is not one that this version runs", g.Kind)
		}
	}
	if s.registers == nil && v.registers != [abi.MaxRegisters]*held{} {
		s.registers = make([]register, abi.MaxRegisters)
	}
	return segments, checks, nil
}

func (v *vetter) segment(program []byte, at place) (*node, error) {
	n, err := v.expression(program, at)
	if err != nil {
		return nil, err
	}
	if at == inResponse && n.secrets {
		return nil, fmt.Errorf("the plan puts a credential field, or a signature with one, into an answer's body")
	}
	if len(n.reveals) > 0 {
		return nil, fmt.Errorf("the plan puts field %q into a body, which is not one of its sinks", n.reveals[0].Name)
	}
	return n, leaves(n, "a body")
}
