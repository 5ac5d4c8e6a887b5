package plan

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Plan is what a plugin wants done with one request, within bounds. Its
// expressions are still to be vetted by room expr.
type Plan struct {
	abi.Plan
	Manifest *Manifest
	Target   int // index of the upstream in Manifest.Upstreams
}

// Parse reads a plan that the plugin of manifest m made.
func Parse(b []byte, m *Manifest) (*Plan, error) {
	if len(b) > abi.MaxPlan {
		return nil, fmt.Errorf("the plan has %d bytes; at most %d are allowed", len(b), abi.MaxPlan)
	}
	p := &Plan{Manifest: m}
	if err := p.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("the plan can't be read: %w", err)
	}
	if len(p.Edits) > abi.MaxEdits || len(p.Acts) > abi.MaxOperations {
		return nil, fmt.Errorf("the plan has %d edits and %d operations; at most %d and %d are allowed",
			len(p.Edits), len(p.Acts), abi.MaxEdits, abi.MaxOperations)
	}
	for i := range p.Edits {
		if err := checkEdit(&p.Edits[i]); err != nil {
			return nil, err
		}
	}
	for _, a := range p.Acts {
		if !opRE.MatchString(a.Name) || a.Class > abi.ClassGrant || a.Method != "" && !methodRE.MatchString(a.Method) {
			return nil, fmt.Errorf("operation %.64q of class %d and method %.64q is not one that policy could judge", a.Name, a.Class, a.Method)
		}
	}
	if err := p.findUpstream(); err != nil {
		return nil, err
	}
	if err := checkChecks(p.Checks); err != nil {
		return nil, err
	}
	if err := p.checkBody(); err != nil {
		return nil, err
	}
	if p.Refusal != nil {
		return p, checkRefusal(p.Refusal)
	}
	return p, nil
}

// checkBody holds what the plan says of the body together. A body whose fields
// are set is made before anything can be computed from it.
func (p *Plan) checkBody() error {
	switch {
	case p.BodyMode > abi.BodyTransform:
		return fmt.Errorf("body mode %d is not one that this version runs", p.BodyMode)
	case p.BodyMode == abi.BodyPass && p.Digests != 0, p.BodyMode != abi.BodyTransform && p.BodySize != 0:
		return fmt.Errorf("the plan keeps digests of a body that passes as it came, or says how long a body gets that it does not transform")
	case p.BodyMode != abi.BodyPass && p.EditsBody():
		return fmt.Errorf("the plan sets a field of the body, and hashes or transforms it too: do one of them")
	case p.BodyMode != abi.BodyTransform && len(p.BodyContext) > 0, len(p.BodyContext) > abi.MaxContext:
		return fmt.Errorf("the plan has a context of %d bytes; body mode %d takes it, and up to %d", len(p.BodyContext), abi.BodyTransform, abi.MaxContext)
	case p.BodySize > 1<<62:
		return fmt.Errorf("the plan says that the body gets %d bytes long", p.BodySize-1)
	}
	return nil
}

// EditsBody says whether an edit sets a field of the body.
func (p *Plan) EditsBody() bool {
	for i := range p.Edits {
		if k := p.Edits[i].Kind; k == abi.SetJSON || k == abi.SetForm {
			return true
		}
	}
	return false
}

func (p *Plan) findUpstream() error {
	if p.Upstream == "" {
		return nil
	}
	for i := range p.Manifest.Upstreams {
		if p.Manifest.Upstreams[i].Name == p.Upstream {
			p.Target = i
			return nil
		}
	}
	return fmt.Errorf("upstream %.64q is not in the manifest", p.Upstream)
}

func checkRefusal(r *abi.Refusal) error {
	if !isCode(r.Code) {
		return fmt.Errorf("refusal code %.64q is none of the broker's", r.Code)
	}
	return checkSaid(r.Word, r.Message)
}

func checkEdit(e *abi.Edit) error {
	switch e.Kind {
	case abi.SetHeader, abi.AddHeader, abi.RemoveHeader:
		if why := HeaderForbidden(e.Name); why != "" {
			return fmt.Errorf("header %.64q: %s", e.Name, why)
		}
	case abi.SetQuery, abi.AddQuery, abi.RemoveQuery:
		if e.Name == "" || len(e.Name) > 256 {
			return fmt.Errorf("query parameter %.64q: the name must have 1 to 256 bytes", e.Name)
		}
	case abi.SetPath, abi.SetRawQuery:
		if e.Name != "" {
			return fmt.Errorf("an edit of the whole path or query has no name, not %.64q", e.Name)
		}
	case abi.SetJSON, abi.SetForm:
		if e.Name == "" || len(e.Name) > 128 || !utf8.ValidString(e.Name) {
			return fmt.Errorf("field %.64q of a body: the name must have 1 to 128 bytes", e.Name)
		}
	default:
		return fmt.Errorf("edit kind %d is not one that this version runs", e.Kind)
	}
	removes := e.Kind == abi.RemoveHeader || e.Kind == abi.RemoveQuery
	if removes != (len(e.Value) == 0) {
		return fmt.Errorf("edit of %.64q: a removal has no value, and every other edit has one", e.Name)
	}
	return nil
}

// HeaderForbidden says why a plugin may not set a header, or "" where it may.
// The host fixes framing, routing, coding and connection headers itself: a
// guest that could set them could smuggle a request or read one it shouldn't.
func HeaderForbidden(name string) string {
	if name == "" || len(name) > 128 {
		return "a header name has 1 to 128 bytes"
	}
	for i := range len(name) {
		if !tokenByte(name[i]) {
			return "not a header name (RFC 9110 §5.1)"
		}
	}
	lower := strings.ToLower(name)
	switch lower {
	case "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer",
		"upgrade", "expect", "accept-encoding", "content-encoding", "http2-settings":
		return "the host sets it itself"
	}
	if strings.HasPrefix(lower, "proxy-") || strings.HasPrefix(lower, "x-seks-") {
		return "reserved for the host"
	}
	return ""
}

// tokenByte is tchar of RFC 9110 §5.6.2.
func tokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// headerValueLegal: visible bytes, space and tab (RFC 9110 §5.5), so no CR, LF or NUL.
func headerValueLegal(v string) bool {
	for i := range len(v) {
		if v[i] < ' ' && v[i] != '\t' || v[i] == 0x7f {
			return false
		}
	}
	return true
}

// LegalValue says whether v can be a header's value.
func LegalValue(v []byte) bool {
	for _, c := range v {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
