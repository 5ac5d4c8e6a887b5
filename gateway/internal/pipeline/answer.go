package pipeline

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// scrubbed makes the reply of an upstream's answer. From here on, closing the
// reply's body ends the exchange; a bodiless answer ends it at once.
func (e *end) scrubbed(pl *plugin.Plugin, a upstream.Answer, in apply.Injected, l apply.Line) (Reply, error) {
	e.answer = a
	e.x.Upstream = time.Since(e.sent)
	var extra plan.Scrub
	if in.Inspect() {
		var err error
		if extra, err = pl.Scrub(e.x.Tenant, answerHead(a, l)); err != nil {
			return Reply{}, err
		}
	}
	e.x.Decision, e.x.Status = exchange.Allowed, a.Status
	reply := Reply{Status: a.Status, Length: a.Length}
	coding := e.headers(&reply, a, in.Needles(), &extra)
	reply.Headers = append(reply.Headers, request.Header{Name: "X-Seks-Request-Id", Value: e.x.ID})
	if a.Body == nil {
		e.finish()
		return reply, nil
	}
	body, err := scrub.NewReader(a.Body, scrub.Options{
		Needles: in.Needles(), ContentType: contentType(a), Coding: coding,
	})
	if err != nil {
		return Reply{}, err
	}
	if scrub.Decodes(coding) {
		reply.Length = -1
	}
	reply.Trailers = func() []request.Header { return e.trailers(in.Needles()) }
	reply.Close = a.Early() && a.Status >= 300 // the API has had enough of the upload
	reply.Body = &stream{body: body, end: e, whole: int64(reply.Length), done: reply.Length == 0}
	return reply, nil
}

// headers fills in the reply's status text and headers, and says the coding.
func (e *end) headers(reply *Reply, a upstream.Answer, needles *needle.Set, extra *plan.Scrub) (coding string) {
	mask := func(v string) string {
		masked, hits := scrub.Header(needles, []byte(v))
		if hits == 0 {
			return v
		}
		e.x.Scrubbed += hits
		return string(masked)
	}
	reply.Reason = mask(a.Reason)
	// Of all headers: a Connection header that names Content-Encoding must not
	// pass a coded body off as one to be searched as it is.
	for _, h := range a.Headers {
		if strings.EqualFold(h.Name, "Content-Encoding") {
			coding = strings.TrimPrefix(coding+", "+h.Value, ", ")
		}
	}
	for _, h := range request.Stripped(a.Headers) {
		switch {
		case strings.EqualFold(h.Name, "Set-Cookie") && extra.KeepsCookie(h.Value):
		case scrub.DroppedByDefault([]byte(h.Name)), extra.Drops(h.Name), ours(h.Name),
			strings.EqualFold(h.Name, "Content-Encoding") && a.Body != nil && scrub.Decodes(coding):
			continue
		case scrub.Contains(needles, []byte(h.Name)):
			e.x.Scrubbed++
			continue
		case extra.Masks(h.Name):
			h.Value = strings.Repeat("*", len(h.Value))
		}
		reply.Headers = append(reply.Headers, request.Header{Name: h.Name, Value: mask(extra.Rewritten(h.Name, h.Value))})
	}
	return coding
}

// trailers are those of the answer, scrubbed as its headers are.
func (e *end) trailers(needles *needle.Set) []request.Header {
	var kept []request.Header
	for _, t := range request.Stripped(e.answer.Trailers()) {
		value, hits := scrub.Header(needles, []byte(t.Value))
		e.x.Scrubbed += hits
		if !ours(t.Name) && !scrub.DroppedByDefault([]byte(t.Name)) && !scrub.Contains(needles, []byte(t.Name)) {
			kept = append(kept, request.Header{Name: t.Name, Value: string(value)})
		}
	}
	return kept
}

// ours: a header that only the broker may say.
func ours(name string) bool {
	return len(name) >= 7 && strings.EqualFold(name[:7], "X-Seks-")
}

func answerHead(a upstream.Answer, l apply.Line) *abi.AnswerHead {
	head := &abi.AnswerHead{Status: uint64(a.Status), Method: l.Method, Path: l.Path, Origin: l.Origin.Scheme + "://" + l.Origin.Host}
	for _, h := range a.Headers {
		head.Headers = append(head.Headers, abi.Header(h))
	}
	return head
}

func contentType(a upstream.Answer) string {
	for _, h := range a.Headers {
		if strings.EqualFold(h.Name, "Content-Type") {
			return h.Value
		}
	}
	return ""
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
	} else if err != nil && s.end.x.Error == "" {
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
