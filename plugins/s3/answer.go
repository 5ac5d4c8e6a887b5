package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// scrub drops the checksums of an answer to a range: the broker asks for more than
// the agent does, so where that is the whole object, they are of the whole. What an
// upload in parts has made is found where the agent can: at the broker.
func scrub(h *seks.AnswerHead) *seks.ScrubPlan {
	s := &seks.ScrubPlan{}
	for _, line := range h.Headers {
		if name := strings.ToLower(line.Name); h.Status == 206 && strings.HasPrefix(name, "x-amz-checksum-") {
			s.Drop = append(s.Drop, name)
		}
	}
	if h.Method == "POST" {
		s.Links = []string{"Location"}
	}
	return s
}
