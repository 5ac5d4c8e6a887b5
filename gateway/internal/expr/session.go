package expr

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Session is the state of one exchange: its registers, and the running digests
// of its request body. In their order:
//
//	s := vetted.Session()
//	err := s.Check(half)          // in token.Prove: the plan's checks
//	s.Open(credential)            // from here on fields have values
//	value, err := s.Edit(i)       // each edit, in the plan's order; one is evaluated once
//	s.Digest().Write(body)        // body mode "hash first": all of it, before the first Edit
//	out, err := s.RequestBody(result, input, out)  // body mode "transform": each piece
//	out, err := s.ResponseBody(result, input, out)
//
// Every error is a *fault.Fault: plugin_failed, credential_unavailable, or the
// code of a check that does not hold. After one, the session does nothing more.
// Only Vetted.Session makes a Session that does anything. It is safe for use by
// many goroutines: an answer may come before the request's body has ended.
type Session struct {
	v       Vetted
	mu      sync.Mutex
	failed  error
	token   secret.Bytes
	checked bool
	fields  Fields
	derived *Derived

	registers []register
	running   [abi.MaxRunning]running
	digests   [abi.SHA512 + 1]hash.Hash
	body      *vetter // of body results; made with the first

	work, signed int // of the message that is evaluated
}

// Session begins the evaluation of a plan for one exchange.
func (v Vetted) Session() *Session {
	s := &Session{v: v}
	if v.registers != [abi.MaxRegisters]*held{} {
		s.registers = make([]register, abi.MaxRegisters)
	}
	if v.digests != 0 {
		for h := abi.MD5; h <= abi.SHA512; h++ {
			if v.digests&(1<<h) != 0 {
				s.digests[h] = newHash(h)()
			}
		}
	}
	return s
}

// Valid is false for nil and for the zero value.
func (s *Session) Valid() bool { return s != nil && s.v.Valid() }

// Vetted is the plan that the session evaluates.
func (s *Session) Vetted() Vetted { return s.v }

// Check evaluates the plan's checks over the secret half of the exchange's
// token, empty for a token that has none. It keeps the half for the checks of
// body results. The error is a fault of the check's own code where one does not
// hold.
func (s *Session) Check(half secret.Bytes) error {
	return s.do(func() error {
		if s.checked {
			return errors.New("the plan's checks were evaluated before")
		}
		s.token, s.checked = half, true
		return s.hold(s.v.checks, nil)
	})
}

// Rehearse evaluates the plan's checks as Check does, and says which of them
// hold instead of refusing: for looking at a plan. A session that was rehearsed
// proves nothing: Check refuses it.
func (s *Session) Rehearse(half secret.Bytes) (holds []bool, err error) {
	err = s.do(func() error {
		s.token, s.checked = half, true
		for i := range s.v.checks {
			err := s.hold(s.v.checks[i:i+1], nil)
			if err != nil && !errors.Is(err, errUnequal) {
				return err
			}
			holds = append(holds, err == nil)
		}
		return nil
	})
	return holds, err
}

var errUnequal = errors.New("a check of the plan does not hold")

// Open gives the session the credential. Where f is a Keeper, keys that are made
// of its fields alone are kept by it.
func (s *Session) Open(f Fields) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fields = f
	if k, ok := f.(Keeper); ok {
		s.derived = k.Derived()
	}
}

// Edit computes the value of edit i of the plan.
func (s *Session) Edit(i int) (Value, error) {
	var val Value
	err := s.do(func() error {
		if s.v.values[i] == nil {
			return errors.New("there is no expression to evaluate")
		}
		if len(s.v.checks) > 0 && !s.checked {
			return errUnchecked
		}
		e := evaluation{s: s}
		out, err := e.eval(s.v.values[i])
		kind := s.v.plan.Edits[i].Kind
		val = Value{out, e.derived(kind)}
		return err
	})
	if err != nil {
		return Value{}, err
	}
	return val, nil
}

// Digest takes the request's body as it came in, for the digests that the plan
// asks for; there may be none. RequestBody feeds it by itself.
func (s *Session) Digest() io.Writer { return digester{s} }

