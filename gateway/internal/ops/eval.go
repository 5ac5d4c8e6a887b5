package ops

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	bodies "github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Evaluated is a plan and the request that it makes, as text.
type Evaluated struct {
	Plan       string   `json:"plan"`
	Operations []string `json:"operations"`
	Request    string   `json:"request"`
}

// standIns are the fields of no real credential.
type standIns map[string][]byte

func (s standIns) Field(name string) ([]byte, bool) { v, ok := s[name]; return v, ok }

// Eval runs a plugin on one raw HTTP/1.1 request, with stand-in fields. The
// request may name the provider by /api/NAME/, by a host, or not at all.
func Eval(p *plugin.Plugin, raw []byte, fields map[string]string, at time.Time) (Evaluated, error) {
	m := p.Manifest
	rr, body, err := readRaw(raw)
	if err != nil {
		return Evaluated{}, err
	}
	r, err := request.Parse(rr)
	if err != nil {
		return Evaluated{}, err
	}
	rt, err := evalRoute(m, r)
	if err != nil {
		return Evaluated{}, err
	}
	cut, err := token.Cut(m.TokenSlots, r)
	if err != nil {
		return Evaluated{}, err
	}
	scrub.Accept(cut.Headers)
	view := plugin.View(m, r, rt, cut, at)
	kind := bodies.KindOf(cut.Headers)
	var whole []byte // that fields can be set in
	if len(body) > 0 && m.ShowsBody(r.Method(), rt.UpstreamPath()) {
		if view.BodyState = abi.BodyUnknown; len(body) <= abi.MaxBodyInView {
			view.BodyState, view.Body = bodies.Judge(kind, body)
		}
		if view.BodyState == abi.BodyWhole {
			whole = body
		}
	}
	v, err := p.Plan("eval", view)
	if err != nil {
		return Evaluated{}, err
	}
	out := Evaluated{Plan: v.Plan().Text(), Operations: []string{}}
	if v.Plan().Refusal != nil {
		return out, nil
	}
	origin := m.TrialOrigins()[v.Plan().Target]
	line := apply.Line{Method: r.Method(), Origin: origin, Headers: cut.Headers, Body: whole, BodyKind: kind}
	if line.Path, line.Query, err = v.Line(origin.Path+rt.Path(), cut.Query); err != nil {
		return out, err
	}
	values := standIns{}
	for name, value := range fields {
		if m.Field(name) == nil {
			return out, fmt.Errorf("field %q is not in the manifest of %s", name, m.Name)
		}
		values[name] = []byte(value)
	}
	for _, f := range m.Fields {
		if values[f.Name] == nil && !f.Optional {
			return out, fmt.Errorf("field %s has no stand-in: add --field %s=…", f.Name, f.Name)
		}
	}
	session := v.Session()
	if v.Plan().BodyMode == abi.BodyHashFirst {
		_, _ = session.Digest().Write(body)
	}
	if _, err := session.Rehearse(secret.Bytes{}); err != nil {
		return out, err
	}
	session.Open(values)
	edited, _, err := apply.Edit(session, line)
	if err != nil {
		return out, err
	}
	if v.Plan().BodyMode == abi.BodyTransform && len(body) > 0 {
		if body, err = transformed(p, session, v.Plan().BodyContext, body); err != nil {
			return out, err
		}
	}
	acts := v.Plan().Acts
	if len(acts) == 0 {
		acts = m.Acts(line.Method, line.Path)
	}
	for _, a := range acts {
		out.Operations = append(out.Operations, fmt.Sprintf("%s %s %s", orUnknown(a.Name), plan.ClassName(a.Class), a.Resource))
	}
	if edited.Body != nil {
		body = edited.Body
	}
	chunked := v.Plan().BodyMode == abi.BodyTransform && v.Plan().BodySize == 0
	out.Request = requestText(line, edited, body, chunked)
	return out, nil
}

// transformed is the body as the plugin makes it anew.
func transformed(p *plugin.Plugin, s *expr.Session, context, body []byte) (out []byte, err error) {
	guest, err := p.TransformRequest("eval")
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	if len(context) > 0 {
		result, err := guest.Context(context)
		if err != nil {
			return nil, err
		}
		if out, err = s.BodyContext(result, context, out); err != nil {
			return nil, err
		}
	}
	for last := false; !last; {
		piece := body[:min(len(body), abi.MaxBodyInView)]
		body = body[len(piece):]
		last = len(body) == 0
		result, err := guest.Piece(piece, last)
		if err != nil {
			return nil, err
		}
		if out, err = s.RequestBody(result, piece, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func orUnknown(name string) string {
	if name == "" {
		return "(unknown)"
	}
	return name
}

// evalRoute routes by the manifest alone; a path without a mount gets one.
func evalRoute(m *plan.Manifest, r request.Request) (route.Route, error) {
	t, err := route.NewTable([]route.Provider{RouteOf(m.Name, nil, m, m.TrialOrigins())})
	if err != nil {
		return route.Route{}, err
	}
	if rt, err := t.Find(r); err == nil {
		return rt, nil
	}
	return t.At(m.Name, r)
}

// readRaw reads a request head by hand: what is tried here must reach
// request.Parse as it was written. Lines may end in LF alone, as in any file. The
// body is all the rest, whatever its Content-Length says: a file is edited by hand.
func readRaw(raw []byte) (r request.Raw, body []byte, err error) {
	rest := raw
	next := func() (string, bool) {
		if len(rest) == 0 {
			return "", false
		}
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
		return string(bytes.TrimSuffix(line, []byte("\r"))), true
	}
	first, _ := next()
	words := strings.Split(first, " ")
	if len(words) != 3 || !strings.HasPrefix(words[2], "HTTP/1.") {
		return r, nil, fmt.Errorf("the request file must begin with a line like: GET /v1/models HTTP/1.1")
	}
	r = request.Raw{Method: words[0], Target: words[1]}
	for {
		s, ok := next()
		if !ok || s == "" {
			break
		}
		name, value, found := strings.Cut(s, ":")
		if !found {
			return r, nil, fmt.Errorf("%.80q is not a header line", s)
		}
		h := request.Header{Name: name, Value: strings.Trim(value, " \t")}
		if strings.EqualFold(name, "Host") {
			r.Host = h.Value
			r.Hosts++
		}
		r.Headers = append(r.Headers, h)
	}
	if r.Hosts == 0 {
		r.Host, r.Hosts = "localhost", 1
	}
	return r, rest, nil
}

// requestText is the request as the upstream gets it, with LF for CR LF. The pieces
// of a body that goes in chunks are put together.
func requestText(l apply.Line, e apply.Edited, body []byte, chunked bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\nHost: %s\n", l.Method, e.Target, l.Origin.Host)
	for _, h := range e.Headers {
		fmt.Fprintf(&b, "%s: %s\n", h.Name, h.Value)
	}
	if chunked && len(body) > 0 {
		b.WriteString("Transfer-Encoding: chunked\n")
	} else if len(body) > 0 || l.Method == "POST" || l.Method == "PUT" || l.Method == "PATCH" {
		fmt.Fprintf(&b, "Content-Length: %d\n", len(body))
	}
	if len(body) > 0 {
		fmt.Fprintf(&b, "\n%s", body)
	}
	return b.String()
}

// ParseFields reads field=value pairs.
func ParseFields(pairs []string) (map[string]string, error) {
	fields := map[string]string{}
	for _, p := range pairs {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return nil, fmt.Errorf("%.64q is not field=value", p)
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("the field %.64q stands twice", name)
		}
		fields[name] = value
	}
	return fields, nil
}
