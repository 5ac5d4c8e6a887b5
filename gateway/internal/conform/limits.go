package conform

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// How much one instance is made to do in one spell of the check of its limits.
const (
	manyCalls = 200_000
	someCalls = 5_000 // also where the machine is busy with other things
	enough    = time.Second
)

// spells is how often memory that grew is given another chance to settle: a heap
// with a garbage collector takes a step now and then, a leak grows in each spell.
const spells = 6

// slow is what a plan may take at most, in the middle of many.
const slow = 5 * time.Millisecond

// limits: the memory of an instance stays as it is over many calls, and a call
// is far from its limit.
func (t *tester) limits(*Result) (string, error) {
	raw := make([][]byte, 0, 16)
	for _, v := range t.samples.views(16) {
		raw = append(raw, v.Marshal())
	}
	if _, err := t.trial.Fresh(); err != nil {
		return "", err
	}
	times, grown, err := t.spell(raw)
	for again := 1; err == nil && grown > plugin.MemoryLimit/32; again++ {
		if again == spells || t.trial.Memory() > plugin.MemoryLimit/2 {
			return "", fmt.Errorf("its memory grew by %s in the last %d calls, to %s; at %s it ends: free, or use again, what a call allocates",
				size(grown), len(times), size(t.trial.Memory()), size(plugin.MemoryLimit))
		}
		times, grown, err = t.spell(raw)
	}
	if err != nil {
		return "", err
	}
	return t.weigh(times, t.trial.Memory())
}

// spell makes many calls in turn; grown says by how many bytes the instance's
// memory is larger at the end than in the middle.
func (t *tester) spell(raw [][]byte) (times []time.Duration, grown int, err error) {
	memories := make([]int, 0, someCalls)
	for begin := time.Now(); len(times) < manyCalls; {
		passed := time.Since(begin)
		late := passed > t.load && (len(times) >= someCalls || passed > 10*t.load)
		// One that has all it may have grows no more, and would seem to keep still.
		if full := t.trial.Memory() > plugin.MemoryLimit/2; len(times) >= 100 && (late || full) {
			break
		}
		_, took, err := t.trial.Call(abi.ExportPlan, raw[len(times)%len(raw)])
		if err != nil {
			return nil, 0, fmt.Errorf("after %d calls: %w", len(times), err)
		}
		times, memories = append(times, took), append(memories, t.trial.Memory())
	}
	return times, t.trial.Memory() - memories[len(memories)/2], nil
}

// weigh judges how long calls took and the memory that they need.
func (t *tester) weigh(times []time.Duration, memory int) (string, error) {
	slices.Sort(times)
	median, worst := times[len(times)/2], times[len(times)-1]
	if median > slow {
		return "", fmt.Errorf("a plan takes %s: a request waits for it, and %s ends the instance", median, plugin.CallLimit)
	}
	if memory > plugin.MemoryLimit/2 {
		return "", errors.New("it takes " + size(memory) + " of " + size(plugin.MemoryLimit) + ": keep less")
	}
	return fmt.Sprintf("%d plans in one instance: %s each (the longest %s), memory %s of %s", len(times),
		median.Round(100*time.Nanosecond), worst.Round(time.Microsecond), size(memory), size(plugin.MemoryLimit)), nil
}
