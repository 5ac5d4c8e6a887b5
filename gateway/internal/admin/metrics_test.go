package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

// What the exchanges say is what is counted.
func TestMetrics(t *testing.T) {
	m := NewMetrics("v1.2.3")
	_, _, url := servedWith(t, m)
	for _, x := range []exchange.Exchange{
		{
			Provider: "openai", Status: 200, BytesIn: 7, BytesOut: 100, Upstream: 20 * time.Millisecond, Total: 30 * time.Millisecond, Scrubbed: 3, Needles: 4, Born: 2, Suspended: true,
			Forms: []exchange.Sighting{{Name: "raw", Count: 1}, {Name: "percent(base64)", Count: 2}}, Shapes: []exchange.Sighting{{Name: "a key", Count: 5}},
		},
		{Provider: "openai", Status: 403, Error: "policy_denied", Total: time.Millisecond},
		{Total: time.Millisecond, Panicked: true}, // the agent was gone
	} {
		m.Ended(&x)
	}
	status, header, text := do(t, http.MethodGet, url+"/metrics", "")
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %v", status, header)
	}
	for _, want := range []string{
		`seks_requests_total{error="",provider="openai",status="2xx"} 1`,
		`seks_requests_total{error="policy_denied",provider="openai",status="4xx"} 1`,
		`seks_requests_total{error="",provider="",status="none"} 1`,
		`seks_request_seconds_count{provider="openai"} 2`,
		`seks_upstream_seconds_bucket{provider="openai",le="0.025"} 1`,
		`seks_upstream_seconds_bucket{provider="openai",le="0.01"} 0`,
		`seks_body_bytes_total{direction="in",provider="openai"} 7`,
		`seks_body_bytes_total{direction="out",provider="openai"} 100`,
		`seks_scrubbed_total{form="raw",provider="openai"} 1`,
		`seks_scrubbed_total{form="percent(base64)",provider="openai"} 2`,
		`seks_key_shapes_total{provider="openai",shape="a key"} 5`,
		`seks_born_total{provider="openai"} 2`,
		`seks_needles_read_total 4`, `seks_tokens_suspended_total 1`, `seks_panics_total 1`,
		`seks_build_info{version="v1.2.3"} 1`, `go_goroutines `, `process_resident_memory_bytes `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no line %s", want)
		}
	}
	if status, _, _ := do(t, http.MethodGet, url+"/metrics", "", "Host", "attacker.example"); status != 403 {
		t.Errorf("another Host: %d", status)
	}
}

func TestEndedAllocatesNothing(t *testing.T) {
	m := NewMetrics("")
	x := &exchange.Exchange{Provider: "p", Status: 200, Upstream: 1, Total: 2}
	if n := testing.AllocsPerRun(100, func() { m.Ended(x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEnded(b *testing.B) {
	m := NewMetrics("")
	x := &exchange.Exchange{Provider: "p", Status: 200, Upstream: 1, Total: 2}
	for b.Loop() {
		m.Ended(x)
	}
}
