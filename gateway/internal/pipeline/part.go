package pipeline

import (
	"net/http"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

// findPart finds what the agent gets of the answer to its range, which was widened
// on its way. Where that is nothing, because only what was added is there, it gets
// the 416 that the API would have sent.
func (e *end) findPart(in apply.Injected, answer upstream.Answer) error {
	if in.Asked() == nil || answer.Status != http.StatusPartialContent {
		return nil
	}
	p, err := scrub.PartOf(*in.Asked(), value(answer.Headers, "Content-Range"), int64(answer.Length))
	if err != nil {
		return err
	}
	e.part = &p
	if p.Length() <= 0 {
		return fault.New(fault.RangeNotSatisfiable)
	}
	return nil
}

// narrow makes the head of an answer one to what the agent has asked for. Digests of
// the wider content would be wrong, and go; those of the whole stay.
func (e *end) narrow(reply *Reply) {
	kept := reply.Headers[:0]
	for _, h := range reply.Headers {
		switch strings.ToLower(h.Name) {
		case "content-range", "content-length", "content-md5", "content-digest":
		default:
			kept = append(kept, h)
		}
	}
	reply.Headers = append(kept, request.Header{Name: "Content-Range", Value: e.part.String()})
	reply.Length = int(e.part.Length())
}
