// Package seks is what a plugin of the SEKS Broker is written with. A plugin
// maps a view of a request to a plan; it never holds a credential, only names
// its fields. README.md has a whole plugin, ABI.md the contract.
package seks

import "github.com/seksbot/seks-broker/plugin-sdk/abi"

// Provider is a plugin: its manifest, and either Always or Plan.
type Provider struct {
	Manifest Manifest
	// Always is the plan for every request, where nothing in the request
	// changes it. It costs a request next to nothing.
	Always *Plan
	// Plan makes the plan for a request. It must be pure: the same view, the
	// same plan. The view may be kept.
	Plan func(*View) *Plan
	// Scrub adds to the scrubbing of an answer. It is called for plans that ask
	// for it with Inspect; nil adds nothing.
	Scrub func(*AnswerHead) *ScrubPlan
	// RequestBody begins a request's body, for plans that ask for TransformBody:
	// it is called once for each body, and what it returns for each piece.
	RequestBody func() Body
	// RequestBodyWith does so for plans that give their body calls a context (With).
	RequestBodyWith func(context []byte) Body
	// ResponseBody begins an answer's body, for scrub plans that ask for it.
	ResponseBody func() Body
	// Configure makes the provider that the operator's parameters ask for, which
	// the manifest lists. Its error tells the operator what is wrong with them.
	// Without parameters it is not called.
	Configure func(parameters map[string]string) (Provider, error)
}

// serving is the guest that the exports of this module speak for.
var serving *guest

// Serve makes p the plugin of this program. Call it once, in an init function:
// main is never run in a plugin. Outside of WebAssembly it only looks at p, so
// that a plugin's package can be tested as any other.
func Serve(p Provider) {
	switch {
	case serving != nil:
		panic("seks.Serve was called twice: one program is one plugin")
	case !p.whole():
		panic("seks.Serve needs a Provider with either Always or Plan")
	}
	serving = newGuest(p)
}

func (p *Provider) whole() bool { return (p.Always == nil) != (p.Plan == nil) }

// The messages, as package abi has them.
type (
	Manifest = abi.Manifest
	Upstream = abi.Upstream
	// CredentialField describes a field; the function Field makes an Expr of one.
	CredentialField = abi.Field
	Sink            = abi.Sink
	SinkKind        = abi.SinkKind
	Slot            = abi.Slot
	ErrorShape      = abi.ErrorShape
	CodeStatus      = abi.CodeStatus
	KeyShape        = abi.KeyShape
	BodyNeed        = abi.BodyNeed
	Operation       = abi.Operation
	ParameterNeed   = abi.ParameterNeed
	Hint            = abi.Hint
	View            = abi.View
	Header          = abi.Header
	AnswerHead      = abi.AnswerHead
	ScrubPlan       = abi.ScrubPlan
	Rewrite         = abi.Rewrite
)

// What may become of a credential field, and where one that is revealed goes.
const (
	Public = abi.UsePublic
	Reveal = abi.UseReveal
	Sign   = abi.UseSign

	SinkHeader = abi.SinkHeader
	SinkQuery  = abi.SinkQuery
	SinkForm   = abi.SinkForm
	SinkJSON   = abi.SinkJSON
)

// How a client carries its key.
const (
	SlotHeader = abi.SlotHeader
	SlotQuery  = abi.SlotQuery
	SlotBasic  = abi.SlotBasic
	// SlotAWSSig4 is for clients that sign: a token for this API is a pair, and
	// every plan must Check a signature made with Token.
	SlotAWSSig4 = abi.SlotAWSSig4
)

// Where a hint looks.
const (
	HintHeader = abi.HintHeader
	HintQuery  = abi.HintQuery
)

// How far an operation reaches. Unknown is for a request whose body the plugin
// could not read: it meets every deny of a token's rules and no allow.
const (
	Unknown = abi.ClassUnknown
	Read    = abi.ClassRead
	Write   = abi.ClassWrite
	Grant   = abi.ClassGrant
)

// What View.Body is.
const (
	BodyAbsent  = abi.BodyAbsent
	BodyWhole   = abi.BodyWhole
	BodyUnknown = abi.BodyUnknown
)

// The hash functions.
const (
	MD5    = abi.MD5
	SHA1   = abi.SHA1
	SHA256 = abi.SHA256
	SHA512 = abi.SHA512
)
