package scrub

import (
	"io"
	"runtime"
	"strings"
	"testing"
)

// endless is n bytes of JSON-like text with a secret now and then.
type endless struct {
	unit []byte
	at   int
	left int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.unit[e.at:])
	e.at = (e.at + n) % len(e.unit)
	e.left -= int64(n)
	return n, nil
}

func TestMemoryIsConstant(t *testing.T) {
	const size = 64 << 20
	unit := []byte(strings.Repeat(`{"id":"x","text":"nothing to see"},`, 3000) + key)
	for _, ct := range contentTypes {
		r := reader(t, &endless{unit: unit, left: size}, Options{Needles: set(key), ContentType: ct})
		var before, after runtime.MemStats
		buf := make([]byte, 32<<10)
		runtime.ReadMemStats(&before)
		var total int64
		for {
			n, err := r.Read(buf)
			total += int64(n)
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		places := uint64(r.Hits())
		if total < size || places < size/uint64(len(unit))-1 {
			t.Fatalf("%d bytes, %d hits", total, places)
		}
		if grew := after.TotalAlloc - before.TotalAlloc; grew > 512<<10+places*256 {
			t.Errorf("%s: %d bytes were allocated for a body of %d and %d hits", ct, grew, total, places)
		}
	}
}

func TestStreamingAllocatesNothing(t *testing.T) {
	e := &endless{unit: []byte(strings.Repeat("nothing to see here\n", 999)), left: 1 << 60}
	r := reader(t, e, Options{Needles: set(key)})
	buf := make([]byte, 32<<10)
	if n := testing.AllocsPerRun(500, func() {
		if _, err := r.Read(buf); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a read", n)
	}
}
