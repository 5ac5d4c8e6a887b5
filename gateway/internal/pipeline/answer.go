package pipeline

import (
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

// scrubbed makes the reply of an upstream's answer. From here on, closing the
// reply's body ends the exchange; a bodiless answer ends it at once.
func (e *end) scrubbed(a *admitted, answer upstream.Answer, in apply.Injected) (Reply, error) {
	e.answer = answer
	e.x.Upstream = time.Since(e.sent)
	var extra plan.Scrub
	var err error
	if in.Inspect() {
		if extra, err = a.plugin.Scrub(e.x.Tenant, e.answerHead(answer, a.line)); err != nil {
			return Reply{}, err
		}
	}
	if err = e.findPart(in, answer); err != nil {
		return Reply{}, err
	}
	s, decode, err := e.filtered(a, &extra, answer)
	if err != nil {
		return Reply{}, err
	}
	reply := Reply{Status: answer.Status, Length: answer.Length, Slow: answer.Waits(), Reason: e.mask(answer.Reason), Headers: e.kept(answer.Headers, &extra, decode)}
	reply.Headers = append(reply.Headers, request.Header{Name: "X-Seks-Request-Id", Value: e.x.ID})
	if e.part != nil {
		e.narrow(&reply)
	}
	e.x.Decision, e.x.Status = exchange.Allowed, reply.Status
	if s == nil {
		e.finish()
		return reply, nil
	}
	if decode || s.resized {
		reply.Length = -1
	}
	s.whole, s.done = int64(reply.Length), reply.Length == 0
	reply.Trailers = func() []request.Header { return e.kept(e.answer.Trailers(), &plan.Scrub{}, false) }
	reply.Close = answer.Early() && answer.Status >= 300 // the API has had enough of the upload
	reply.Body = s
	return reply, nil
}
