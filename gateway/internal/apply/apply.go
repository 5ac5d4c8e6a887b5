// Package apply turns a vetted Plan and an opened Credential into the request
// that goes upstream, and says which secret-derived values it put in, so that
// the scrubber knows them all.
package apply

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Line is the request line that policy judged, and what the headers are before
// the plan's edits: without tokens, hop-by-hop headers and Host.
type Line struct {
	Method  string
	Origin  *url.URL // of the chosen upstream; only scheme and host count
	Path    string   // the whole upstream path, raw
	Query   string   // raw
	Headers []request.Header

	// Body is the whole request body where it is small and can be read in one way
	// only, so that fields of it can be set; else nil. Nothing changes it.
	Body     []byte
	BodyKind body.Kind
}

// Injected is a request with the credential in it. Only Apply makes one, and
// only from a Permit for the same host; upstream sends nothing else.
type Injected struct {
	pool    string
	method  string
	origin  *url.URL
	target  string
	headers []request.Header
	body    []byte
	inspect bool
	needles *needle.Set
	asked   *request.Range // nil where the request is not for one range
}

// Pool names the connections that this request may use: a credential's
// connections are its own.
func (in Injected) Pool() string { return in.pool }

// Method is the request's method, "" for the zero value.
func (in Injected) Method() string { return in.method }

// Origin is the scheme and authority to send to.
func (in Injected) Origin() *url.URL { return in.origin }

// Target is the request target: path and query. It may hold a secret.
func (in Injected) Target() string { return in.target }

// Headers are all headers but Host and framing.
func (in Injected) Headers() []request.Header { return in.headers }

// Body is the whole body to send instead of the agent's, or nil.
func (in Injected) Body() []byte { return in.body }

// Needles is what must not come back: the credential's secret fields and
// whatever was computed from them for this request.
func (in Injected) Needles() *needle.Set { return in.needles }

// Asked is the range of bytes that the agent asked for, where it asked for one; the
// request asks for more on both sides. nil: it asks for the whole.
func (in Injected) Asked() *request.Range { return in.asked }

// Inspect says that the plugin wants to see the head of the answer.
func (in Injected) Inspect() bool { return in.inspect }

// Valid is false for the zero value.
func (in Injected) Valid() bool { return in.origin != nil }

// Apply gives the session the credential and evaluates the plan's edits. The
// permit must be for the line's host.
func Apply(p policy.Permit, c credential.Credential, s *expr.Session, l Line) (Injected, error) {
	if !p.Valid() || !c.Valid() || !s.Valid() || l.Origin == nil || p.Host() != l.Origin.Host {
		return Injected{}, fault.New(fault.CredentialUnavailable).Because(errors.New("a credential was to be applied without authority for that host"))
	}
	s.Open(c)
	r, derived, err := Edit(s, l)
	if err != nil {
		return Injected{}, err
	}
	needles := make([]needle.Needle, 0, len(derived))
	for _, d := range derived {
		needles = append(needles, needle.Needle{Name: c.Name(), Value: secret.New(d)})
	}
	headers, asked := widened(r.Headers)
	if s.Vetted().Plan().Manifest.OpaqueBodies {
		headers = plainly(headers)
	}
	return Injected{
		pool:   p.Tenant() + "\x00" + c.Name() + "\x00" + l.Origin.Scheme + "\x00" + l.Origin.Host,
		method: l.Method, origin: l.Origin, target: r.Target, headers: headers, body: r.Body, asked: asked,
		inspect: s.Vetted().Plan().InspectAnswer, needles: c.Needles().With(needles),
	}, nil
}

// Edited is a request after a plan's edits. It has no authority to be sent.
type Edited struct {
	Target  string
	Headers []request.Header
	Body    []byte // nil where no edit changed it
}

// maxEdited bounds the values of a plan's edits, and of what was computed on the
// way to them, in bytes: the scrubber looks for each in some ten spellings.
const maxEdited = 256 << 10

// Edit makes the edits of the session's plan, and lists the values that were
// derived from secrets among them. `seks plugin eval` shows its result for
// stand-in fields. The error is a *fault.Fault.
func Edit(s *expr.Session, l Line) (r Edited, derived [][]byte, err error) {
	r.Headers = slices.Clip(l.Headers) // so that adding one leaves what the line's array holds behind it
	query, size := l.Query, 0
	edits := s.Vetted().Plan().Edits
	for i := range edits {
		e := &edits[i]
		var val expr.Value
		if len(e.Value) > 0 {
			if val, err = s.Edit(i); err != nil {
				return r, nil, err
			}
		}
		derived = append(derived, val.Derived...)
		size += len(val.Bytes)
		for _, d := range val.Derived {
			size += len(d)
		}
		if size > maxEdited {
			return r, nil, failed(s, fmt.Errorf("its edits come to more than %d bytes", maxEdited))
		}
		switch e.Kind {
		case abi.SetHeader, abi.AddHeader, abi.RemoveHeader:
			if !plan.LegalValue(val.Bytes) {
				return r, nil, failed(s, fmt.Errorf("the value for header %s has a line break or control byte", e.Name))
			}
			r.Headers = editHeaders(r.Headers, e, string(val.Bytes))
		case abi.SetQuery, abi.AddQuery, abi.RemoveQuery:
			query = editQuery(query, e, val.Bytes)
		case abi.SetJSON, abi.SetForm:
			if r.Body == nil {
				r.Body = l.Body
			}
			if !l.BodyKind.Fits(e.Kind) || l.Body == nil {
				return r, nil, failed(s, fmt.Errorf("it sets field %q of a body that it was not shown", e.Name))
			}
			if r.Body, err = body.Set(r.Body, e.Kind, e.Name, val.Bytes); err != nil {
				return r, nil, failed(s, err)
			}
		}
	}
	r.Target = l.Path
	if query != "" {
		r.Target += "?" + query
	}
	return r, derived, nil
}

func failed(s *expr.Session, err error) error {
	name := s.Vetted().Plan().Manifest.Name
	return fault.Newf(fault.PluginFailed, "the plugin %q failed on this request: ask the operator", name).
		Because(fmt.Errorf("plugin %s: %w", name, err))
}

// editHeaders keeps the order and repeats of what it does not name. A header
// that is set takes the place of the first of its name.
func editHeaders(headers []request.Header, e *abi.Edit, value string) []request.Header {
	if e.Kind == abi.AddHeader {
		return append(headers, request.Header{Name: e.Name, Value: value})
	}
	out, set := headers[:0:0], e.Kind == abi.RemoveHeader
	for _, h := range headers {
		if !strings.EqualFold(h.Name, e.Name) {
			out = append(out, h)
		} else if !set {
			out, set = append(out, request.Header{Name: h.Name, Value: value}), true
		}
	}
	if !set {
		out = append(out, request.Header{Name: e.Name, Value: value})
	}
	return out
}

// editQuery keeps the bytes and order of the parameters that it does not name.
func editQuery(query string, e *abi.Edit, value []byte) string {
	var pairs []string
	for _, pair := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if pair != "" && (e.Kind == abi.AddQuery || err != nil || plain != e.Name) {
			pairs = append(pairs, pair)
		}
	}
	if e.Kind != abi.RemoveQuery {
		pairs = append(pairs, url.QueryEscape(e.Name)+"="+url.QueryEscape(string(value)))
	}
	return strings.Join(pairs, "&")
}
