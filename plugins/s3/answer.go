package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// scrub drops the checksums of an answer to a range: the broker asks for more than
// the agent does, so where that is the whole object, they are of the whole.
func scrub(h *seks.AnswerHead) *seks.ScrubPlan {
	s := &seks.ScrubPlan{}
	for _, line := range h.Headers {
		if name := strings.ToLower(line.Name); h.Status == 206 && strings.HasPrefix(name, "x-amz-checksum-") {
			s.Drop = append(s.Drop, name)
		}
	}
	return s
}
