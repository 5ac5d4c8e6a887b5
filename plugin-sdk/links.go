package seks

import "strings"

// ToBroker adds to s that the links in the named headers of an answer (Link,
// Location) which lead to the upstream lead to the broker, for clients that follow
// them. A header that is nothing but a path, as RFC 9110 section 10.2.2 allows a
// Location to be, leads to the upstream too. Links to elsewhere stay as they are.
func ToBroker(s *ScrubPlan, a *AnswerHead, headers ...string) {
	for _, name := range headers {
		s.Rewrites = append(s.Rewrites, Rewrite{Header: name, From: a.Origin + "/", To: a.Public + "/"})
		for _, h := range a.Headers {
			if below, ok := belowBase(a.Origin, h.Value); ok && strings.EqualFold(h.Name, name) && len(h.Value) < maxPath {
				s.Rewrites = append(s.Rewrites, Rewrite{Header: name, From: h.Value, To: a.Public + below})
			}
		}
	}
}

// maxPath bounds what of an answer a scrub plan repeats.
const maxPath = 8 << 10

// belowBase is what of a path from the root follows the upstream's base path.
func belowBase(origin, path string) (below string, ok bool) {
	_, rest, _ := strings.Cut(origin, "://")
	if _, base, has := strings.Cut(rest, "/"); has {
		if path, ok = strings.CutPrefix(path, "/"+base); !ok {
			return "", false
		}
	}
	return path, strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") // which begins a host
}
