package pipeline

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// end owns the one end of an exchange: whatever happens, finish runs once, and
// gives back the lease, the connection and the slot with its line.
type end struct {
	x        exchange.Exchange
	p        *Pipeline
	shape    *fault.Shape
	public   string     // the URL by which the agent reaches the provider
	origins  []*url.URL // the upstreams of that provider
	lease    limit.Lease
	slot     accesslog.Slot
	answer   upstream.Answer
	in       *counter
	held     *body.Held  // nil where nothing of the body was held back
	digested bool        // the body was read for its digest
	made     *transform  // of the request's body, by its plugin; nil for none
	remade   *transform  // of the answer's
	part     *scrub.Part // of a whole, where the answer is to a range; nil for none
	sent     time.Time   // zero: nothing went upstream
	needles  *needle.Set // what must not reach the line
	once     sync.Once
	broke    error       // a panic while the request's body was read
	left     atomic.Bool // the agent has gone, and what broke off did so for that
}

func (p *Pipeline) begin(in *Incoming) *end {
	var id [12]byte
	rand.Read(id[:])
	e := &end{p: p, shape: fault.DefaultShape}
	e.x = exchange.Exchange{Start: time.Now(), ID: "req_" + hex.EncodeToString(id[:])}
	if in.ClientIP.IsValid() {
		e.x.ClientIP = in.ClientIP.String()
	}
	// Until Parse has accepted the target, nothing of it is worth keeping but
	// its path: a query may hold a token.
	path, _, _ := strings.Cut(in.Target, "?")
	e.x.Method, e.x.Path = in.Method, path
	for _, h := range in.Headers {
		if strings.EqualFold(h.Name, "User-Agent") {
			e.x.UserAgent = h.Value
		}
	}
	return e
}

func (e *end) parsed(r request.Request) { e.x.QueryKeys = queryKeys(r.Query()) }

// routed notes where the request goes, and the URL by which the agent reaches
// that provider: what links in answers have to begin with.
func (e *end) routed(r request.Request, rt route.Route) {
	e.x.Provider, e.origins = rt.Provider().Name, rt.Provider().Origins
	authority := r.Authority()
	if rt.Subdomain() != "" { // what that names stands in the path that a link has
		authority = authority[len(rt.Subdomain())+1:]
	}
	switch {
	case e.p.PublicURL != "":
		e.public = e.p.PublicURL + rt.Mount()
	case r.TLS():
		e.public = "https://" + authority + rt.Mount()
	default:
		e.public = "http://" + authority + rt.Mount()
	}
	e.x.Path = rt.UpstreamPath()
}

func (e *end) claimed(c token.Claim) {
	e.x.Tenant, e.x.Agent, e.x.TokenID, e.x.Credential = c.Tenant(), c.Agent(), c.TokenID(), c.Credential()
}

func (e *end) judged(l apply.Line, acts []abi.Act) {
	e.x.Path, e.x.UpstreamHost = l.Path, l.Origin.Host
	for i, a := range acts {
		if a.Name != "" && (i == 0 || a.Name != acts[i-1].Name) {
			e.x.Operation = strings.TrimPrefix(e.x.Operation+","+a.Name, ",")
		}
	}
}

func (e *end) opened(c credential.Credential) {
	e.x.CredentialVersion, e.needles, e.x.Needles = c.Version(), c.Needles(), c.Built()
}

// hooks are what the exchange with the upstream does beside its answer.
func (e *end) hooks(in Incoming) upstream.Hooks {
	var h upstream.Hooks
	if in.Watch != nil {
		h.Watch = func(abort func()) {
			in.Watch(func() {
				e.left.Store(true)
				abort()
			})
		}
	}
	if in.Interim != nil {
		h.Interim = func(status int, reason string, headers []request.Header) {
			in.Interim(status, e.mask(reason), e.kept(headers, &plan.Scrub{}, false))
		}
	}
	return h
}

