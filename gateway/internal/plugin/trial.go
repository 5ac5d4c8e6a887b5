package plugin

import (
	"errors"
	"time"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Trial runs the guest of one plugin call by call, with the host's own limits,
// and keeps no plans: what is looked at is the guest itself. It is for one
// goroutine.
type Trial struct {
	plugin *Plugin
	in     *instance
}

// Trial begins one. The instances are not those of any tenant.
func (p *Plugin) Trial() *Trial { return &Trial{plugin: p} }

// Fresh makes the next call go to an instance that has had none, and says how
// long its start took.
func (t *Trial) Fresh() (time.Duration, error) {
	t.Close()
	start := time.Now()
	in, err := t.plugin.pool.take("")
	if err != nil {
		return 0, readable(err)
	}
	t.in = in
	return time.Since(start), nil
}

// Call makes one call, with a copy of what the guest returned. An instance that
// fails is replaced before the next.
func (t *Trial) Call(export string, input []byte) (out []byte, took time.Duration, err error) {
	if t.in == nil || t.in.dead {
		if _, err := t.Fresh(); err != nil {
			return nil, 0, err
		}
	}
	limit := abi.MaxPlan
	if export == abi.ExportManifest {
		limit = abi.MaxManifest
	}
	start := time.Now()
	out, err = t.in.call(export, input, limit)
	took = time.Since(start)
	return append([]byte(nil), out...), took, readable(err)
}

// Piece makes one call for a piece of a body.
func (t *Trial) Piece(export string, piece []byte, flags uint32) ([]byte, error) {
	if t.in == nil || t.in.dead {
		if _, err := t.Fresh(); err != nil {
			return nil, err
		}
	}
	t.in.flags = flags
	defer func() { t.in.flags = 0 }()
	out, _, err := t.Call(export, piece)
	return out, err
}

// Memory is the size of the instance's memory in bytes, which never shrinks.
func (t *Trial) Memory() int {
	if t.in == nil {
		return 0
	}
	return int(t.in.module.Memory().Size())
}

// Close ends the instance.
func (t *Trial) Close() {
	if t.in != nil {
		t.in.close()
		t.in = nil
	}
}

// MemoryLimit is how much memory an instance may have, in bytes, and CallLimit
// how long a call may take.
const (
	MemoryLimit = memoryPages << 16
	CallLimit   = callLimit
)

// Parts of the contract in which a module can fail before it makes a plan.
const (
	PartModule   = "module"
	PartImports  = "imports"
	PartExports  = "exports"
	PartStart    = "start"
	PartManifest = "manifest"
)

// Parts says what an error of Open's is about: what is wrong, by part.
func Parts(err error) map[string]error {
	if in, ok := err.(partError); ok {
		return map[string]error{in.part: in.error}
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		parts := map[string]error{}
		for _, e := range many.Unwrap() {
			for part, e := range Parts(e) {
				parts[part] = errors.Join(parts[part], e)
			}
		}
		return parts
	}
	return map[string]error{PartModule: err}
}

// partError is an error that knows which part of the contract it is about.
type partError struct {
	part string
	error
}

func (e partError) Unwrap() error { return e.error }

func about(part string, err error) error {
	if err == nil {
		return nil
	}
	return partError{part, err}
}
