package plugin

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/seksbot/seks-broker/gateway/internal/meter"
)

// Work that no loop's turns show is counted too, and ends in time; the collector
// waits for none of it.
func TestWorkOfEveryKindIsCounted(t *testing.T) {
	e := testEngine(t)
	p := loaded(t, e, guest(t, "busy"))
	e.callLimit = 20 * time.Millisecond
	for method, what := range map[string]string{
		"FILL": "memory.fill", "COPY": "memory.copy", "RANDOM": "an import by way of a table", "WRITE": "writes",
		"TABLE": "table.fill", "GROW": "memory.grow by nothing", "DEEP": "recursion", "BACK": "br_table", "KEEP": "slow arithmetic",
	} {
		within(t, what, 30*time.Second, func() {
			_, err := p.Plan("t", view(method))
			if why := failed(t, err, "busy"); !strings.Contains(why, "in time") {
				t.Errorf("%s: %q", what, why)
			}
			runtime.GC()
		})
	}
	_, err := p.Plan("t", view("AROUND"))
	if why := failed(t, err, "busy"); !strings.Contains(why, "in time") && !strings.Contains(why, "stack overflow") {
		t.Errorf("call_indirect: %q", why)
	}
}

// FuzzMeter: the meter makes no valid module of an invalid one, nor an invalid one
// of a valid one, as wazero has it.
func FuzzMeter(f *testing.F) {
	for _, name := range []string{"ok", "moody", "tables", "busy", "bomb_plan", "loop_body", "grow"} {
		f.Add(guest(f, name))
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(memoryPages))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := meter.Module(b)
		if err != nil {
			return // with a sentence: what is refused is in the room's own tests
		}
		before, errBefore := r.CompileModule(ctx, b)
		after, errAfter := r.CompileModule(ctx, out)
		if (errBefore == nil) != (errAfter == nil) {
			t.Fatalf("before: %v\nafter: %v", errBefore, errAfter)
		}
		if errBefore == nil {
			_, _ = before.Close(ctx), after.Close(ctx)
		}
	})
}
