package apply

import (
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// widened asks for more than the agent does on both sides of its range, so that a
// secret which the range's ends would cut is found. What is no one range becomes
// the whole. No plan signs the Range header, since it changes here.
func widened(headers []request.Header) ([]request.Header, *request.Range) {
	r, single, wants := request.WantsBytes(headers)
	if !wants {
		return headers, nil
	}
	out := make([]request.Header, 0, len(headers))
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Range") {
			if !single {
				continue
			}
			h.Value = r.Widened(needle.MaxForm).String()
		}
		out = append(out, h)
	}
	if !single {
		return out, nil
	}
	return out, &r
}

// plainly asks for no content coding. Where bodies are opaque, those that are stored
// in one come in it all the same, and are searched as they are.
func plainly(headers []request.Header) []request.Header {
	out := make([]request.Header, 0, len(headers)+1)
	for _, h := range headers {
		if !strings.EqualFold(h.Name, "Accept-Encoding") {
			out = append(out, h)
		}
	}
	return append(out, request.Header{Name: "Accept-Encoding", Value: "identity"})
}
