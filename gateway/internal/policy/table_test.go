package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Every combination of the rows: a request is permitted exactly if each row, on
// its own, lets it pass.
func TestDecisionTable(t *testing.T) {
	const method, path = "POST", "/v1/files%2Fx"
	type choice[T any] struct {
		value  T
		passes bool
	}
	from := []choice[[]netip.Prefix]{{nil, true}, {prefixes("192.0.2.0/24", "10.0.0.0/8"), true}, {prefixes("192.0.2.0/24"), false}}
	denies := []choice[[]string]{
		{nil, true}, {[]string{"GET /*", "POST /v2/*"}, true}, {[]string{"POST /v2/*", "POST /v1/files/x"}, false},
		{[]string{"* /v1/files%2Fx"}, false}, {[]string{"broken"}, false},
	}
	allows := []choice[[]string]{
		{nil, true}, {[]string{"GET /*", "POST /v1/*"}, true}, {[]string{"POST /v1/files%2Fx", "POST /v1/files/x"}, true},
		{[]string{"POST /v1/files%2Fx"}, false}, {[]string{"POST /v1/files/x"}, false}, {[]string{"GET /*"}, false}, {[]string{"broken"}, false},
	}
	// What the operation rows want of acts.
	all := func(acts []abi.Act, ok func(abi.Act) bool) bool {
		for _, a := range acts {
			if !ok(a) {
				return false
			}
		}
		return true
	}
	ops := []struct {
		value  []string
		passes func([]abi.Act) bool
	}{
		{nil, func([]abi.Act) bool { return true }},
		{[]string{"files.*", "keys.create"}, func(acts []abi.Act) bool {
			return len(acts) > 0 && all(acts, func(a abi.Act) bool { return a.Class != abi.ClassUnknown && a.Name != "" && a.Name != "other" })
		}},
		{[]string{"*"}, func(acts []abi.Act) bool {
			return len(acts) > 0 && all(acts, func(a abi.Act) bool { return a.Class != abi.ClassUnknown && a.Name != "" })
		}},
	}
	other := abi.Act{Name: "other", Class: abi.ClassRead}
	beyond := abi.Act{Name: "files.x", Class: abi.ClassGrant + 1}
	actSets := [][]abi.Act{
		nil, {unknown}, {read}, {write}, {grant}, {other}, {beyond}, {{Name: "files.odd"}}, {{Class: abi.ClassRead}},
		{read, read}, {read, write}, {read, grant}, {read, unknown}, {unknown, read}, {read, other}, {read, beyond},
	}
	n, permitted := 0, 0
	for _, f := range from {
		for _, deny := range denies {
			for _, allow := range allows {
				for _, op := range ops {
					for _, readOnly := range []bool{false, true} {
						for _, allowGrant := range []bool{false, true} {
							for _, acts := range actSets {
								want := f.passes && deny.passes && allow.passes && op.passes(acts) &&
									(allowGrant || all(acts, func(a abi.Act) bool {
										return a.Class <= abi.ClassWrite && (a.Class != abi.ClassUnknown || a.Name == "")
									})) &&
									(!readOnly || len(acts) > 0 && all(acts, func(a abi.Act) bool { return a.Class == abi.ClassRead }))
								r := token.Rules{From: f.value, Deny: deny.value, Allow: allow.value, Ops: op.value, ReadOnly: readOnly, AllowGrant: allowGrant}
								if got := judge(&r, acts, sent(method, path)); (got == nil) != want {
									t.Fatalf("%+v, %+v: %v, want permitted = %v", r, acts, got, want)
								}
								n++
								if want {
									permitted++
								}
							}
						}
					}
				}
			}
		}
	}
	if n != 3*5*7*3*2*2*16 || permitted == 0 {
		t.Errorf("%d combinations, %d permitted", n, permitted)
	}
}

