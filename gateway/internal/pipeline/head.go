package pipeline

import (
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// kept is what of an upstream's headers reaches the agent: an answer's, an
// interim answer's or trailers. decoded says that the body is sent decoded.
func (e *end) kept(headers []request.Header, extra *plan.Scrub, decoded bool) []request.Header {
	headers = request.EndToEnd(headers)
	clean := e.clear(headers)
	kept := headers[:0] // EndToEnd has made it for us
	for _, h := range headers {
		if scrub.DroppedByDefault(h.Name) && !(strings.EqualFold(h.Name, "Set-Cookie") && extra.KeepsCookie(h.Value)) ||
			extra.Drops(h.Name) || decoded && strings.EqualFold(h.Name, "Content-Encoding") {
			continue
		}
		if extra.Masks(h.Name) {
			h.Value = strings.Repeat("*", len(h.Value))
		}
		h.Value = extra.Rewritten(h.Name, h.Value)
		if !clean {
			if e.mask(h.Name) != h.Name {
				continue
			}
			h.Value = e.mask(h.Value)
		}
		kept = append(kept, h)
	}
	return kept
}

// clear says that no header holds a needle, in one search over all of them.
func (e *end) clear(headers []request.Header) bool {
	size := 0
	for _, h := range headers {
		size += len(h.Name) + len(h.Value) + 2
	}
	all := make([]byte, 0, size)
	for _, h := range headers {
		all = append(append(append(append(all, h.Name...), '\n'), h.Value...), '\n')
	}
	return !e.needles.SpansLines() && !scrub.LinesContain(e.needles, all)
}

// mask masks what is left of a secret in one value.
func (e *end) mask(v string) string {
	if v == "" {
		return v
	}
	masked, hits := scrub.Header(e.needles, []byte(v))
	if len(hits) == 0 {
		return v
	}
	for _, h := range hits {
		e.scrubbedAt("header", h)
	}
	return string(masked)
}

// inBody notes a place that was masked in the body.
func (e *end) inBody(h scrub.Hit) { e.scrubbedAt("body", h) }

func (e *end) scrubbedAt(place string, h scrub.Hit) {
	form := h.Form.String()
	e.x.Scrubbed++
	e.x.Forms = exchange.Count(e.x.Forms, form)
	if len(e.x.Hits) < exchange.MaxHits {
		e.x.Hits = append(e.x.Hits, exchange.Hit{Place: place, Form: form, Offset: h.Offset})
	}
}

// coding is an answer's Content-Encoding. Of all its headers: a Connection
// header that names Content-Encoding must not pass a coded body off as one to be
// searched as it is.
func coding(headers []request.Header) (coding string) {
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Content-Encoding") {
			coding = strings.TrimPrefix(coding+", "+h.Value, ", ")
		}
	}
	return coding
}

func value(headers []request.Header, name string) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// answerHead is what a plugin sees of an answer.
func (e *end) answerHead(a upstream.Answer, l apply.Line) *abi.AnswerHead {
	head := &abi.AnswerHead{
		Status: uint64(a.Status), Method: l.Method, Path: l.Path,
		Origin: base(l.Origin), Public: e.public,
	}
	// An API that echoes a credential would show it to the plugin, which never sees
	// one: it could give it to the agent in a writing of its own.
	clean := e.clear(a.Headers)
	for _, h := range a.Headers {
		if !clean {
			if scrub.Contains(e.needles, []byte(h.Name)) {
				continue
			}
			masked, _ := scrub.Header(e.needles, []byte(h.Value))
			h.Value = string(masked)
		}
		head.Headers = append(head.Headers, abi.Header(h))
	}
	return head
}
