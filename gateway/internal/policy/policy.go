// Package policy decides whether a proven token may make one upstream request.
// It is a pure function of the token's rules, the operations that the request
// does, and the request as it will be sent.
//
// The rows are looked at in this order; the first that denies decides. "Every
// reading" is request.Readings of the upstream path.
//
//	denied when …                                        rule of the token
//	the grant is zero, or the upstream request is        (any)
//	the path has too many readings to judge              (any)
//	the client's address is unknown or in no network     --from N…
//	any reading matches any rule                         --deny R…
//	any reading matches no rule                          --allow R…
//	an operation is about another resource too, and that,
//	  with its method, is denied by the two rows above,
//	  or nobody can tell what it is                      --deny R…, --allow R…
//	an operation's class is grant, or none that is known,
//	  or a plugin says that it can't tell what it does   without --allow-grant
//	there is no operation, or one's class isn't read     --read-only
//	there is no operation, or one's class is unknown,
//	  or its name matches none                           --op P…
//
// What no row denies is permitted: a token without rules may do all that its
// credential can, but mint access that outlives it.
//
// An operation of unknown class that has a name is a plugin's word: it has looked,
// and can't tell (a GraphQL document that is coded, or longer than it may see). It
// may be a grant, and so meets that deny too.
//
// An operation that is not in the provider's catalogue has no name and the class
// unknown. It has no place in --op and --read-only, whatever its method: a GET
// that changes something is not rare. Without those rules it is permitted, and
// judged by its path. HEAD meets the rules for GET as well as its own: it is a
// GET whose body is left out (RFC 9110 §9.3.2), so it may where GET may, and
// tells no less where GET may not.
package policy

import (
	"net/netip"

	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Upstream is the request as it will be sent.
type Upstream struct {
	Method   string
	Host     string // host[:port] of the upstream
	Path     string // with the upstream's base path, as on the wire
	Query    string // raw, without "?"
	ClientIP netip.Addr
}

// Permit lets one request be made: with this credential, to this host. Only
// Judge makes one; the zero Permit is not Valid.
type Permit struct {
	grant  token.Grant
	host   string
	reason string
}

// Valid is false for the zero Permit.
func (p Permit) Valid() bool { return p.grant.Valid() && p.host != "" }

// Tenant is whose credential it is.
func (p Permit) Tenant() string { return p.grant.Tenant() }

// Agent is whom the token was issued to.
func (p Permit) Agent() string { return p.grant.Agent() }

// TokenID is the token's public id.
func (p Permit) TokenID() string { return p.grant.TokenID() }

// Provider is the name in broker.toml.
func (p Permit) Provider() string { return p.grant.Provider() }

// Credential is the name of the credential that may be used.
func (p Permit) Credential() string { return p.grant.Credential() }

// Host is the host[:port] that it may be sent to, and no other.
func (p Permit) Host() string { return p.host }

// Reason is why, for the access log.
func (p Permit) Reason() string { return p.reason }

// Judge makes a Permit, or a *Denial, which is a fault policy_denied.
func Judge(g token.Grant, acts []abi.Act, u Upstream) (Permit, error) {
	if !g.Valid() {
		return Permit{}, deny(u, "no token was proven", "no token was proven")
	}
	rules := g.Rules()
	if d := judge(&rules, acts, u); d != nil {
		return Permit{}, d
	}
	return Permit{grant: g, host: u.Host, reason: why(&rules)}, nil
}

func judge(r *token.Rules, acts []abi.Act, u Upstream) *Denial {
	if u.Method == "" || u.Host == "" || u.Path == "" {
		return deny(u, "the request is incomplete", "the upstream request lacks its method, host or path")
	}
	readings := request.Readings(u.Path)
	if len(readings) == 0 {
		return deny(u, "its path can be read in too many ways", "the path has too many readings")
	}
	if d := judgeAddress(r, u); d != nil {
		return d
	}
	if d := judgePath(r, u.Method, readings, u); d != nil {
		return d
	}
	return judgeActs(r, acts, u)
}

func why(r *token.Rules) string {
	if len(r.Allow)+len(r.Deny)+len(r.Ops)+len(r.From) == 0 && !r.ReadOnly {
		return "the token has no rules"
	}
	return "the token's rules allow it"
}