// refuse ends the exchange with one of the broker's own errors, in the
// provider's shape.
func (e *end) refuse(err error) Reply {
	if !e.slot.Valid() {
		var full error
		if e.slot, full = e.p.Log.Reserve(); full != nil {
			err = full
		}
	}
	f := fault.From(err)
	body := e.shape.Render(f, e.x.ID)
	e.x.Status, e.x.Error, e.x.Decision, e.x.Reason = e.shape.Status(f), string(f.Code), exchange.Denied, reason(err, f)
	e.x.Panicked = e.x.Panicked || errors.Is(err, errPanic)
	if !e.sent.IsZero() {
		e.x.Decision = exchange.Allowed
	}
	e.x.BytesOut = int64(len(body))
	e.finish()
	// What could not be read as one request may be the end of another: nothing
	// more is read from that connection.
	reply := Reply{Status: e.x.Status, Reason: http.StatusText(e.x.Status), Close: f.Code == fault.BadRequest, Length: len(body), Body: io.NopCloser(strings.NewReader(string(body))), Headers: []request.Header{
		{Name: "Content-Type", Value: e.shape.ContentType},
		{Name: "X-Seks-Error", Value: string(f.Code)},
		{Name: "X-Seks-Request-Id", Value: e.x.ID},
	}}
	if f.Code == fault.RangeNotSatisfiable && e.part != nil {
		reply.Headers = append(reply.Headers, request.Header{Name: "Content-Range", Value: e.part.String()})
	}
	if f.RetryAfter > 0 {
		seconds := int64((f.RetryAfter + time.Second - 1) / time.Second)
		reply.Headers = append(reply.Headers, request.Header{Name: "Retry-After", Value: fmt.Sprint(seconds)})
	}
	return reply
}

// reason is for the operator: a denial's own, or the message with the inner cause.
func reason(err error, f *fault.Fault) string {
	var why interface{ Reason() string }
	switch {
	case errors.As(err, &why):
		return why.Reason()
	case f.Cause() != nil:
		return f.Message + " (" + f.Cause().Error() + ")"
	}
	return f.Message
}

// Malformed replies to what the listener could not read as a request at all.
func (p *Pipeline) Malformed(client netip.Addr, f *fault.Fault) Reply {
	e := p.begin(&Incoming{ClientIP: client})
	reply := e.refuse(f)
	reply.Close = true
	return reply
}

// finish runs once: from refuse, from an answer without a body, or from the
// stream's first Close. The line is written and the lease given back whatever
// happens on the way.
func (e *end) finish() {
	defer e.lease.Release()
	defer e.write()
	defer func() {
		if v := recover(); v != nil {
			e.survived(Panicked(v))
		}
	}()
	_ = e.answer.Close() // ends the upload, if it still runs
	e.x.Panicked = e.x.Panicked || e.broke != nil
	if e.held != nil {
		e.held.Release()
	}
	e.made.close()
	e.remade.close()
	if e.in != nil {
		e.x.BytesIn = e.in.n
	}
	e.suspect()
}

func (e *end) write() {
	e.x.Total = time.Since(e.x.Start)
	e.clean()
	e.slot.Write(&e.x)
	if e.p.Ended != nil {
		e.p.Ended(&e.x)
	}
}

// suspect counts an answer that bore secrets, which may be one too many.
func (e *end) suspect() {
	if e.x.Scrubbed == 0 {
		return
	}
	suspended, err := e.p.Tokens.Bore(e.x.TokenID, e.p.SuspendAfter)
	switch {
	case err != nil:
		e.x.Reason += fmt.Sprintf("; the token could not be suspended: %v", err)
	case suspended:
		e.x.Suspended = true
		e.x.Reason += fmt.Sprintf("; the token is suspended: secrets stood in %d answers", e.p.SuspendAfter)
	}
}

// clean keeps secrets out of the line: the agent's token, wherever it put it,
// and the credential, which an error from upstream may repeat.
func (e *end) clean() {
	x := &e.x
	x.Method, x.Path, x.UserAgent = token.Redact(x.Method), token.Redact(x.Path), token.Redact(x.UserAgent)
	for i, key := range x.QueryKeys {
		x.QueryKeys[i] = token.Redact(key)
	}
	if x.Error != "" {
		masked, _ := scrub.Header(e.needles, []byte(token.Redact(x.Reason)))
		x.Reason = string(masked)
	}
}

// queryKeys are the names of a query's parameters, in order. Values never reach
// the log: they may be secrets.
func queryKeys(query string) []string {
	var keys []string
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}
