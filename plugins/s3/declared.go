package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// declared is the context of a body whose digest the client has declared; that
// stands behind it.
const declared = "declared "

// verify holds the body against the digest that was signed for it. It passes as it
// comes, but for its last bytes, which leave when the digest is right.
func (in *inbound) verify(p *seks.Plan) {
	p.TransformBody(seks.SHA256).With([]byte(declared + in.payload))
	if in.size > 0 {
		p.Sized(uint64(in.size))
	}
}

// verified is a seks.Body for such a body.
func verified(digest string) seks.Body {
	return func(piece []byte, last bool) *seks.BodyResult {
		r := seks.Pass(piece)
		if last {
			r.CheckAs(otherBody.code, otherBody.word, otherBody.message, seks.Digest(seks.SHA256).Hex(), seks.Lit(digest))
		}
		return r
	}
}

// newBody begins a body's calls, for what its plan has made of it.
func newBody(context []byte) seks.Body {
	if digest, ok := strings.CutPrefix(string(context), declared); ok {
		return verified(digest)
	}
	return newChunked(context)
}
