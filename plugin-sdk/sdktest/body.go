package sdktest

import (
	"errors"
	"fmt"
	"hash"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func newEvaluation(m *seks.Manifest, fields map[string]string) *evaluation {
	return &evaluation{manifest: m, fields: fields, registers: map[uint64]string{}, running: map[uint64]string{}, sums: map[abi.Hash]hash.Hash{}}
}

// Body is what a request's body becomes that comes in pieces of that size: one that
// is cut otherwise should come out the same, unless the plugin has a reason. digests
// are those that the plan asks for.
func Body(p seks.Provider, fields map[string]string, body string, size int, digests ...abi.Hash) (string, error) {
	return newEvaluation(&p.Manifest, fields).body(p.RequestBody, body, size, new(seks.Plan).TransformBody(digests...).Digests)
}

// AnswerBody is what an answer's body becomes that comes in pieces of that size.
func AnswerBody(p seks.Provider, body string, size int) (string, error) {
	return newEvaluation(&p.Manifest, nil).body(p.ResponseBody, body, size, 0)
}

// body takes a body through the plugin, in pieces, and gives what comes out. The
// last piece is empty, as it is where a sender says its end late.
func (e *evaluation) body(begin func() seks.Body, body string, size int, digests uint64) (string, error) {
	if begin == nil {
		return "", errors.New("the Provider has no RequestBody or ResponseBody for it")
	}
	next := begin()
	var out strings.Builder
	for last := false; !last; {
		last = body == ""
		e.piece = body[:min(size, len(body))]
		body = body[len(e.piece):]
		e.sum(digests, e.piece)
		made := next([]byte(e.piece), last)
		if made == nil {
			continue
		}
		// Through the codec and back, as on its way to the host.
		var result abi.BodyResult
		if err := result.Unmarshal(made.Marshal()); err != nil {
			return "", fmt.Errorf("a result can't be read back: %w", err)
		}
		if code, err := e.checks(result.Checks); err != nil || code != "" {
			return "", errors.Join(err, fmt.Errorf("it is cut with %q behind %d bytes", code, out.Len()))
		}
		for i := range result.Segments {
			part, err := e.segment(&result.Segments[i])
			if err != nil {
				return "", fmt.Errorf("segment %d: %w", i+1, err)
			}
			out.WriteString(part)
		}
	}
	return out.String(), nil
}

func (e *evaluation) segment(s *abi.Segment) (string, error) {
	switch s.Kind {
	case abi.SegmentInput:
		return e.eval(abi.AppendSlice(nil, s.Offset, s.Length), nil)
	case abi.SegmentLiteral:
		return string(s.Bytes), nil
	case abi.SegmentValue:
		return e.eval(s.Bytes, nil)
	}
	return "", fmt.Errorf("it is of no kind that there is")
}

// checks gives the code of the first check that does not hold.
func (e *evaluation) checks(checks []abi.Check) (code string, err error) {
	for i := range checks {
		a, err := e.eval(checks[i].A, nil)
		if err != nil {
			return "", fmt.Errorf("check %d: %w", i+1, err)
		}
		b, err := e.eval(checks[i].B, nil)
		if err != nil {
			return "", fmt.Errorf("check %d: %w", i+1, err)
		}
		if a == b {
			continue
		}
		if checks[i].Code == "" {
			return "signature_invalid", nil
		}
		return checks[i].Code, nil
	}
	return "", nil
}

// sum adds to the digests that a set of bits asks for.
func (e *evaluation) sum(digests uint64, piece string) {
	for h, begin := range hashes {
		if digests&(1<<h) == 0 {
			continue
		}
		if e.sums[h] == nil {
			e.sums[h] = begin()
		}
		_, _ = e.sums[h].Write([]byte(piece)) // a hash takes everything
	}
}
