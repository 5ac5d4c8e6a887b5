package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/bench/figures"
)

// How many events go through one after the other in a round, and before that.
const (
	eventCount = 5000
	eventWarm  = 500
)

// event times one server-sent event through `seks scrub`, from its write to the
// filter to the read of its last byte: each waits for the one before. What the pipes
// and the two processes cost is what `cat` takes.
func event(b *bench, table *figures.Table) {
	dir, err := os.MkdirTemp("", "bench-event-")
	if err != nil {
		b.failed = append(b.failed, err)
		return
	}
	defer os.RemoveAll(dir)
	r := rand.New(rand.NewPCG(1, 2))
	secret := "sk-" + word(r, 48)
	needles := filepath.Join(dir, "needles")
	if err := os.WriteFile(needles, []byte(secret), 0o600); err != nil {
		b.failed = append(b.failed, err)
		return
	}
	filters := []struct {
		name string
		args []string
	}{
		{"cat", []string{"cat"}},
		{"seks scrub", []string{filepath.Join(b.options.build, "seks"), "scrub", "--needles-from", needles, "--type", "text/event-stream"}},
	}
	for _, kind := range []struct{ name, data string }{
		{"a delta of a few words", `{"i":7,"delta":"` + word(r, 9) + " " + word(r, 5) + `"}`},
		{"1 kB of near misses", strings.Repeat(secret[:50]+"?", 20)},
		{"10 kB of near misses in escapes", strings.Repeat(strings.ReplaceAll(secret[:50], "s", `\u0073`)+"?", 180)},
	} {
		c := table.Case(kind.name)
		for range b.options.rounds {
			base := []float64{none, none}
			for i, f := range filters {
				micros, err := eventTimes(f.args, "event: delta\ndata: "+kind.data+"\n\n")
				if err != nil {
					b.failed = append(b.failed, fmt.Errorf("event, %s, %s: %w", kind.name, f.name, err))
					return
				}
				took := []float64{figures.Quantile(micros, 0.5), figures.Quantile(micros, 0.99)}
				if i == 0 {
					base = took
				}
				c.Add(f.name, took[0], took[1], took[0]-base[0], took[1]-base[1])
			}
		}
	}
}

// eventTimes are the microseconds that each event took through a filter.
func eventTimes(args []string, event string) (micros []float64, err error) {
	p := exec.Command(args[0], args[1:]...)
	in, err := p.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		if werr := p.Wait(); err == nil {
			err = werr
		}
	}()
	read := bufio.NewReader(out)
	buf := make([]byte, len(event))
	for n := range eventWarm + eventCount {
		begin := time.Now()
		if _, err := io.WriteString(in, event); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(read, buf); err != nil {
			return nil, err
		}
		if n >= eventWarm {
			micros = append(micros, float64(time.Since(begin).Nanoseconds())/1e3)
		}
	}
	return micros, nil
}
