package token

import (
	"errors"

	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// Claim is a token that was presented, known here, and looked at: who it says
// it is. It is no authority yet. The zero Claim, and that of a token that was
// refused, can't be proven.
type Claim struct {
	record *Record
	good   bool // it is neither refused, revoked nor expired
}

// Prove makes a Claim a Grant, once every check of the plan holds. To present a
// whole bearer token is its proof; the name of a pair is public, so its proof is
// a check over its secret half. A plan for a pair without such a check is
// refused. The error is a *fault.Fault.
func (c Claim) Prove(s *expr.Session) (Grant, error) {
	if c.record == nil || !c.good || !s.Valid() {
		return Grant{}, fault.New(fault.TokenInvalid)
	}
	if c.record.Pair && !s.Vetted().Proves() {
		return Grant{}, fault.Newf(fault.SignatureInvalid, "this proxy token is proven by signing with its secret half, and nothing in the request does: send a signed request").
			Because(errors.New("the plan has no check over the token's secret"))
	}
	if err := s.Check(c.record.half); err != nil {
		return Grant{}, err
	}
	return Grant{c.record}, nil
}

// Tenant is "" for the zero Claim, as are the others.
func (c Claim) Tenant() string { return orEmpty(c.record).Tenant }

// Agent is whom the token was issued to.
func (c Claim) Agent() string { return orEmpty(c.record).Agent }

// TokenID is the token's public id.
func (c Claim) TokenID() string { return orEmpty(c.record).ID }

// Credential is the credential that the token stands for.
func (c Claim) Credential() string { return orEmpty(c.record).Credential }

// Grant is the authority of a token that was proven. Only Prove makes one; the
// zero Grant allows nothing.
type Grant struct{ record *Record }

// Valid is false for the zero Grant.
func (g Grant) Valid() bool { return g.record != nil }

// Tenant is "" for the zero Grant, as are the others.
func (g Grant) Tenant() string { return orEmpty(g.record).Tenant }

// Agent is whom the token was issued to.
func (g Grant) Agent() string { return orEmpty(g.record).Agent }

// TokenID is the token's public id.
func (g Grant) TokenID() string { return orEmpty(g.record).ID }

// Provider is the name in broker.toml.
func (g Grant) Provider() string { return orEmpty(g.record).Provider }

// Credential is the name of the one credential that the token stands for.
func (g Grant) Credential() string { return orEmpty(g.record).Credential }

// Rules are what narrows the token. Their lists are shared with other requests:
// they must not be changed. Empty Rules allow, so look at Valid first.
func (g Grant) Rules() Rules { return orEmpty(g.record).Rules }

var none = &Record{}

func orEmpty(r *Record) *Record {
	if r == nil {
		return none
	}
	return r
}
