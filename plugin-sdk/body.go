package seks

import (
	"bytes"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Body makes something else of a body, piece by piece: the pieces come in order,
// each once, and the last one, which may be empty, has last set. A piece is only
// valid until Body returns. What is to be held back, Body keeps in its closure.
type Body func(piece []byte, last bool) *BodyResult

// BodyResult is what comes out for one piece: its parts in order, if its checks
// hold. Its methods add to it and return it. A nil one is nothing.
type BodyResult struct{ abi.BodyResult }

// Pass is a result that gives a piece back as it is.
func Pass(piece []byte) *BodyResult { return new(BodyResult).Slice(0, len(piece)) }

// Slice adds a part of the piece that came, which the host copies.
func (r *BodyResult) Slice(offset, length int) *BodyResult {
	return r.segment(abi.Segment{Kind: abi.SegmentInput, Offset: uint64(offset), Length: uint64(length)})
}

// Text adds bytes of the plugin's own.
func (r *BodyResult) Text(b []byte) *BodyResult {
	return r.segment(abi.Segment{Kind: abi.SegmentLiteral, Bytes: b})
}

// Value adds what the host computes, such as a digest or a signature.
func (r *BodyResult) Value(e Expr) *BodyResult {
	return r.segment(abi.Segment{Kind: abi.SegmentValue, Bytes: e})
}

// CheckElse cuts the body here, with one of the broker's codes, unless two
// values are the same.
func (r *BodyResult) CheckElse(code string, a, b Expr) *BodyResult {
	r.Checks = append(r.Checks, abi.Check{A: a, B: b, Code: code})
	return r
}

// CheckAs is CheckElse with the API's own word for the code, and a message; "" for
// the broker's.
func (r *BodyResult) CheckAs(code, word, message string, a, b Expr) *BodyResult {
	r.Checks = append(r.Checks, abi.Check{A: a, B: b, Code: code, Word: word, Message: message})
	return r
}

func (r *BodyResult) segment(s abi.Segment) *BodyResult {
	r.Segments = append(r.Segments, s)
	return r
}

// SetJSON gives a top-level field of the request's JSON body a string. The view
// must have shown the body whole.
func (p *Plan) SetJSON(name string, value Expr) *Plan { return p.edit(abi.SetJSON, name, value) }

// SetForm gives a field of the request's form body a value. The view must have
// shown the body whole.
func (p *Plan) SetForm(name string, value Expr) *Plan { return p.edit(abi.SetForm, name, value) }

// HashBody has the host read the whole body, up to 1 MiB, before it computes
// anything, so that Digest may stand in the plan's values.
func (p *Plan) HashBody() *Plan {
	p.BodyMode = abi.BodyHashFirst
	return p
}

// TransformBody takes the body through Provider.RequestBody. Running digests with
// those hashes are kept over it, for Digest in what that returns.
func (p *Plan) TransformBody(digests ...abi.Hash) *Plan {
	p.BodyMode = abi.BodyTransform
	for _, h := range digests {
		p.Digests |= 1 << h
	}
	return p
}

// With gives the body calls what they are to know of the plan:
// Provider.RequestBodyWith gets it.
func (p *Plan) With(context []byte) *Plan {
	p.BodyContext = context
	return p
}

// Sized says how long the transformed body gets, in bytes. Without it the body
// goes in chunks.
func (p *Plan) Sized(length uint64) *Plan {
	p.BodySize = length + 1
	return p
}

// body runs one call of a body.
func (g *guest) body(begin func() Body, current *Body, size, flags uint32) []byte {
	g.turn()
	const none = "seks: the plan transforms a body, and the Provider has no RequestBody, RequestBodyWith or ResponseBody for it"
	if flags&abi.FlagContext != 0 {
		if g.provider.RequestBodyWith == nil {
			panic(none)
		}
		*current = g.provider.RequestBodyWith(bytes.Clone(g.read(size)))
		return nil
	}
	if flags&abi.FlagFirst != 0 || *current == nil {
		if begin == nil {
			panic(none)
		}
		*current = begin()
	}
	result := (*current)(g.read(size), flags&abi.FlagLast != 0)
	if g.out = g.out[:0]; result != nil {
		g.out = result.AppendTo(g.out)
	}
	return g.out
}