func TestRows(t *testing.T) {
	cases := map[string]struct {
		rules  token.Rules
		acts   []abi.Act
		method string
		path   string
		want   string // part of the denial's message; "" is permitted
	}{
		"no rules":                         {token.Rules{}, nil, "DELETE", "/x", ""},
		"no rules, unknown operation":      {token.Rules{}, []abi.Act{unknown}, "POST", "/x", ""},
		"no rules, granting operation":     {token.Rules{}, []abi.Act{grant}, "POST", "/x", "outlives the token"},
		"a plugin can't tell":              {token.Rules{}, []abi.Act{read, {Name: "graphql.unknown"}}, "POST", "/x", "can't tell what it does"},
		"it can't, and grants are allowed": {token.Rules{AllowGrant: true}, []abi.Act{{Name: "graphql.unknown"}}, "POST", "/x", ""},
		"it can't, read-only":              {token.Rules{AllowGrant: true, ReadOnly: true}, []abi.Act{{Name: "graphql.unknown"}}, "POST", "/x", "read-only"},
		"it can't, named operations":       {token.Rules{AllowGrant: true, Ops: []string{"*"}}, []abi.Act{{Name: "graphql.unknown"}}, "POST", "/x", "can't tell which"},
		"a copy of what it may read":       {token.Rules{Allow: []string{"PUT /b/in/*", "GET /b/*"}}, []abi.Act{write, {Name: "get", Class: abi.ClassRead, Method: "GET", Resource: "/b/x"}}, "PUT", "/b/in/y", ""},
		"a copy of what it may only write": {token.Rules{Allow: []string{"PUT /b/*"}}, []abi.Act{write, {Name: "get", Class: abi.ClassRead, Method: "GET", Resource: "/b/x"}}, "PUT", "/b/y", "no allow rule covers"},
		"a copy of what is denied":         {token.Rules{Deny: []string{"GET /b/secret/*"}}, []abi.Act{write, {Name: "get", Class: abi.ClassRead, Method: "GET", Resource: "/b/%73ecret/x"}}, "PUT", "/b/y", "a deny rule covers"},
		"a copy with dots":                 {token.Rules{Deny: []string{"GET /b/secret/*"}}, []abi.Act{write, {Name: "get", Class: abi.ClassRead, Method: "GET", Resource: "/b/a/../secret/x"}}, "PUT", "/b/y", "can't tell all"},
		"nobody knows of what":             {token.Rules{Deny: []string{"GET /never"}}, []abi.Act{write, {Name: "get", Class: abi.ClassRead, Method: "GET"}}, "PUT", "/b/y", "can't tell all"},
		"nobody knows, and an allow":       {token.Rules{Allow: []string{"* /*"}}, []abi.Act{write, {Name: "get", Class: abi.ClassRead, Method: "GET"}}, "PUT", "/b/y", "can't tell all"},
		"nobody knows, and no rule":        {token.Rules{}, []abi.Act{write, {Name: "get", Class: abi.ClassRead, Method: "GET"}}, "PUT", "/b/y", ""},
		"allow-grant":                      {token.Rules{AllowGrant: true}, []abi.Act{grant}, "POST", "/x", ""},
		"allow doesn't cover grants":       {token.Rules{Allow: []string{"* /*"}, Ops: []string{"*"}}, []abi.Act{grant}, "POST", "/x", "outlives"},
		"read-only, GET of no operation":   {token.Rules{ReadOnly: true}, nil, "GET", "/x", "not in the provider's catalogue"},
		"read-only, GET unknown":           {token.Rules{ReadOnly: true}, []abi.Act{unknown}, "GET", "/x", "not in the provider's catalogue"},
		"read-only, POST that reads":       {token.Rules{ReadOnly: true}, []abi.Act{read}, "POST", "/search", ""},
		"read-only, GET that writes":       {token.Rules{ReadOnly: true}, []abi.Act{write}, "GET", "/rotate", "it is read-only"},
		"read-only beats allow-grant":      {token.Rules{ReadOnly: true, AllowGrant: true}, []abi.Act{grant}, "POST", "/x", "it is read-only"},
		"HEAD where GET may":               {token.Rules{Allow: []string{"GET /x"}}, nil, "HEAD", "/x", ""},
		"HEAD where only HEAD may":         {token.Rules{Allow: []string{"HEAD /x"}}, nil, "HEAD", "/x", ""},
		"GET where only HEAD may":          {token.Rules{Allow: []string{"HEAD /x"}}, nil, "GET", "/x", "no allow rule"},
		"HEAD where GET may not":           {token.Rules{Deny: []string{"GET /x"}}, nil, "HEAD", "/x", "a deny rule"},
		"GET where HEAD may not":           {token.Rules{Deny: []string{"HEAD /x"}}, nil, "GET", "/x", ""},
		"deny beats allow":                 {token.Rules{Allow: []string{"* /*"}, Deny: []string{"GET /x"}}, nil, "GET", "/x", "a deny rule"},
		"deny, encoded letter":             {token.Rules{Deny: []string{"GET /admin*"}}, nil, "GET", "/%61dmin", "a deny rule"},
		"deny, encoded three times":        {token.Rules{Deny: []string{"GET /admin*"}}, nil, "GET", "/%252561dmin", "a deny rule"},
		"deny, slashes":                    {token.Rules{Deny: []string{"GET /a/admin"}}, nil, "GET", "/a///admin", "a deny rule"},
		"deny, encoded slash":              {token.Rules{Deny: []string{"GET /a/admin"}}, nil, "GET", "/a%2Fadmin", "a deny rule"},
		"deny, parameters":                 {token.Rules{Deny: []string{"GET /a/admin"}}, nil, "GET", "/a;x=1/admin;y", "a deny rule"},
		"deny, all of it":                  {token.Rules{Deny: []string{"GET /a/admin"}}, nil, "GET", "/a;x%2F%2fadmin%253By", "a deny rule"},
		"deny, all of it, cut late":        {token.Rules{Deny: []string{"GET /a/admin"}}, nil, "GET", "/a%2F%2fadmin%253By", "a deny rule"},
		"allow, branch name":               {token.Rules{Allow: []string{"GET /repos/o/r/branches/*"}}, nil, "GET", "/repos/o/r/branches/feature%2Fx", ""},
		"allow, slash that leads out":      {token.Rules{Allow: []string{"GET /repos/o/r"}}, nil, "GET", "/repos/o/r;/secrets", "no allow rule"},
		"allow, one reading elsewhere":     {token.Rules{Allow: []string{"GET /public/%2e*", "GET /public%2f*"}}, nil, "GET", "/public%2fx", "no allow rule"},
		"allow, whole segments only":       {token.Rules{Allow: []string{"GET /v1/models"}}, nil, "GET", "/v1/models-secret", "no allow rule"},
		"too many readings":                {token.Rules{}, nil, "GET", "/" + strings.Repeat("a//%25253b;b%25252f/", 3), "too many ways"},
		"op":                               {token.Rules{Ops: []string{"files.*"}}, []abi.Act{read, write}, "POST", "/x", ""},
		"op, one of two":                   {token.Rules{Ops: []string{"files.list"}}, []abi.Act{read, write}, "POST", "/x", "no operation rule"},
		"op, none known":                   {token.Rules{Ops: []string{"*"}}, nil, "GET", "/x", "not in the provider's catalogue"},
		"op, without a name":               {token.Rules{Ops: []string{"*"}}, []abi.Act{unknown}, "GET", "/x", "not in the provider's catalogue"},
		"unknown operation, path allowed":  {token.Rules{Allow: []string{"GET /x"}}, []abi.Act{unknown}, "GET", "/x", ""},
		"unknown operation, path denied":   {token.Rules{Deny: []string{"GET /x"}}, []abi.Act{unknown}, "GET", "/x", "a deny rule"},
		"a rule that isn't one denies":     {token.Rules{Deny: []string{"get /x"}}, nil, "GET", "/y", "can't be read"},
		"an allow that isn't one is none":  {token.Rules{Allow: []string{"/x"}}, nil, "GET", "/x", "no allow rule"},
		"the base path is part of it":      {token.Rules{Allow: []string{"GET /x"}}, nil, "GET", "/base/x", "no allow rule"},
	}
	for name, c := range cases {
		d := judge(&c.rules, c.acts, sent(c.method, c.path))
		switch {
		case c.want == "" && d != nil:
			t.Errorf("%s: %v", name, d)
		case c.want != "" && (d == nil || !strings.Contains(d.fault.Message, c.want) || d.Reason() == ""):
			t.Errorf("%s: %v, want %s", name, d, c.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		from, ip string
		want     bool
	}{
		{"10.0.0.0/8", "10.255.0.1", true}, {"10.0.0.0/8", "11.0.0.1", false}, {"10.0.0.0/8", "::ffff:10.0.0.1", true},
		{"10.0.0.0/8", "", false}, {"0.0.0.0/0", "", false}, {"0.0.0.0/0", "::1", false}, {"10.1.2.3/32", "10.1.2.3", true},
		{"2001:db8::/32", "2001:db8::1", true}, {"fe80::/10", "fe80::1%eth0", true}, {"::/0", "127.0.0.1", false},
	} {
		u := sent("GET", "/")
		u.ClientIP = netip.Addr{}
		if c.ip != "" {
			u.ClientIP = netip.MustParseAddr(c.ip)
		}
		if d := judge(&token.Rules{From: prefixes(c.from)}, nil, u); (d == nil) != c.want {
			t.Errorf("%s from %s: %v", c.ip, c.from, d)
		}
	}
}
