// Package secret holds bytes that must not leak by accident: they cannot be
// printed, logged, compared with == or marshalled, and there is one door out.
package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
)

const redacted = "[secret]"

// ErrMarshal is what every encoder gets that tries to write a secret.
var ErrMarshal = errors.New("secret: a secret cannot be marshalled")

// Bytes is a secret value. The zero value is an empty secret.
//
// The bytes are behind a func: fmt, which walks unexported fields without
// calling their methods (and follows a pointer where the verb is wrong), finds
// an address and nothing to follow; and == does not compile.
type Bytes struct {
	open func() *[]byte
}

// New takes ownership of b: the caller must not use it afterwards.
func New(b []byte) Bytes { return Bytes{open: func() *[]byte { return &b }} }

// Reveal is the one door out. The result is the secret itself, not a copy:
// callers neither keep nor change it.
func (b Bytes) Reveal() []byte {
	if b.open == nil {
		return nil
	}
	return *b.open()
}

// Len is the number of bytes in the secret.
func (b Bytes) Len() int { return len(b.Reveal()) }

// Equal compares in time that depends on the lengths only.
func (b Bytes) Equal(o Bytes) bool {
	return subtle.ConstantTimeCompare(b.Reveal(), o.Reveal()) == 1
}

// Destroy overwrites the secret and empties every copy of this value.
func (b Bytes) Destroy() {
	if b.open == nil {
		return
	}
	p := b.open()
	clear(*p)
	*p = nil
}

// String, GoString and Format keep a secret out of every kind of print.
func (b Bytes) String() string { return redacted }

// GoString is what %#v prints.
func (b Bytes) GoString() string { return redacted }

// Format answers every verb alike.
func (b Bytes) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON always fails.
func (b Bytes) MarshalJSON() ([]byte, error) { return nil, ErrMarshal }

// MarshalText always fails.
func (b Bytes) MarshalText() ([]byte, error) { return nil, ErrMarshal }

// MarshalBinary always fails; gob uses it too.
func (b Bytes) MarshalBinary() ([]byte, error) { return nil, ErrMarshal }
