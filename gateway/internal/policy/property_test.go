package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	door "github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"pgregory.net/rapid"
)

var (
	drawRule   = rapid.SampledFrom([]string{"GET /a", "GET /a*", "* /a/b", "POST /*", "* /*b", "HEAD /a", "GET /a%2Fb", "DELETE /*", "* /a;x", "* /*"})
	drawOp     = rapid.SampledFrom([]string{"files.*", "*", "keys.create", "files.list", "none"})
	drawAct    = rapid.SampledFrom([]abi.Act{read, write, grant, unknown, {Name: "x", Class: abi.ClassRead}})
	drawMethod = rapid.SampledFrom([]string{"GET", "HEAD", "POST", "DELETE"})
	drawPiece  = rapid.SampledFrom([]string{"a", "b", "/", "//", "%2F", "%252f", ";x", "%3B", "%61", "%2562"})
	drawFrom   = rapid.SampledFrom(prefixes("10.0.0.0/8", "192.0.2.0/24", "::/0"))
)

type question struct {
	rules token.Rules
	acts  []abi.Act
	up    Upstream
}

func drawQuestion(t *rapid.T) question {
	some := func(g *rapid.Generator[string], label string) []string { return rapid.SliceOfN(g, 0, 3).Draw(t, label) }
	return question{
		rules: token.Rules{
			Allow: some(drawRule, "allow"), Deny: some(drawRule, "deny"), Ops: some(drawOp, "ops"),
			ReadOnly: rapid.Bool().Draw(t, "read only"), AllowGrant: rapid.Bool().Draw(t, "allow grant"),
			From: rapid.SliceOfN(drawFrom, 0, 2).Draw(t, "from"),
		},
		acts: rapid.SliceOfN(drawAct, 0, 3).Draw(t, "acts"),
		up:   sent(drawMethod.Draw(t, "method"), "/a"+strings.Join(some(drawPiece, "path"), "")),
	}
}

func (q question) permitted() bool { return judge(&q.rules, q.acts, q.up) == nil }

// What narrows a token's rules never permits a request that they denied.
func TestNarrowingNeverPermitsMore(t *testing.T) {
	narrow := map[string]func(*rapid.T, *token.Rules){
		"add deny": func(t *rapid.T, r *token.Rules) { r.Deny = append(slices.Clone(r.Deny), drawRule.Draw(t, "d")) },
		"remove allow": func(_ *rapid.T, r *token.Rules) {
			if len(r.Allow) > 1 { // without the last there is no allow list any more
				r.Allow = r.Allow[1:]
			}
		},
		"first allow": func(t *rapid.T, r *token.Rules) {
			if len(r.Allow) == 0 {
				r.Allow = []string{drawRule.Draw(t, "a")}
			}
		},
		"remove op": func(_ *rapid.T, r *token.Rules) {
			if len(r.Ops) > 1 {
				r.Ops = r.Ops[1:]
			}
		},
		"first op": func(t *rapid.T, r *token.Rules) {
			if len(r.Ops) == 0 {
				r.Ops = []string{drawOp.Draw(t, "o")}
			}
		},
		"read only": func(_ *rapid.T, r *token.Rules) { r.ReadOnly = true },
		"no grants": func(_ *rapid.T, r *token.Rules) { r.AllowGrant = false },
		"first from": func(t *rapid.T, r *token.Rules) {
			if len(r.From) == 0 {
				r.From = []netip.Prefix{drawFrom.Draw(t, "f")}
			}
		},
		"remove from": func(_ *rapid.T, r *token.Rules) {
			if len(r.From) > 1 {
				r.From = r.From[1:]
			}
		},
	}
	for name, f := range narrow {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				q := drawQuestion(t)
				before := q.permitted()
				f(t, &q.rules)
				if !before && q.permitted() {
					t.Fatalf("permits what was denied: %+v", q)
				}
			})
		})
	}
}

// Another operation in one request never permits more, but where there was none.
func TestMoreOperationsNeverPermitMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		if len(q.acts) == 0 {
			return
		}
		before := q.permitted()
		q.acts = append(slices.Clone(q.acts), drawAct.Draw(t, "act"))
		if !before && q.permitted() {
			t.Fatalf("permits what was denied: %+v", q)
		}
	})
}

// If a request is permitted, so it is under each of its readings taken alone: no
// server can read it as one that the path rules are against.
func TestEveryReadingIsPermitted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		if !q.permitted() {
			return
		}
		for _, reading := range door.Readings(q.up.Path) {
			for _, text := range q.rules.Deny {
				if rule, _ := token.ParseRule(text); rule.Matches(q.up.Method, reading) {
					t.Fatalf("%+v: %q denies %q", q, text, reading)
				}
			}
			if len(q.rules.Allow) > 0 && !anyCovers(q.rules.Allow, q.up.Method, reading) {
				t.Fatalf("%+v: nothing allows %q", q, reading)
			}
		}
	})
}

// A path that a deny rule covers is denied however it is encoded, up to three
// times over.
func TestEncodingNeverEscapesADeny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.SampledFrom([]string{"/admin", "/v1/keys/x", "/a/b"}).Draw(t, "path")
		rules := token.Rules{Deny: []string{"* " + path}}
		for range rapid.IntRange(0, door.Decodings).Draw(t, "times") {
			at := rapid.IntRange(1, len(path)-1).Draw(t, "at")
			path = path[:at] + fmt.Sprintf("%%%02x", path[at]) + path[at+1:]
		}
		if judge(&rules, nil, sent("GET", path)) == nil {
			t.Fatalf("%s escaped", path)
		}
	})
}
