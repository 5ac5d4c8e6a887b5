package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/seksbot/seks-broker/bench/figures"
)

// A line of what `go test -bench` prints: BenchmarkModules/Go/a_call,_kept-2 N ns/op.
var benchLine = regexp.MustCompile(`(?m)^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op`)

// plugins times plugins by the benchmarks of the room that runs them, which no
// other program may import.
func plugins(b *bench, table *figures.Table) {
	for range b.options.rounds {
		c := exec.Command("go", "test", "./gateway/internal/plugin", "-run", "^$", "-bench", "^(BenchmarkModules|BenchmarkSigV4)$", "-benchtime", "0.3s")
		c.Stderr = os.Stderr
		out, err := c.Output()
		lines := benchLine.FindAllStringSubmatch(string(out), -1)
		if err != nil || len(lines) == 0 {
			b.failed = append(b.failed, fmt.Errorf("plugins: %w: %s", err, out))
			return
		}
		for _, line := range lines {
			name, through := pluginCase(line[1])
			nanoseconds, err := strconv.ParseFloat(line[2], 64)
			if err != nil {
				b.failed = append(b.failed, err)
				return
			}
			table.Case(name).Add(through, nanoseconds/1000)
		}
	}
}

// pluginCase is what a benchmark measures, and in which module.
func pluginCase(benchmark string) (name, module string) {
	parts := strings.Split(strings.ReplaceAll(benchmark, "_", " "), "/")
	if len(parts) == 3 {
		return parts[2], parts[1]
	}
	return "SigV4 in full, ten headers signed, not kept", "Go"
}
