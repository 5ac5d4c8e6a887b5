package pipeline

import (
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// fits says whether a body is such that its plan can be carried out, as far as
// that is known before it has come.
func fits(p *plan.Plan, pl *plugin.Plugin, s shown, in *Incoming) error {
	if p.BodyMode == abi.BodyHashFirst && in.Length > abi.MaxBodyHashed {
		return errLong
	}
	for i := range p.Edits {
		kind := p.Edits[i].Kind
		switch {
		case kind != abi.SetJSON && kind != abi.SetForm, s.held != nil && s.kind.Fits(kind):
		case kind == abi.SetJSON:
			return errNoJSON
		default:
			return errNoForm
		}
	}
	return nil
}

var (
	errLong   = fault.Newf(fault.BodyTooLarge, "the API's signature covers the whole body, which the broker reads before it signs: up to 1 MiB. Send it in smaller parts")
	errNoJSON = fault.Newf(fault.BadRequest, "the API takes its key in the request's body, and the broker can put it only into one that is whole and plain: a JSON object of up to 64 KiB, with no name twice and no Content-Encoding")
	errNoForm = fault.Newf(fault.BadRequest, "the API takes its key in the request's body, and the broker can put it only into one that is whole and plain: a form of up to 64 KiB, with no field twice and no Content-Encoding")
)

// prove makes the claim a grant. Where the plan's checks are over the body's
// digest, that is read first: bounded, as all that is held back.
func (e *end) prove(q *asked, s *expr.Session, in *Incoming) (token.Grant, error) {
	if s.Vetted().BodyFirst() {
		if err := e.hashed(in, s); err != nil {
			return token.Grant{}, err
		}
	}
	return q.claim.Prove(s)
}

// hashed reads the whole body where the plan is made of its digest, once. Nothing
// but the body is held meanwhile.
func (e *end) hashed(in *Incoming, s *expr.Session) error {
	if s.Vetted().Plan().BodyMode != abi.BodyHashFirst || in.Body == nil || e.digested {
		return nil
	}
	if in.Length > abi.MaxBodyHashed {
		return errLong
	}
	e.digested = true
	whole, err := e.fill(in, abi.MaxBodyHashed)
	if err == nil && !whole {
		err = errLong
	}
	if err != nil {
		return err
	}
	_, err = s.Digest().Write(e.held.Bytes())
	return err
}
