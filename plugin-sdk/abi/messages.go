package abi

import (
	"bytes"
	"strings"
)

// Marshal writes the message in canonical form: fields in the order of their
// numbers, defaults left out. Equal messages have equal bytes.
func (m *Manifest) Marshal() []byte { return m.appendTo(nil) }

// AppendTo appends the message in canonical form.
func (m *Manifest) AppendTo(b []byte) []byte { return m.appendTo(b) }

// Unmarshal replaces m by what b holds; m keeps no part of b. After an error m
// is zero. The error names the field by its numbers, and holds no part of b.
func (m *Manifest) Unmarshal(b []byte) error { return unmarshal(m, b) }

// Marshal writes the message in canonical form, as Manifest.Marshal does.
func (v *View) Marshal() []byte { return v.appendTo(nil) }

// AppendTo appends the message in canonical form. Where b has room it
// allocates nothing.
func (v *View) AppendTo(b []byte) []byte { return v.appendTo(b) }

// Unmarshal replaces v by what b holds, as Manifest.Unmarshal does.
func (v *View) Unmarshal(b []byte) error { return unmarshal(v, b) }

// Marshal writes the message in canonical form, as Manifest.Marshal does.
func (p *Plan) Marshal() []byte { return p.appendTo(nil) }

// AppendTo appends the message in canonical form. Where b has room it
// allocates nothing.
func (p *Plan) AppendTo(b []byte) []byte { return p.appendTo(b) }

// Unmarshal replaces p by what b holds, as Manifest.Unmarshal does.
func (p *Plan) Unmarshal(b []byte) error { return unmarshal(p, b) }

// Marshal writes the message in canonical form, as Manifest.Marshal does.
func (a *AnswerHead) Marshal() []byte { return a.appendTo(nil) }

// AppendTo appends the message in canonical form.
func (a *AnswerHead) AppendTo(b []byte) []byte { return a.appendTo(b) }

// Unmarshal replaces a by what b holds, as Manifest.Unmarshal does.
func (a *AnswerHead) Unmarshal(b []byte) error { return unmarshal(a, b) }

// Marshal writes the message in canonical form, as Manifest.Marshal does.
func (s *ScrubPlan) Marshal() []byte { return s.appendTo(nil) }

// AppendTo appends the message in canonical form.
func (s *ScrubPlan) AppendTo(b []byte) []byte { return s.appendTo(b) }

// Unmarshal replaces s by what b holds, as Manifest.Unmarshal does.
func (s *ScrubPlan) Unmarshal(b []byte) error { return unmarshal(s, b) }

// Marshal writes the message in canonical form, as Manifest.Marshal does.
func (r *BodyResult) Marshal() []byte { return r.appendTo(nil) }

// AppendTo appends the message in canonical form.
func (r *BodyResult) AppendTo(b []byte) []byte { return r.appendTo(b) }

// Unmarshal replaces r by what b holds, as Manifest.Unmarshal does.
func (r *BodyResult) Unmarshal(b []byte) error { return unmarshal(r, b) }

// UnmarshalLent does so, but the literals in r are parts of b, good for as long as
// b is as it is. All else is r's own: what outlives a piece of a body, as names
// and programs may, is never lent.
func (r *BodyResult) UnmarshalLent(b []byte) error {
	*r = BodyResult{}
	in := reader{b: b}
	if r.read(&in); in.err != nil {
		*r = BodyResult{}
		return in.err
	}
	for i := range r.Segments {
		if s := &r.Segments[i]; s.Kind != SegmentLiteral {
			s.Bytes = bytes.Clone(s.Bytes)
		}
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		c.A, c.B = bytes.Clone(c.A), bytes.Clone(c.B)
		c.Code, c.Word, c.Message = strings.Clone(c.Code), strings.Clone(c.Word), strings.Clone(c.Message)
	}
	return nil
}

// Marshal writes the message in canonical form, as Manifest.Marshal does.
func (p *Parameters) Marshal() []byte { return p.appendTo(nil) }

// AppendTo appends the message in canonical form.
func (p *Parameters) AppendTo(b []byte) []byte { return p.appendTo(b) }

// Unmarshal replaces p by what b holds, as Manifest.Unmarshal does.
func (p *Parameters) Unmarshal(b []byte) error { return unmarshal(p, b) }
