package pipeline

import (
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// asked is what the head of a request asks: all that a plan is made from, but
// for the body.
type asked struct {
	claim   token.Claim
	request request.Request
	route   route.Route
	cut     token.Rest
}

// shown is what a plugin sees of a request's body, and what edits of it go by.
type shown struct {
	state abi.BodyState
	bytes []byte // without tokens
	held  []byte // as it came; nil unless the state is whole
	kind  body.Kind
}

// seen is what the plugin sees of the body: nothing where it does not ask. A body
// that may be small is waited for, and shown if it can be read in one way only.
func (q *asked) seen(pl *plugin.Plugin, in *Incoming, e *end) (shown, error) {
	m := pl.Manifest
	if in.Length == 0 || in.Length < -1 || !m.ShowsBody(q.request.Method(), m.Own(0, q.route.Provider().Upstream.Path, q.route.UpstreamPath())) {
		return shown{}, nil
	}
	s := shown{state: abi.BodyUnknown, kind: body.KindOf(q.cut.Headers)}
	if s.kind == body.Doubtful || in.Length > abi.MaxBodyInView {
		return s, nil
	}
	whole, err := e.fill(in, abi.MaxBodyInView)
	if err != nil || !whole {
		return s, err
	}
	if len(e.held.Bytes()) == 0 {
		return shown{}, nil
	}
	if s.state, s.bytes = body.Judge(s.kind, e.held.Bytes()); s.state == abi.BodyWhole {
		s.held = e.held.Bytes()
	}
	return s, nil
}

// planned asks the plugin, makes the upstream request line of its plan, and
// begins the plan's evaluation.
func (q *asked) planned(pl *plugin.Plugin, s shown) (*expr.Session, apply.Line, error) {
	view := plugin.View(pl.Manifest, q.request, q.route, q.cut, time.Now())
	view.BodyState, view.Body = s.state, s.bytes
	v, err := pl.Plan(q.claim.Tenant(), view)
	if err != nil {
		return nil, apply.Line{}, err
	}
	if no := v.Plan().Refusal; no != nil {
		return nil, apply.Line{}, &fault.Fault{Code: fault.Code(no.Code), Message: no.Message, Word: no.Word}
	}
	origin := q.route.Provider().Origins[v.Plan().Target]
	line := apply.Line{Method: q.request.Method(), Origin: origin, Headers: q.cut.Headers, Body: s.held, BodyKind: s.kind}
	line.Path, line.Query, err = v.Line(origin.Path+q.route.Path(), q.cut.Query)
	if err == nil && (line.Path != origin.Path+q.route.Path() || line.Query != q.cut.Query) {
		err = reparse(line, pl.Manifest.Name)
	}
	return v.Session(), line, err
}

// hinted is the error of a token that is missing, or stands where none is taken,
// with what the plugin has to say to it.
func hinted(err error, pl *plugin.Plugin, r request.Request) error {
	code := fault.From(err).Code
	if code != fault.TokenMissing && code != fault.BadRequest {
		return err
	}
	if message := pl.Manifest.Hint(r.Headers(), r.Query()); message != "" {
		return fault.Newf(code, "%s", message)
	}
	return err
}

// reparse holds a line that a plan has rewritten to the rules of the door.
func reparse(l apply.Line, pluginName string) error {
	target := l.Path
	if l.Query != "" {
		target += "?" + l.Query
	}
	_, err := request.Parse(request.Raw{Method: l.Method, Target: target, Host: l.Origin.Host, Hosts: 1})
	if err != nil {
		return fault.Newf(fault.PluginFailed, "the plugin %q failed on this request: ask the operator", pluginName).Because(err)
	}
	return nil
}
