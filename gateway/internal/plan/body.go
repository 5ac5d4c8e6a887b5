package plan

import (
	"fmt"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Body is what a plugin made of one piece of a body, within bounds. Its
// expressions are vetted by room expr, in the session of its exchange.
type Body struct {
	abi.BodyResult
}

// ParseBody reads what a body call returned. Literals are parts of b, which must
// stay as it is for as long as they are used; no other part of b is kept.
func ParseBody(b []byte) (*Body, error) {
	if len(b) > abi.MaxPlan {
		return nil, fmt.Errorf("the body result has %d bytes; at most %d are allowed", len(b), abi.MaxPlan)
	}
	r := &Body{}
	if err := r.UnmarshalLent(b); err != nil {
		return nil, fmt.Errorf("the body result can't be read: %w", err)
	}
	for i := range r.Segments {
		if err := checkSegment(&r.Segments[i]); err != nil {
			return nil, err
		}
	}
	if err := checkChecks(r.Checks); err != nil {
		return nil, err
	}
	return r, nil
}

func checkSegment(s *abi.Segment) error {
	slice := s.Kind == abi.SegmentInput
	switch {
	case s.Kind < abi.SegmentInput || s.Kind > abi.SegmentValue:
		return fmt.Errorf("segment kind %d is not one that this version runs", s.Kind)
	case slice && len(s.Bytes) > 0, !slice && (s.Offset != 0 || s.Length != 0):
		return fmt.Errorf("a slice of the input has an offset and a length, every other segment has bytes, and none has both")
	case s.Kind == abi.SegmentValue && len(s.Bytes) == 0:
		return fmt.Errorf("a segment of kind expression has none")
	}
	return nil
}

// checkChecks bounds the checks of a plan or of a body result.
func checkChecks(list []abi.Check) error {
	if len(list) > abi.MaxChecks {
		return fmt.Errorf("there are %d checks; at most %d are allowed", len(list), abi.MaxChecks)
	}
	for i := range list {
		c := &list[i]
		if len(c.A) == 0 || len(c.B) == 0 {
			return fmt.Errorf("a check compares two expressions, and one is missing")
		}
		if c.Code != "" && !isCode(c.Code) {
			return fmt.Errorf("the code %.64q of a check is none of the broker's", c.Code)
		}
		if err := checkSaid(c.Word, c.Message); err != nil {
			return err
		}
	}
	return nil
}

// checkSaid bounds what the agent gets to read of a no.
func checkSaid(word, message string) error {
	if len(word) > 64 || !headerValueLegal(word) || len(message) > 1024 || !headerValueLegal(message) {
		return fmt.Errorf("the message of a refusal or a check must be one line of up to 1024 bytes, and its word one of up to 64")
	}
	return nil
}

// isCode says whether s is one of the broker's codes.
func isCode(s string) bool {
	for _, c := range fault.Codes() {
		if string(c) == s {
			return true
		}
	}
	return false
}
