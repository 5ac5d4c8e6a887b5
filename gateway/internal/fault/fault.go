// Package fault is the one table of everything that can be refused: a code,
// its HTTP status and its sentence. Every error that reaches an agent is one
// of these; whatever else went wrong stays inside as the cause.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Code names a refusal. The codes are part of the external contract.
type Code string

// The codes of the broker, as agents see them in X-Seks-Error.
const (
	TokenMissing          Code = "token_missing"
	TokenInvalid          Code = "token_invalid"
	TokenExpired          Code = "token_expired"
	TokenRevoked          Code = "token_revoked"
	PolicyDenied          Code = "policy_denied"
	SignatureInvalid      Code = "signature_invalid"
	SignatureExpired      Code = "signature_expired"
	ProviderUnknown       Code = "provider_unknown"
	BodyTooLarge          Code = "body_too_large"
	RangeNotSatisfiable   Code = "range_not_satisfiable"
	RateLimited           Code = "rate_limited"
	BadRequest            Code = "bad_request"
	PluginFailed          Code = "plugin_failed"
	UpstreamUnreachable   Code = "upstream_unreachable"
	UpstreamProtocol      Code = "upstream_protocol"
	CredentialUnavailable Code = "credential_unavailable"
	AuditUnavailable      Code = "audit_unavailable"
	Overloaded            Code = "overloaded"
	UpstreamTimeout       Code = "upstream_timeout"
)

type row struct {
	status   int
	sentence string
}

var table = map[Code]row{
	TokenMissing:          {401, "no proxy token in the request: send the seks_… token where the API's own key goes"},
	TokenInvalid:          {401, "this proxy token is not known here: check that it was copied whole, and that it was issued for this provider"},
	TokenExpired:          {401, "this proxy token has expired: ask for a new one"},
	TokenRevoked:          {401, "this proxy token was revoked: ask for a new one"},
	PolicyDenied:          {403, "this proxy token does not allow that request"},
	SignatureInvalid:      {403, "the request's signature does not match"},
	SignatureExpired:      {403, "the request's signature is out of date"},
	ProviderUnknown:       {404, "no such provider here: the path is /api/PROVIDER/…"},
	BodyTooLarge:          {413, "the request body is too large for what was asked"},
	RangeNotSatisfiable:   {416, "The requested range is not satisfiable"},
	RateLimited:           {429, "too many requests with this proxy token: wait and try again"},
	BadRequest:            {400, "the broker can't read this request in one way only, and so refuses it"},
	PluginFailed:          {502, "the provider's plugin failed on this request"},
	UpstreamUnreachable:   {502, "the API could not be reached"},
	UpstreamProtocol:      {502, "the API sent an answer that the broker can't pass on safely"},
	CredentialUnavailable: {503, "the credential behind this proxy token can't be used now: ask the operator"},
	AuditUnavailable:      {503, "the access log can't take a line now, and nothing is sent without one"},
	Overloaded:            {503, "the broker is at its limit: wait and try again"},
	UpstreamTimeout:       {504, "the API took too long to answer"},
}

// Codes lists every code there is.
func Codes() []Code {
	codes := make([]Code, 0, len(table))
	for c := range table {
		codes = append(codes, c)
	}
	return codes
}

// Status is the HTTP status of the code. A code that isn't in the table is 503.
func (c Code) Status() int {
	if r, ok := table[c]; ok {
		return r.status
	}
	return table[Overloaded].status
}

// Fault is a refusal. Message is for the agent's eyes: nothing from inside, no
// part of a token or credential. The cause is for the operator's.
type Fault struct {
	Code       Code
	Message    string
	Word       string        // the API's own for it; "" is that of the code
	RetryAfter time.Duration // zero: no Retry-After header
	cause      error
}

// New makes a fault with the table's own sentence.
func New(c Code) *Fault { return &Fault{Code: c, Message: table[c].sentence} }

// Newf makes a fault with a sentence of its own.
func Newf(c Code, format string, args ...any) *Fault {
	return &Fault{Code: c, Message: fmt.Sprintf(format, args...)}
}

// Because keeps the inner cause, which is never shown to an agent.
func (f *Fault) Because(err error) *Fault { f.cause = err; return f }

// Status is the HTTP status of the fault.
func (f *Fault) Status() int { return f.Code.Status() }

// Cause is the inner cause, or nil.
func (f *Fault) Cause() error { return f.cause }

// Error is the text for the operator: code, message and cause.
func (f *Fault) Error() string {
	if f.cause == nil {
		return string(f.Code) + ": " + f.Message
	}
	return string(f.Code) + ": " + f.Message + " (" + f.cause.Error() + ")"
}

// Unwrap lets errors.Is and errors.As see the cause.
func (f *Fault) Unwrap() error { return f.cause }

// From finds the Fault in err. An error that is none is something we did not
// foresee: the agent learns only that the broker can't serve it now.
func From(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Overloaded).Because(err)
}