type digester struct{ s *Session }

func (d digester) Write(p []byte) (int, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.s.feed(p)
	return len(p), nil
}

func (s *Session) feed(p []byte) {
	if s.v.digests == 0 {
		return
	}
	for _, h := range s.digests {
		if h != nil {
			h.Write(p)
		}
	}
}

func (s *Session) digest(h abi.Hash) ([]byte, error) {
	if s.digests[h] == nil {
		return nil, fmt.Errorf("%s of the body is not kept", abi.Instr{Op: abi.OpDigest, Hash: h})
	}
	return s.digests[h].Sum(nil), nil
}

// running is a digest of what a body's calls absorb.
type running struct {
	hash hash.Hash
	kind abi.Hash // of hash; 0 where nothing was absorbed
}

func (s *Session) absorb(n *node, b []byte) error {
	r := &s.running[n.N]
	if r.kind == 0 {
		*r = running{newHash(n.Hash)(), n.Hash}
	}
	if r.kind != n.Hash {
		return fmt.Errorf("%s: this running digest was begun with another hash", n)
	}
	r.hash.Write(b)
	return nil
}

func (s *Session) total(n *node) ([]byte, error) {
	r := &s.running[n.N]
	if r.kind == 0 {
		return digest(n.Hash, nil), nil
	}
	if r.kind != n.Hash {
		return nil, fmt.Errorf("%s: this running digest was begun with another hash", n)
	}
	sum := r.hash.Sum(nil)
	r.hash.Reset()
	r.kind = n.Hash
	return sum, nil
}

func (s *Session) field(name string) ([]byte, bool) {
	if s.fields == nil {
		return nil, false
	}
	return s.fields.Field(name)
}

// hold evaluates checks. Each comparison takes the same time wherever its values
// differ.
func (s *Session) hold(checks []check, input []byte) error {
	for _, c := range checks {
		e := evaluation{s: s, input: input}
		a, err := e.eval(c.a)
		if err == nil {
			var b []byte
			if b, err = e.eval(c.b); err == nil && subtle.ConstantTimeCompare(a, b) == 1 {
				continue
			}
		}
		if err != nil && !errors.Is(err, errNoToken) {
			return err
		}
		no := fault.New(c.code)
		no.Word, no.Message = c.word, cmp.Or(c.message, no.Message)
		return no.Because(errors.Join(errUnequal, err))
	}
	return nil
}

// do runs one step. Its error ends the session.
func (s *Session) do(step func() error) error {
	if !s.Valid() {
		return fault.New(fault.CredentialUnavailable).Because(errors.New("there is no vetted plan to evaluate"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = s.blame(step())
	}
	return s.failed
}

// blame makes a fault of an error: the credential's, or else the plugin's.
func (s *Session) blame(err error) error {
	var f *fault.Fault
	var field lacking
	name := s.v.plan.Manifest.Name
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case errors.As(err, &field):
		return fault.Newf(fault.CredentialUnavailable, "this request needs the field %q, which the credential behind this proxy token doesn't have: ask the operator to set it", string(field)).
			Because(fmt.Errorf("plugin %s: %w", name, err))
	case errors.Is(err, ErrKey):
		return fault.New(fault.CredentialUnavailable).Because(fmt.Errorf("plugin %s: %w", name, err))
	}
	return fault.Newf(fault.PluginFailed, "the plugin %q failed on this request: ask the operator", name).
		Because(fmt.Errorf("plugin %s: %w", name, err))
}

// spend counts the bytes that went into operations.
func (s *Session) spend(n int) error {
	if s.work += n; s.work > maxWork {
		return fmt.Errorf("its expressions work on more than %d bytes", maxWork)
	}
	return nil
}

// signs counts the signatures that take long.
func (s *Session) signs() error {
	if s.signed++; s.signed > maxSigns {
		return fmt.Errorf("it asks for more than %d signatures by RSA, ECDSA or Ed25519", maxSigns)
	}
	return nil
}
