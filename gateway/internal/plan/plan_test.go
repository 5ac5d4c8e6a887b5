package plan

import (
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func parsePlan(t *testing.T, p abi.Plan) (*Plan, error) {
	t.Helper()
	m, err := parse(good())
	if err != nil {
		t.Fatal(err)
	}
	return Parse(p.Marshal(), m)
}

var lit = []byte{1, 1, 'v'}

func TestGoodPlans(t *testing.T) {
	for name, p := range map[string]abi.Plan{
		"empty": {},
		"every edit": {Edits: []abi.Edit{
			{Kind: abi.SetHeader, Name: "Authorization", Value: lit}, {Kind: abi.AddHeader, Name: "x-a", Value: lit}, {Kind: abi.RemoveHeader, Name: "x-a"},
			{Kind: abi.SetQuery, Name: "any name\n", Value: lit}, {Kind: abi.AddQuery, Name: "k", Value: lit}, {Kind: abi.RemoveQuery, Name: "k"},
			{Kind: abi.SetPath, Value: lit}, {Kind: abi.SetRawQuery, Value: lit},
		}},
		"as many edits as may be": {Edits: edits(abi.MaxEdits)},
		"as many acts as may be":  {Acts: acts(abi.MaxOperations)},
		"the other upstream":      {Upstream: "uploads"},
		"an unknown operation":    {Acts: []abi.Act{{Name: "s3:GetObject", Class: abi.ClassUnknown, Resource: "/b/k"}}},
		"a refusal":               {Refusal: &abi.Refusal{Code: "policy_denied", Message: "not on Sundays"}},
	} {
		got, err := parsePlan(t, p)
		if err != nil || got.Manifest == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := map[string]int{"the other upstream": 1}[name]; got.Target != want {
			t.Errorf("%s: target %d, want %d", name, got.Target, want)
		}
	}
}

func edits(n int) (list []abi.Edit) {
	for range n {
		list = append(list, abi.Edit{Kind: abi.RemoveHeader, Name: "x"})
	}
	return list
}

func acts(n int) (list []abi.Act) {
	for range n {
		list = append(list, abi.Act{Name: "x", Class: abi.ClassRead})
	}
	return list
}

func TestPlansThatAreRefused(t *testing.T) {
	one := func(kind abi.EditKind, name string, value []byte) abi.Plan {
		return abi.Plan{Edits: []abi.Edit{{Kind: kind, Name: name, Value: value}}}
	}
	tests := []struct {
		name string
		plan abi.Plan
		want string
	}{
		{"too many edits", abi.Plan{Edits: edits(abi.MaxEdits + 1)}, "129 edits and 0 operations; at most 128 and 1024"},
		{"too many acts", abi.Plan{Acts: acts(abi.MaxOperations + 1)}, "1025 operations"},
		{"an edit of no kind", one(0, "x", lit), "edit kind 0 is not one"},
		{"an edit of JSON", one(abi.SetJSON, "", lit), "must have 1 to 128 bytes"},
		{"an edit of a form", one(abi.SetForm, "x", nil), "a removal has no value"},
		{"an edit of later", one(11, "x", lit), "edit kind 11 is not one"},
		{"a header without a value", one(abi.SetHeader, "x", nil), "a removal has no value"},
		{"a query without a value", one(abi.AddQuery, "x", nil), "a removal has no value"},
		{"a path without a value", one(abi.SetPath, "", nil), "a removal has no value"},
		{"a removal with a value", one(abi.RemoveHeader, "x", lit), "a removal has no value"},
		{"a removal of a parameter, with a value", one(abi.RemoveQuery, "x", lit), "a removal has no value"},
		{"a header without a name", one(abi.SetHeader, "", lit), "1 to 128 bytes"},
		{"a parameter without a name", one(abi.SetQuery, "", lit), "1 to 256 bytes"},
		{"a parameter with a long one", one(abi.SetQuery, strings.Repeat("x", 257), lit), "1 to 256 bytes"},
		{"a path with a name", one(abi.SetPath, "x", lit), "has no name"},
		{"a whole query with a name", one(abi.SetRawQuery, "x", lit), "has no name"},
		{"an act without a name", abi.Plan{Acts: []abi.Act{{Class: abi.ClassRead}}}, `operation "" of class 1`},
		{"an act with a star", abi.Plan{Acts: []abi.Act{{Name: "*", Class: abi.ClassRead}}}, "not one that policy could judge"},
		{"an act with a class of later", abi.Plan{Acts: []abi.Act{{Name: "x", Class: 4}}}, "of class 4"},
		{"an upstream that isn't there", abi.Plan{Upstream: "evil"}, `upstream "evil" is not in the manifest`},
		{"a host for an upstream", abi.Plan{Upstream: "https://api.example.com"}, "is not in the manifest"},
		{"too many checks", abi.Plan{Checks: make([]abi.Check, abi.MaxChecks+1)}, "33 checks; at most 32"},
		{"a check of one side", abi.Plan{Checks: []abi.Check{{A: lit}}}, "one is missing"},
		{"a check with a code of its own making", abi.Plan{Checks: []abi.Check{{A: lit, B: lit, Code: "teapot"}}}, `code "teapot" of a check`},
		{"a body mode", abi.Plan{BodyMode: abi.BodyTransform + 1}, "body mode 3 is not one"},
		{"digests of a body that passes", abi.Plan{Digests: 8}, "keeps digests of a body that passes"},
		{"a length of a body that passes", abi.Plan{BodySize: 8}, "how long a body gets"},
		{"a length of a body that is hashed", abi.Plan{BodySize: 8, BodyMode: abi.BodyHashFirst}, "how long a body gets"},
		{"a length beyond all", abi.Plan{BodySize: 1 << 63, BodyMode: abi.BodyTransform}, "bytes long"},
		{"a field and a hash", abi.Plan{BodyMode: abi.BodyHashFirst, Edits: []abi.Edit{{Kind: abi.SetJSON, Name: "x", Value: lit}}}, "do one of them"},
		{"a refusal without a code", abi.Plan{Refusal: &abi.Refusal{Message: "no"}}, `refusal code "" is none of the broker's`},
		{"a refusal of its own making", abi.Plan{Refusal: &abi.Refusal{Code: "teapot"}}, `refusal code "teapot"`},
		{"a refusal of two lines", abi.Plan{Refusal: &abi.Refusal{Code: "bad_request", Message: "a\r\nb"}}, "one line"},
		{"a refusal that is long", abi.Plan{Refusal: &abi.Refusal{Code: "bad_request", Message: strings.Repeat("x", 1025)}}, "up to 1024 bytes"},
	}
	for _, tt := range tests {
		if _, err := parsePlan(t, tt.plan); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := Parse(make([]byte, abi.MaxPlan+1), &Manifest{}); err == nil || !strings.Contains(err.Error(), "at most 262144") {
		t.Errorf("too long: %v", err)
	}
	if _, err := Parse([]byte{0x0a, 0x05}, &Manifest{}); err == nil || !strings.Contains(err.Error(), "can't be read") {
		t.Errorf("cut short: %v", err)
	}
}

// The host's own headers, in any case, and whatever is no header at all.
func TestForbiddenHeaders(t *testing.T) {
	forbidden := []string{
		"Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect", "Accept-Encoding",
		"Content-Encoding", "HTTP2-Settings", "Proxy-Authorization", "Proxy-Connection", "proxy-", "X-Seks-Error", "x-seks-anything",
		"", "a b", "a:", "a\r\nHost", "a\n", "a\r", "a\x00", "\tx", "é", "a(b)", "x\x7f", strings.Repeat("x", 129), "host ", ":path",
	}
	for _, name := range forbidden {
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if HeaderForbidden(spelled) == "" {
				t.Errorf("%q may be set", spelled)
			}
			for _, e := range []abi.Edit{{Kind: abi.SetHeader, Value: lit}, {Kind: abi.AddHeader, Value: lit}, {Kind: abi.RemoveHeader}} {
				e.Name = spelled
				if _, err := parsePlan(t, abi.Plan{Edits: []abi.Edit{e}}); err == nil || !strings.HasPrefix(err.Error(), "header ") && spelled != "é" && spelled != "É" {
					t.Errorf("edit kind %d of %q: %v", e.Kind, spelled, err)
				}
			}
		}
	}
	for _, name := range []string{"Authorization", "x-api-key", "Content-Type", "hostile", "x-content-length", "tea", "Cookie", "a!#$%&'*+-.^_`|~9", strings.Repeat("x", 128)} {
		if why := HeaderForbidden(name); why != "" {
			t.Errorf("%q: %s", name, why)
		}
	}
}

func TestLegalValue(t *testing.T) {
	for c := range 256 {
		v := []byte{'a', byte(c), 'b'}
		want := c == '\t' || c >= ' ' && c != 0x7f
		if LegalValue(v) != want || headerValueLegal(string(v)) != want {
			t.Errorf("byte 0x%02x: %v, want %v", c, LegalValue(v), want)
		}
	}
	if !LegalValue(nil) {
		t.Error("an empty value is one")
	}
}

func TestScrubPlan(t *testing.T) {
	raw := (&abi.ScrubPlan{
		Drop: []string{"x-debug"}, Mask: []string{"X-Secret"}, KeepCookies: []string{"session"},
		Rewrites: []abi.Rewrite{{Header: "Link", From: "https://up", To: "https://broker"}, {Header: "link", From: "broker/", To: "broker/api/"}},
	}).Marshal()
	s, err := ParseScrub(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Drops("X-Debug") || s.Drops("x-secret") || !s.Masks("x-secret") || s.Masks("x-debug") {
		t.Error("drop and mask go by name, in any case")
	}
	for cookie, want := range map[string]bool{"session=1; Path=/": true, " session =1": true, "session": true, "Session=1": false, "xsession=1": false, "a=session": false, "": false} {
		if s.KeepsCookie(cookie) != want {
			t.Errorf("%q: kept = %v", cookie, !want)
		}
	}
	if got := s.Rewritten("LINK", "<https://up/1>, <https://up/2>"); got != "<https://broker/api/1>, <https://broker/api/2>" {
		t.Error(got)
	}
	if got := s.Rewritten("location", "https://up"); got != "https://up" {
		t.Error(got)
	}
	var zero Scrub
	if zero.Drops("x") || zero.Masks("x") || zero.KeepsCookie("x=1") || zero.Rewritten("x", "y") != "y" {
		t.Error("the zero value adds something")
	}
	for name, p := range map[string]abi.ScrubPlan{
		"an empty name": {SecretFields: []string{"a..b"}},
		"no name":       {SecretFields: []string{""}},
		"a long name":   {SecretFields: []string{strings.Repeat("a", 129)}},
		"a deep path":   {SecretFields: []string{strings.Repeat("a.", 16) + "a"}},
		"many paths":    {SecretFields: make([]string, 65)},
		"no from":       {Rewrites: []abi.Rewrite{{Header: "link", To: "x"}}},
		"a line break":  {Rewrites: []abi.Rewrite{{Header: "link", From: "x", To: "a\r\nb"}}},
		"the length":    {Rewrites: []abi.Rewrite{{Header: "Content-Length", From: "1", To: "2"}}},
		"no header":     {Rewrites: []abi.Rewrite{{Header: "a b", From: "1", To: "2"}}},
		"too many":      {Rewrites: make([]abi.Rewrite, abi.MaxEdits+1)},
	} {
		if _, err := ParseScrub(p.Marshal()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := ParseScrub(make([]byte, abi.MaxPlan+1)); err == nil {
		t.Error("too long: accepted")
	}
}

// A few rewrites that each make a value longer must not fill the memory.
func TestRewritesDoNotBlowUp(t *testing.T) {
	p := abi.ScrubPlan{}
	for range abi.MaxEdits {
		p.Rewrites = append(p.Rewrites, abi.Rewrite{Header: "x", From: "a", To: strings.Repeat("a", 1000)})
	}
	s, err := ParseScrub(p.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Rewritten("x", "aaaa"); len(got) > maxRewritten {
		t.Errorf("%d bytes", len(got))
	}
	long := strings.Repeat("b", 2*maxRewritten)
	if s.Rewritten("x", long) != long {
		t.Error("a long value that nothing matches was changed")
	}
	shorter, err := ParseScrub((&abi.ScrubPlan{Rewrites: []abi.Rewrite{{Header: "x", From: "bb", To: "b"}}}).Marshal())
	if err != nil || len(shorter.Rewritten("x", long)) != maxRewritten {
		t.Error("a rewrite that makes a long value shorter was left out")
	}
}

func TestRefusalCodesAreTheBrokers(t *testing.T) {
	for _, c := range fault.Codes() {
		if _, err := parsePlan(t, abi.Plan{Refusal: &abi.Refusal{Code: string(c)}}); err != nil {
			t.Errorf("%s: %v", c, err)
		}
	}
}
