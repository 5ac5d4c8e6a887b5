package policy

import (
	"fmt"

	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func judgeAddress(r *token.Rules, u Upstream) *Denial {
	if len(r.From) == 0 {
		return nil
	}
	ip := u.ClientIP.Unmap().WithZone("")
	for _, network := range r.From {
		if network.Contains(ip) { // false for the zero Addr
			return nil
		}
	}
	return deny(u, "it may not be used from this address", fmt.Sprintf("%s is in none of its networks", u.ClientIP))
}

// judgePath reads each rule from its text, which allocates nothing. A text that
// is no rule was not issued by this program: it denies, in either list.
func judgePath(r *token.Rules, method string, readings []string, u Upstream) *Denial {
	for _, text := range r.Deny {
		rule, err := token.ParseRule(text)
		if err != nil {
			return deny(u, "a deny rule can't be read", err.Error())
		}
		for _, path := range readings {
			if covers(rule, method, path) {
				return deny(u, "a deny rule covers it", fmt.Sprintf("deny rule %q covers %q", text, path))
			}
		}
	}
	if len(r.Allow) == 0 {
		return nil
	}
	for _, path := range readings {
		if !anyCovers(r.Allow, method, path) {
			return deny(u, "no allow rule covers every way to read its path", fmt.Sprintf("no allow rule covers %q", path))
		}
	}
	return nil
}

func anyCovers(texts []string, method, path string) bool {
	for _, text := range texts {
		if rule, err := token.ParseRule(text); err == nil && covers(rule, method, path) {
			return true
		}
	}
	return false
}

func covers(rule token.Rule, method, path string) bool {
	return rule.Matches(method, path) || method == "HEAD" && rule.Matches("GET", path)
}

// judgeActs asks of every operation what the rules ask of one: a request does
// all of them.
func judgeActs(r *token.Rules, acts []abi.Act, u Upstream) *Denial {
	if len(acts) == 0 {
		switch {
		case r.ReadOnly:
			return deny(u, "it is read-only, and this operation is not in the provider's catalogue", "read-only: no operation is known")
		case len(r.Ops) > 0:
			return deny(u, "it is for named operations, and this one is not in the provider's catalogue", "operation rules: no operation is known")
		}
	}
	for i := range acts {
		if d := judgeAct(r, &acts[i], u); d != nil {
			return d
		}
		if acts[i].Method == "" {
			continue
		}
		if d := judgeResource(r, &acts[i], u); d != nil {
			return d
		}
	}
	return nil
}

// judgeResource judges what an act does elsewhere than at the request's own path,
// such as the source of a copy, as a request for it would be. One that nobody can
// tell meets every deny, and no allow.
func judgeResource(r *token.Rules, act *abi.Act, u Upstream) *Denial {
	if len(r.Deny)+len(r.Allow) == 0 {
		return nil
	}
	readings := request.Sound(act.Resource)
	if len(readings) == 0 {
		return deny(u, "the broker can't tell all that it is about, and the token is for some paths only", fmt.Sprintf("the resource of %q can't be judged", act.Name))
	}
	return judgePath(r, act.Method, readings, u)
}

func judgeAct(r *token.Rules, act *abi.Act, u Upstream) *Denial {
	switch {
	case act.Class >= abi.ClassGrant && !r.AllowGrant: // a class after grant is none, and no less
		return deny(u, "the operation makes access that outlives the token", fmt.Sprintf("%q is of class grant, and the token has no --allow-grant", act.Name))
	case act.Class == abi.ClassUnknown && act.Name != "" && !r.AllowGrant:
		return deny(u, "the broker can't tell what it does, and it may make access that outlives the token", fmt.Sprintf("%q is of unknown class, and the token has no --allow-grant", act.Name))
	case r.ReadOnly && act.Class == abi.ClassUnknown:
		return deny(u, "it is read-only, and this operation is not in the provider's catalogue", fmt.Sprintf("read-only: %q is of unknown class", act.Name))
	case r.ReadOnly && act.Class != abi.ClassRead:
		return deny(u, "it is read-only, and this operation is not", fmt.Sprintf("read-only: %q is not of class read", act.Name))
	case len(r.Ops) > 0 && act.Name == "":
		return deny(u, "it is for named operations, and this one is not in the provider's catalogue", "operation rules: the operation has no name")
	case len(r.Ops) > 0 && act.Class == abi.ClassUnknown:
		return deny(u, "it is for named operations, and the broker can't tell which this is", fmt.Sprintf("operation rules: %q is of unknown class", act.Name))
	case len(r.Ops) > 0 && !named(r.Ops, act.Name):
		return deny(u, "no operation rule covers it", fmt.Sprintf("no operation rule covers %q", act.Name))
	}
	return nil
}

func named(patterns []string, name string) bool {
	for _, p := range patterns {
		if token.MatchGlob(p, name) {
			return true
		}
	}
	return false
}
