//go:build !race

// The race detector makes sync.Pool forget at random, so this is counted without it.

package accesslog

import (
	"testing"
	"time"
)

func TestAllocationsPerLine(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir(), Capacity: 1 << 20})
	x := full()
	line := func() { write(t, l, x) }
	for range 3000 { // the buffers grow
		line()
	}
	for range 2 {
		if err := l.Flush(); err != nil {
			t.Fatal(err)
		}
		line()
	}
	if n := testing.AllocsPerRun(500, line); n > 2 {
		t.Errorf("%v allocations a line", n)
	}
}

func BenchmarkLine(b *testing.B) {
	l := open(b, Config{Dir: b.TempDir(), Interval: 100 * time.Millisecond, Capacity: 1 << 30})
	x := full()
	b.ReportAllocs()
	for b.Loop() {
		write(b, l, x)
	}
}
