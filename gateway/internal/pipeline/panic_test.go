package pipeline

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

type fragile struct{ list []byte }

func (f fragile) Read([]byte) (int, error) { return int(f.list[3]), nil }

// A filter that panics cuts the answer; closing it writes the line all the same.
func TestAFilterThatPanics(t *testing.T) {
	var ended []exchange.Exchange
	p := &Pipeline{Ended: func(x *exchange.Exchange) { ended = append(ended, *x) }}
	s := &stream{end: &end{p: p}, body: fragile{}, whole: -1}
	n, err := s.Read(make([]byte, 10))
	if n != 0 || fault.From(err).Code != fault.UpstreamProtocol || errors.Is(err, io.EOF) {
		t.Errorf("%d, %v", n, err)
	}
	if err := s.Close(); err != nil || s.Close() != nil || len(ended) != 1 {
		t.Fatalf("%v, %d ends", err, len(ended))
	}
	if x := ended[0]; !x.Panicked || x.Error != "upstream_protocol" || !strings.Contains(x.Reason, "index out of range [3] with length 0 at panic_test.go:") || !strings.Contains(x.Reason, "fragile") {
		t.Errorf("%+v", x)
	}
}
