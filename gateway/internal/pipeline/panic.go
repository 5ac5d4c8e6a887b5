package pipeline

import (
	"errors"
	"fmt"
	"io"
	"path"
	"runtime"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// A fault of the broker's own costs the request that met it, and never the others:
// a panic in any stage becomes a refusal where nothing was sent yet, else a cut
// answer. What the exchange held is given back, and its line says where it was.

// errPanic is in the chain of every error that was a panic.
var errPanic = errors.New("the broker failed on this request")

// Panicked is the fault of what a deferred call has recovered; the agent learns
// nothing of it. It has to be called by that very function.
func Panicked(v any) *fault.Fault {
	what := fmt.Sprintf("%T", v) // a text of its own may hold anything
	if r, ok := v.(runtime.Error); ok {
		what = r.Error()
	}
	return fault.Newf(fault.UpstreamProtocol, "the broker failed on this request: tell the operator its id").
		Because(fmt.Errorf("%w: panic: %s at %s", errPanic, what, panickedAt()))
}

// panickedAt is the place in the program, without any argument.
func panickedAt() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for in := false; ; {
		f, more := frames.Next()
		if inRuntime := strings.HasPrefix(f.Function, "runtime."); in && !inRuntime {
			return fmt.Sprintf("%s:%d (%s)", path.Base(f.File), f.Line, path.Base(f.Function))
		} else if f.Function == "runtime.gopanic" {
			in = true
		}
		if !more {
			return "an unknown place"
		}
	}
}

// survived notes a panic that ends the exchange where no error can be returned.
func (e *end) survived(f *fault.Fault) {
	e.x.Error, e.x.Reason = string(f.Code), reason(f, f)
	e.x.Panicked = true
}

// careful reads a request's body, in a goroutine of the upload's own, where a panic
// would end the process.
type careful struct {
	io.Reader
	e *end
}

func (c careful) Read(p []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			f := Panicked(v)
			c.e.broke, n, err = f, 0, f
		}
	}()
	return c.Reader.Read(p)
}
