package abi

import "strings"

// Text writes a scrub plan in words, one line for each thing that it asks for:
//
//	drop x-internal
//	rewrite link "https://api.example.com" "http://127.0.0.1:8080/api/example"
//
// The text is safe on a terminal.
func (s *ScrubPlan) Text() string {
	var b strings.Builder
	line := func(words ...string) { b.WriteString(strings.Join(words, " ") + "\n") }
	each := func(word string, names []string) {
		for _, name := range names {
			line(word, plain(name))
		}
	}
	each("drop", s.Drop)
	each("mask", s.Mask)
	for _, r := range s.Rewrites {
		line("rewrite", plain(r.Header), quote(r.From), quote(r.To))
	}
	each("keep-cookie", s.KeepCookies)
	each("secret-field", s.SecretFields)
	if s.TransformBody {
		line("transform-body")
	}
	each("link", s.Links)
	return b.String()
}
