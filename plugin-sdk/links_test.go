package seks

import (
	"slices"
	"testing"
)

// Links that lead to the upstream lead to the broker; what only begins like them
// does not.
func TestToBroker(t *testing.T) {
	const public = "http://broker/api/p"
	for _, c := range []struct{ origin, location, want string }{
		{"https://api.example.com", "/v1/things?a=1", public + "/v1/things?a=1"},
		{"https://api.example.com", "/", public + "/"},
		{"https://api.example.com", "//evil.example/v1", ""},
		{"https://api.example.com", "things", ""},
		{"https://api.example.com", "https://api.example.com/v1", ""},
		{"https://example.com/api/v3", "/api/v3/things", public + "/things"},
		{"https://example.com/api/v3", "/api/v3", ""},
		{"https://example.com/api/v3", "/api/v30/things", ""},
		{"https://example.com/api/v3", "/api/v3//evil.example", ""},
		{"https://example.com/api/v3", "/login", ""},
	} {
		s := new(ScrubPlan)
		ToBroker(s, &AnswerHead{Origin: c.origin, Public: public, Headers: []Header{{Name: "Location", Value: c.location}, {Name: "Link", Value: c.location}}}, "location")
		want := []Rewrite{{Header: "location", From: c.origin + "/", To: public + "/"}}
		if c.want != "" {
			want = append(want, Rewrite{Header: "location", From: c.location, To: c.want})
		}
		if !slices.Equal(s.Rewrites, want) {
			t.Errorf("%s of %s: %+v, want %+v", c.location, c.origin, s.Rewrites, want)
		}
	}
}
