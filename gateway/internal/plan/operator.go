package plan

import "net/url"

// What a manifest leaves to the operator: parameters, and an upstream.

func (m *Manifest) checkParameters(bad func(string, ...any)) {
	seen := map[string]bool{}
	for _, p := range m.Parameters {
		if !fieldRE.MatchString(p.Name) || seen[p.Name] {
			bad("parameter %q: must match %s, and stand once", p.Name, fieldRE)
		}
		seen[p.Name] = true
		if !oneLine(p.Help) {
			bad("parameter %s: its help must be one line of up to %d printable characters", p.Name, maxLine)
		}
	}
}

// TrialOrigins are the upstreams, for trying a plugin out. For one that leaves its
// upstream to the operator, a stand-in, under a name that can never be a host.
func (m *Manifest) TrialOrigins() []*url.URL {
	if len(m.Origin) > 0 {
		return m.Origin
	}
	return []*url.URL{{Scheme: "https", Host: "upstream.invalid"}}
}
