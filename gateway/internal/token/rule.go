package token

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Rules narrow what a token may do. The zero Rules narrow nothing but
// operations that grant.
type Rules struct {
	Allow      []string       `json:"allow,omitempty"` // as ParseRule reads them; none: all
	Deny       []string       `json:"deny,omitempty"`
	Ops        []string       `json:"ops,omitempty"` // patterns for MatchGlob, as "s3:Get*"; none: all
	ReadOnly   bool           `json:"read_only,omitempty"`
	AllowGrant bool           `json:"allow_grant,omitempty"`
	From       []netip.Prefix `json:"from,omitempty"` // none: anywhere
	Rate       Rate           `json:"rate,omitzero"`
}

// Bounds of what is judged on every request.
const (
	maxRules   = 256  // in each list
	maxPattern = 1024 // bytes
)

// Rule is one allow or deny rule on the upstream path. The zero Rule matches
// nothing.
type Rule struct{ method, path string }

// ParseRule reads "METHOD PATTERN": a method in capitals or "*", one space, and
// a path that begins with "/", in which "*" stands for any run of bytes, "/"
// among them. It does not allocate for a good rule.
func ParseRule(text string) (Rule, error) {
	method, path, _ := strings.Cut(text, " ")
	switch {
	case !isMethod(method):
		return Rule{}, fmt.Errorf(`the rule %q must begin with a method in capitals, or with "*", as in "GET /v1/models"`, text)
	case !strings.HasPrefix(path, "/"):
		return Rule{}, fmt.Errorf(`the rule %q needs one space and then a path that begins with "/", as in "GET /v1/models"`, text)
	case len(path) > maxPattern:
		return Rule{}, fmt.Errorf("the path of a rule has %d bytes, more than %d", len(path), maxPattern)
	case strings.ContainsAny(path, "?# \\") || hasControl(path):
		return Rule{}, fmt.Errorf(`the rule %q holds a "?", "#", "\", space or control byte: rules are matched against the path alone, and none of these can be in it`, text)
	case hasDotSegment(path):
		return Rule{}, fmt.Errorf(`the rule %q has a "." or ".." segment, which no request that the broker lets in has: it would never match`, text)
	}
	return Rule{method, path}, nil
}

// Matches reports whether the rule covers the request. method is compared as it
// is: methods are case-sensitive (RFC 9110 §9.1).
func (r Rule) Matches(method, path string) bool {
	return r.method != "" && (r.method == "*" || r.method == method) && MatchGlob(r.path, path)
}

func isMethod(s string) bool {
	if s == "*" {
		return true
	}
	for i := range len(s) {
		if !isUpper(s[i]) && (s[i] != '-' || i == 0) {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

func hasControl(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0
}

func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// check reports all that is wrong at once, and puts From into its plain form.
func (r *Rules) check() error {
	var wrong []error
	for _, list := range [][]string{r.Allow, r.Deny} {
		for _, text := range list {
			if _, err := ParseRule(text); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	for _, op := range r.Ops {
		if op == "" || len(op) > maxPattern || strings.Contains(op, " ") || hasControl(op) {
			wrong = append(wrong, fmt.Errorf(`the operation pattern %q is empty, too long, or holds a space: write one as "s3:Get*"`, op))
		}
	}
	r.From = slices.Clone(r.From)
	for i, p := range r.From {
		if !p.IsValid() || p.Addr().Is4In6() {
			wrong = append(wrong, fmt.Errorf(`the network %q can't be used: write IPv4 as "10.0.0.0/8", IPv6 as "2001:db8::/32"`, p))
			continue
		}
		r.From[i] = p.Masked()
	}
	for _, n := range []int{len(r.Allow), len(r.Deny), len(r.Ops), len(r.From)} {
		if n > maxRules {
			wrong = append(wrong, fmt.Errorf("%d rules of one kind are more than %d", n, maxRules))
		}
	}
	if err := r.Rate.check(); err != nil {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}
