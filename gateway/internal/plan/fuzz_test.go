package plan

import (
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Whatever a guest says of itself, it is read within bounds, or refused.
func FuzzParseManifest(f *testing.F) {
	seed := good()
	f.Add(seed.Marshal())
	for _, bad := range badManifests[:8] {
		m := good()
		bad.change(&m)
		f.Add(m.Marshal())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseManifest(b, "d")
		if (m == nil) == (err == nil) {
			t.Fatalf("%v, %v", m, err)
		}
		if err != nil {
			return
		}
		if len(m.Origin) != len(m.Upstreams) || len(m.Origin) == 0 || m.Shape == nil || len(m.TokenSlots) == 0 {
			t.Fatalf("%+v", m)
		}
		for _, o := range m.Origin {
			if o.Scheme != "https" || o.Hostname() == "" || o.User != nil || strings.Contains(o.Path, "..") && !plainPath(o.Path) {
				t.Fatalf("origin %v", o)
			}
		}
		for _, path := range []string{"/", "/v1/x", "/v1//a%2Fb;c", "x"} {
			for _, a := range m.Acts("GET", path) {
				if a.Class > abi.ClassGrant || (a.Name == "") != (a.Class == abi.ClassUnknown) {
					t.Fatalf("%+v", a)
				}
			}
		}
		// What was read and is written again says the same.
		if again, err := ParseManifest(m.Marshal(), "d"); err != nil || again.Name != m.Name {
			t.Fatalf("%v", err)
		}
	})
}

// Whatever a guest wants done, no edit gets through that the host forbids.
func FuzzParse(f *testing.F) {
	src := good()
	m, err := ParseManifest(src.Marshal(), "d")
	if err != nil {
		f.Fatal(err)
	}
	f.Add((&abi.Plan{Edits: []abi.Edit{{Kind: abi.SetHeader, Name: "authorization", Value: lit}}, Upstream: "uploads"}).Marshal())
	f.Add((&abi.Plan{Edits: []abi.Edit{{Kind: abi.SetHeader, Name: "Host", Value: lit}}}).Marshal())
	f.Add((&abi.Plan{Acts: acts(2), Refusal: &abi.Refusal{Code: "bad_request", Message: "no"}, InspectAnswer: true}).Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b, m)
		if err != nil {
			return
		}
		if len(p.Edits) > abi.MaxEdits || len(p.Acts) > abi.MaxOperations || p.Target < 0 || p.Target >= len(m.Upstreams) || len(p.Checks) > abi.MaxChecks {
			t.Fatalf("%+v", p)
		}
		if p.BodyMode > abi.BodyTransform || p.EditsBody() && p.BodyMode != abi.BodyPass || len(p.BodyContext) > abi.MaxContext {
			t.Fatalf("%+v", p)
		}
		for _, e := range p.Edits {
			switch {
			case e.Kind < abi.SetHeader || e.Kind > abi.SetForm:
				t.Fatalf("%+v", e)
			case e.Kind >= abi.SetJSON && (e.Name == "" || len(e.Name) > 128):
				t.Fatalf("%+v", e)
			case e.Kind <= abi.RemoveHeader && (HeaderForbidden(e.Name) != "" || strings.ContainsAny(e.Name, "\r\n: ")):
				t.Fatalf("%+v", e)
			}
		}
		if r := p.Refusal; r != nil && strings.ContainsAny(r.Message, "\r\n") {
			t.Fatalf("%+v", r)
		}
	})
}

// Whatever a guest adds to the scrubbing, no header gets a line break by it.
func FuzzParseScrub(f *testing.F) {
	f.Add((&abi.ScrubPlan{Drop: []string{"a"}, Mask: []string{"b"}, KeepCookies: []string{"c"}, Rewrites: []abi.Rewrite{{Header: "link", From: "a", To: "bb"}}}).Marshal(), "link", "aaa")
	f.Add((&abi.ScrubPlan{SecretFields: []string{"a"}}).Marshal(), "x", "y")
	f.Fuzz(func(t *testing.T, b []byte, name, value string) {
		s, err := ParseScrub(b)
		if err != nil {
			return
		}
		_, _, _ = s.Drops(name), s.Masks(name), s.KeepsCookie(value)
		got := s.Rewritten(name, value)
		if len(got) > max(maxRewritten, len(value)) || headerValueLegal(value) && !headerValueLegal(got) {
			t.Fatalf("%q became %q", value, got)
		}
	})
}

// Whatever a guest makes of a piece, its segments and checks are within bounds.
func FuzzParseBody(f *testing.F) {
	f.Add((&abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentInput, Offset: 1, Length: 2}, {Kind: abi.SegmentLiteral, Bytes: lit}, {Kind: abi.SegmentValue, Bytes: lit}}}).Marshal())
	f.Add((&abi.BodyResult{Checks: []abi.Check{{A: lit, B: lit, Code: "signature_expired"}}}).Marshal())
	f.Add((&abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentInput, Bytes: lit}}}).Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseBody(b)
		if (r == nil) == (err == nil) {
			t.Fatalf("%v, %v", r, err)
		}
		if err != nil {
			return
		}
		for _, s := range r.Segments {
			if s.Kind < abi.SegmentInput || s.Kind > abi.SegmentValue || s.Kind != abi.SegmentInput && s.Offset+s.Length != 0 {
				t.Fatalf("%+v", s)
			}
		}
		for _, c := range r.Checks {
			if len(r.Checks) > abi.MaxChecks || len(c.A) == 0 || len(c.B) == 0 || c.Code != "" && !isCode(c.Code) {
				t.Fatalf("%+v", c)
			}
		}
	})
}
