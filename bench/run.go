package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/seksbot/seks-broker/bench/fastupstream"
	"github.com/seksbot/seks-broker/bench/figures"
	"github.com/seksbot/seks-broker/bench/peers"
)

// bench is one run of the program.
type bench struct {
	options options
	setup   *peers.Setup
	failed  []error
}

const (
	warm   = 300 * time.Millisecond // of each measurement, not counted
	settle = 200 * time.Millisecond // between two, for connections to close
)

// interleaved measures every target once a round, in an order that turns, so
// that none always comes first. A target that fails is left out from then on,
// and the run fails at its end.
func (b *bench) interleaved(c *figures.Case, measure func(*peers.Target) ([]float64, error)) {
	targets := b.setup.Targets
	out := map[string]bool{}
	for round := range b.options.rounds {
		for i := range targets {
			t := targets[(i+round)%len(targets)]
			if out[t.Name] {
				continue
			}
			got, err := measure(t)
			if err != nil {
				out[t.Name] = true
				c.Note(t.Name, "failed")
				b.failed = append(b.failed, fmt.Errorf("%s, through %s: %w", c.Name, t.Name, err))
			} else {
				c.Add(t.Name, got...)
			}
			time.Sleep(settle)
		}
	}
	for _, name := range b.setup.Absent {
		c.Note(name, "not installed")
	}
}

// meter reads what CPU the gateway, and the load with the upstream, take.
type meter struct {
	gatewayPID, upstreamPID int // no gateway: 0
	loadCPUs                int

	gateway, load time.Duration
	at            time.Time
}

func (b *bench) meter(t *peers.Target) *meter {
	m := &meter{upstreamPID: b.setup.Upstream.PID(), loadCPUs: b.setup.Cores.Load.Count()}
	if t.Child != nil {
		m.gatewayPID = t.Child.PID()
	}
	return m
}

func (m *meter) begin() { m.gateway, m.load, m.at = m.read() }

// read gives 0 for a process that has ended: what it was part of fails too.
func (m *meter) read() (gateway, load time.Duration, at time.Time) {
	if m.gatewayPID != 0 {
		gateway, _ = peers.CPU(m.gatewayPID)
	}
	load, _ = peers.CPU(m.upstreamPID)
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil {
		load += time.Duration(own.Utime.Nano() + own.Stime.Nano())
	}
	return gateway, load, time.Now()
}

// end gives the CPU seconds of the gateway since begin, and the shares, in
// percent, that the gateway's and the load's CPUs were busy with us. What a
// target without a gateway has not is NaN.
func (m *meter) end() (seconds, gatewayShare, loadShare float64) {
	gateway, load, at := m.read()
	took := at.Sub(m.at).Seconds()
	loadShare = 100 * (load - m.load).Seconds() / took / float64(m.loadCPUs)
	if m.gatewayPID == 0 {
		return math.NaN(), math.NaN(), loadShare
	}
	seconds = (gateway - m.gateway).Seconds()
	return seconds, 100 * seconds / took, loadShare
}

// checked sees, before anything is timed, that every target gives the answer
// that it should.
func checked(targets []*peers.Target) error {
	for _, t := range targets {
		conn, err := net.DialTimeout("tcp", t.Address, 5*time.Second)
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		want := fastupstream.JSON(small)
		got, err := fetch(conn, t.Request("GET", fmt.Sprint("/v1/models/", small), 0, ""))
		_ = conn.Close()
		if err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("%s gives %q, not %q: %v", t.Name, got, want, err)
		}
	}
	return nil
}

func fetch(conn net.Conn, request []byte) ([]byte, error) {
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", resp.Status)
	}
	return body, err
}

// about says on what the run was.
func about(s *peers.Setup, o options) string {
	cpu := "an unknown CPU"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				cpu = strings.Trim(name, "\t :\n")
				break
			}
		}
	}
	text := fmt.Sprintf("%s; %d CPUs, one of them for the gateway alone; %s, %s", cpu, runtime.NumCPU(), runtime.Version(), runtime.GOARCH)
	if s.Cores.Shared {
		text = fmt.Sprintf("%s; ONE CPU for gateway, load and upstream together: these figures say little; %s", cpu, runtime.Version())
	}
	if o.awake {
		text += "; idle CPUs are kept awake"
	}
	for _, name := range s.Absent {
		text += fmt.Sprintf("; %s is not installed, and skipped", name)
	}
	return text + ". Cells are median (least–most) of the rounds.\n"
}
