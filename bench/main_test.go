package main

import (
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/figures"
	"github.com/seksbot/seks-broker/bench/peers"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-scenario", "sse,small", "-rounds", "2", "-seconds", "0.5", "-mib", "16"})
	if err != nil || !slices.Equal(o.scenarios, []string{"sse", "small"}) || o.rounds != 2 || o.round != 500*time.Millisecond || o.bulk != 16<<20 {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse(nil); err != nil || len(o.scenarios) != len(scenarios) || o.rounds != 3 || o.round != 3*time.Second || o.bulk != 1<<30 {
		t.Errorf("defaults: %+v, %v", o, err)
	}
	for _, c := range []struct{ args, want string }{
		{"-scenario x", "there are latency, bulk, s3, small, sse"},
		{"-rounds 0", "-rounds"}, {"-seconds 1e9", "-seconds"}, {"-seconds NaN", "-seconds"}, {"-mib 0", "-mib"}, {"more", "only flags"},
	} {
		if _, err := parse(strings.Fields(c.args)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.args, err)
		}
	}
}

// Every round measures every target, in an order that turns; one that fails is
// tried no more, and fails the run.
func TestInterleaved(t *testing.T) {
	a, b, c := &peers.Target{Name: "a"}, &peers.Target{Name: "b"}, &peers.Target{Name: "c"}
	run := &bench{options: options{rounds: 3}, setup: &peers.Setup{Targets: []*peers.Target{a, b, c}, Absent: []string{"d"}}}
	table := figures.Table{Columns: []figures.Column{{Title: "x"}}}
	var order []string
	run.interleaved(table.Case("case"), func(t *peers.Target) ([]float64, error) {
		order = append(order, t.Name)
		if t == b {
			return nil, errors.New("broken")
		}
		return []float64{1}, nil
	})
	if got := strings.Join(order, ""); got != "abccaca" {
		t.Errorf("order %s", got)
	}
	if len(run.failed) != 1 || !strings.Contains(run.failed[0].Error(), "case, through b: broken") {
		t.Errorf("failed: %v", run.failed)
	}
	for _, want := range []string{"| a | 1.00 (1.00–1.00) |", "| b | failed |", "| d | not installed |"} {
		if !strings.Contains(table.Markdown(), want) {
			t.Errorf("no %q in\n%s", want, table.Markdown())
		}
	}
}

// A message's request says how long its body is.
func TestRequests(t *testing.T) {
	target := &peers.Target{Address: "h:1", Prefix: "/p", Bearer: "tok"}
	for _, m := range requests(110) {
		head, body, ok := strings.Cut(string(m.request(target)), "\r\n\r\n")
		if !ok || !strings.Contains(head, "\r\nHost: h:1\r\n") || !strings.Contains(head, "\r\nAuthorization: Bearer tok") || !strings.Contains(head, " /p/v1/") {
			t.Errorf("%s: %q", m.name, head)
		}
		if strings.HasPrefix(head, "POST") != strings.Contains(head, "Content-Length: 167") || strings.HasPrefix(head, "POST") != (len(body) == 167) {
			t.Errorf("%s: %q, a body of %d", m.name, head, len(body))
		}
	}
}

// The meter sees the CPU that a process takes; a target without a gateway has
// none of that.
func TestMeter(t *testing.T) {
	m := &meter{gatewayPID: os.Getpid(), upstreamPID: os.Getpid(), loadCPUs: 1}
	m.begin()
	for before := m.gateway; m.gateway-before < 50*time.Millisecond; {
		m.gateway, _, _ = m.read() // works until it shows
	}
	m.gateway -= 50 * time.Millisecond
	seconds, gateway, load := m.end()
	if seconds < 0.05 || gateway <= 0 || load < gateway {
		t.Errorf("%v s, gateway %v %%, load %v %%", seconds, gateway, load)
	}
	m.gatewayPID = 0
	if seconds, gateway, load := m.end(); !math.IsNaN(seconds) || !math.IsNaN(gateway) || load <= 0 {
		t.Errorf("without a gateway: %v s, %v %%, load %v %%", seconds, gateway, load)
	}
}
