package pipeline

import (
	"errors"
	"io"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

// scrubbed makes the reply of an upstream's answer. From here on, closing the
// reply's body ends the exchange; a bodiless answer ends it at once.
func (e *end) scrubbed(pl *plugin.Plugin, a upstream.Answer, in apply.Injected, l apply.Line) (Reply, error) {
	e.answer = a
	e.x.Upstream = time.Since(e.sent)
	var extra plan.Scrub
	if in.Inspect() {
		var err error
		if extra, err = pl.Scrub(e.x.Tenant, e.answerHead(a, l)); err != nil {
			return Reply{}, err
		}
	}
	coding := coding(a.Headers)
	body, asSent, err := e.searched(a, coding)
	if err != nil {
		return Reply{}, err
	}
	decode := a.Body != nil && !asSent
	reply := Reply{Status: a.Status, Length: a.Length, Slow: a.Waits(), Reason: e.mask(a.Reason), Headers: e.kept(a.Headers, &extra, decode)}
	reply.Headers = append(reply.Headers, request.Header{Name: "X-Seks-Request-Id", Value: e.x.ID})
	if a.Body == nil {
		e.x.Decision, e.x.Status = exchange.Allowed, a.Status
		e.finish()
		return reply, nil
	}
	e.x.Decision, e.x.Status = exchange.Allowed, a.Status
	if decode {
		reply.Length = -1
	}
	reply.Trailers = func() []request.Header { return e.kept(e.answer.Trailers(), &plan.Scrub{}, false) }
	reply.Close = a.Early() && a.Status >= 300 // the API has had enough of the upload
	reply.Body = &stream{body: body, end: e, whole: int64(reply.Length), done: reply.Length == 0}
	return reply, nil
}

// searched is the answer's body as it may leave: as it was sent, or decoded.
func (e *end) searched(a upstream.Answer, coding string) (body *scrub.Reader, asSent bool, err error) {
	if a.Body == nil {
		return nil, false, nil
	}
	o := scrub.Options{Needles: e.needles, ContentType: value(a.Headers, "Content-Type"), Coding: coding}
	coded := scrub.Decodes(coding)
	if coded && a.Length >= 0 && a.Length <= scrub.MaxWhole {
		return scrub.NewWholeReader(a.Body, a.Length, o)
	}
	body, err = scrub.NewReader(a.Body, o)
	return body, !coded, err
}

// stream is the reply's body: scrubbed, counted, and the end of the exchange
// when it is closed.
type stream struct {
	body  *scrub.Reader
	end   *end
	whole int64 // its length, -1 where it isn't known
	done  bool  // read to its end
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	s.end.x.BytesOut += int64(n)
	// Who knows the length reads so much and no more, and meets no EOF.
	if errors.Is(err, io.EOF) || s.end.x.BytesOut == s.whole {
		s.done = true
	} else if err != nil && s.end.x.Error == "" && !s.end.left.Load() {
		s.end.x.Error, s.end.x.Reason = string(fault.UpstreamProtocol), "the answer was cut: "+err.Error()
	}
	return n, err
}

// Close ends the exchange; closing it again does nothing.
func (s *stream) Close() error {
	s.end.once.Do(func() {
		_ = s.body.Close() // counts what it held back too
		s.end.x.Scrubbed += s.body.Hits()
		if !s.done && s.end.x.Error == "" {
			s.end.x.Reason = "the agent went away before the end"
		}
		s.end.finish()
	})
	return nil
}
