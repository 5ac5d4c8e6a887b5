package expr

import "github.com/seksbot/seks-broker/plugin-sdk/abi"

// Line is the upstream path and query after those edits that name no field:
// what policy judges. Vet has made sure that edits of the path hold nothing but
// text, so they need no session, and come to the same in each.
func (v Vetted) Line(path, query string) (string, string, error) {
	for i := range v.plan.Edits {
		kind := v.plan.Edits[i].Kind
		if kind != abi.SetPath && kind != abi.SetRawQuery {
			continue
		}
		s := &Session{v: v}
		e := evaluation{s: s}
		text, err := e.eval(v.values[i])
		if err != nil {
			return "", "", s.blame(err)
		}
		if kind == abi.SetPath {
			path = string(text)
		} else {
			query = string(text)
		}
	}
	return path, query, nil
}
