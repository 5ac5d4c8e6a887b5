package policy

import (
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// Denial is a refusal: a fault policy_denied for the agent, and a reason for the
// operator, which may name the rule.
type Denial struct {
	fault  *fault.Fault
	reason string
}

// Reason is why, for the access log.
func (d *Denial) Reason() string { return d.reason }

// Error is the text for the operator.
func (d *Denial) Error() string { return d.fault.Error() + " (" + d.reason + ")" }

// Unwrap is the *fault.Fault that the agent sees: what it asked for and which
// kind of rule is against it. No rule is named: what else the token may do is
// the operator's to tell.
func (d *Denial) Unwrap() error { return d.fault }

func deny(u Upstream, kind, reason string) *Denial {
	return &Denial{
		fault:  fault.Newf(fault.PolicyDenied, "this proxy token does not allow %s %s: %s", u.Method, short(u.Path), kind),
		reason: reason,
	}
}

const maxShown = 200 // bytes of a path in a message

func short(path string) string {
	if len(path) > maxShown {
		path = path[:maxShown] + "…"
	}
	return strings.ToValidUTF8(path, "")
}
