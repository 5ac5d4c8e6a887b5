package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// instance is one running guest. It serves one tenant and one call at a time.
// After any failure it is dead: nothing that a guest left half done is used again.
type instance struct {
	module api.Module
	memory *memory
	buffer api.Function
	calls  map[string]api.Function
	stack  [2]uint64
	flags  uint32        // of a body call
	room   uint32        // where the guest made room for inputs,
	size   int           // and for how many bytes
	may    time.Duration // take for one call
	watch  *watch
	ctx    context.Context // has the watch
	log    *cappedLog
	dead   bool
}

// watch is until when a guest's call may go on. It is looked at where the guest
// asks for more work (engine.next), on the goroutine that called it.
type watch struct {
	until   time.Time
	expired bool
}

type watchKey struct{}

var errExpired = errors.New("it did not return in time")

// start makes an instance of a checked module, and tells it its parameters.
func (e *engine) start(ctx context.Context, c wazero.CompiledModule, parameters []byte) (*instance, error) {
	log := &cappedLog{left: logLimit}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").
		WithStdout(log).WithStderr(log)
	w := &watch{until: time.Now().Add(e.startLimit)}
	memory, err := newMemory()
	if err != nil {
		return nil, err
	}
	// The watch is in a context since that is all that wazero hands on.
	ctx = experimental.WithMemoryAllocator(context.WithValue(ctx, watchKey{}, w), memory)
	m, err := e.runtime.InstantiateModule(ctx, c, config)
	if err != nil {
		memory.release()
		return nil, log.explain(fmt.Errorf("it does not start: %w", err))
	}
	in := &instance{
		module: m, memory: memory, log: log, buffer: m.ExportedFunction(abi.ExportBuffer), calls: map[string]api.Function{},
		watch: w, ctx: context.WithValue(context.Background(), watchKey{}, w),
	}
	for name := range exports {
		if f := m.ExportedFunction(name); f != nil {
			in.calls[name] = f
		}
	}
	in.may = e.startLimit
	if err := in.configure(parameters); err != nil {
		in.close()
		return nil, err
	}
	in.may = e.callLimit
	return in, nil
}

// call hands input to an export and returns a view of the guest's memory with
// the result. It is valid until the next call.
func (in *instance) call(export string, input []byte, limit int) (out []byte, err error) {
	in.watch.until = time.Now().Add(in.may)
	defer func() {
		if in.watch.expired {
			err = errExpired
		}
		if err != nil {
			in.dead = true
			err = in.log.explain(err)
		}
	}()
	if export != abi.ExportManifest { // the one that takes no input
		if err := in.write(input); err != nil {
			return nil, err
		}
	}
	in.stack[0], in.stack[1] = uint64(len(input)), uint64(in.flags)
	if err := in.calls[export].CallWithStack(in.ctx, in.stack[:]); err != nil {
		return nil, fmt.Errorf("it trapped: %w", err)
	}
	ptr, size := uint32(in.stack[0]>>32), uint32(in.stack[0])
	if int64(size) > int64(limit) {
		return nil, fmt.Errorf("it returned %d bytes from %s; at most %d are allowed", size, export, limit)
	}
	out, ok := in.module.Memory().Read(ptr, size)
	if !ok {
		return nil, fmt.Errorf("it returned %d bytes at %d from %s, which is outside its memory", size, ptr, export)
	}
	return out, nil
}

// leastRoom is what a guest is asked to make room for, so that most inputs fit
// without another call.
const leastRoom = 4 << 10

// write puts input where the guest made room for the one before, if it fits: the
// room is the host's until it asks for another (ABI.md §2).
func (in *instance) write(input []byte) error {
	if in.size == 0 || len(input) > in.size {
		size := max(leastRoom, len(input))
		in.stack[0] = uint64(size)
		if err := in.buffer.CallWithStack(in.ctx, in.stack[:]); err != nil {
			return fmt.Errorf("it trapped: %w", err)
		}
		in.room, in.size = uint32(in.stack[0]), size
	}
	if !in.module.Memory().Write(in.room, input) {
		return fmt.Errorf("its buffer for %d bytes at %d is outside its memory", in.size, in.room)
	}
	return nil
}

// close ends an instance. Only who holds it does so, between calls.
func (in *instance) close() {
	in.dead = true
	_ = in.module.Close(context.Background())
	in.memory.release()
}

// cappedLog keeps the first bytes that a guest writes to stdout or stderr, for
// the operator's eyes when it fails.
type cappedLog struct {
	text []byte
	left int
}

func (l *cappedLog) Write(p []byte) (int, error) {
	keep := min(len(p), l.left)
	l.text = append(l.text, p[:keep]...)
	l.left -= keep
	return len(p), nil
}

func (l *cappedLog) explain(err error) error {
	if len(l.text) == 0 {
		return err
	}
	return fmt.Errorf("%w; it wrote: %.500q", err, l.text)
}
