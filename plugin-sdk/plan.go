package seks

import "github.com/seksbot/seks-broker/plugin-sdk/abi"

// Plan is what becomes of a request. Its methods add to it and return it; what
// no edit names passes as it came.
type Plan struct{ abi.Plan }

// Bearer is the plan of the many APIs whose whole authentication is the header
// "Authorization: Bearer KEY".
func Bearer(field string) *Plan {
	return new(Plan).SetHeader("authorization", Concat(Lit("Bearer "), Field(field)))
}

// Refuse is a plan that sends nothing: the agent gets one of the broker's error
// codes, such as "policy_denied", with a message of one line.
func Refuse(code, message string) *Plan {
	return &Plan{abi.Plan{Refusal: &abi.Refusal{Code: code, Message: message}}}
}

// RefuseAs is Refuse with the API's own word for it, of which the manifest's error
// shape has the status.
func RefuseAs(code, word, message string) *Plan {
	return &Plan{abi.Plan{Refusal: &abi.Refusal{Code: code, Message: message, Word: word}}}
}

// SetHeader replaces all headers of that name by one.
func (p *Plan) SetHeader(name string, value Expr) *Plan { return p.edit(abi.SetHeader, name, value) }

// AddHeader adds a header to those that are there.
func (p *Plan) AddHeader(name string, value Expr) *Plan { return p.edit(abi.AddHeader, name, value) }

// RemoveHeader removes all headers of that name.
func (p *Plan) RemoveHeader(name string) *Plan { return p.edit(abi.RemoveHeader, name, nil) }

// SetQuery replaces all query parameters of that name by one. The host
// percent-encodes the value.
func (p *Plan) SetQuery(name string, value Expr) *Plan { return p.edit(abi.SetQuery, name, value) }

// AddQuery adds a query parameter to those that are there.
func (p *Plan) AddQuery(name string, value Expr) *Plan { return p.edit(abi.AddQuery, name, value) }

// RemoveQuery removes all query parameters of that name.
func (p *Plan) RemoveQuery(name string) *Plan { return p.edit(abi.RemoveQuery, name, nil) }

// SetPath replaces the whole upstream path. It must hold no credential field.
func (p *Plan) SetPath(path string) *Plan { return p.edit(abi.SetPath, "", Lit(path)) }

// SetRawQuery replaces the whole query. It must hold no credential field.
func (p *Plan) SetRawQuery(query string) *Plan { return p.edit(abi.SetRawQuery, "", Lit(query)) }

// To chooses one of the manifest's upstreams; without it, it is the first.
func (p *Plan) To(upstream string) *Plan {
	p.Upstream = upstream
	return p
}

// Act says that the request does an operation. Where a plan names none, the
// host looks the request up in the manifest's Operations.
func (p *Plan) Act(name string, class abi.Class, resource string) *Plan {
	p.Acts = append(p.Acts, abi.Act{Name: name, Class: class, Resource: resource})
	return p
}

// ActBy is Act on another resource than the request's own path: rules judge it as
// they would a request with that method and that path. Where resource is "", the
// plugin can't tell which it is: it meets every deny rule, and no allow rule.
func (p *Plan) ActBy(name string, class abi.Class, method, resource string) *Plan {
	p.Acts = append(p.Acts, abi.Act{Name: name, Class: class, Method: method, Resource: resource})
	return p
}

// Check refuses the request, with signature_invalid, unless a and b are equal.
// One of them may have Token in it.
func (p *Plan) Check(a, b Expr) *Plan { return p.CheckElse("", a, b) }

// CheckElse is Check with another of the broker's codes, such as
// "signature_expired".
func (p *Plan) CheckElse(code string, a, b Expr) *Plan {
	p.Checks = append(p.Checks, abi.Check{A: a, B: b, Code: code})
	return p
}

// CheckAs is CheckElse with the API's own word for the code, and a message; "" for
// the broker's.
func (p *Plan) CheckAs(code, word, message string, a, b Expr) *Plan {
	p.Checks = append(p.Checks, abi.Check{A: a, B: b, Code: code, Word: word, Message: message})
	return p
}

// Inspect asks for a call of Scrub with the head of the answer.
func (p *Plan) Inspect() *Plan {
	p.InspectAnswer = true
	return p
}

func (p *Plan) edit(kind abi.EditKind, name string, value Expr) *Plan {
	p.Edits = append(p.Edits, abi.Edit{Kind: kind, Name: name, Value: value})
	return p
}
