package scrub

import (
	"bytes"
	"io"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// MaxWhole is how long a coded answer of known length may be, in bytes, to be
// held until it has been searched.
const MaxWhole = 1 << 20

// NewWholeReader is NewReader for a body in a coding whose length is known, and
// at most MaxWhole. It takes all of the body, undoes its coding and searches it.
// Where nothing is to be masked, what it gives is the body byte for byte as it
// came, so that lengths, checksums and ranges of it stay true; asSent says so.
// Else it gives the body decoded and masked.
//
// The error is the upstream's, or a *fault.Fault where the coding is broken: no
// byte has been sent by then, so the agent gets a clear refusal.
func NewWholeReader(body io.Reader, length int, o Options) (r *Reader, asSent bool, err error) {
	sent := make([]byte, length)
	if _, err := io.ReadFull(body, sent); err != nil {
		return nil, false, fault.New(fault.UpstreamProtocol).Because(err)
	}
	found, err := bearing(sent, o)
	switch {
	case err != nil:
		return nil, false, err
	case found:
		r, err = NewReader(bytes.NewReader(sent), o)
		return r, false, err
	}
	r, err = NewReader(bytes.NewReader(sent), Options{})
	return r, true, err
}

// bearing says whether a coded body holds a secret, in whatever form.
func bearing(sent []byte, o Options) (bool, error) {
	o.OnHit = nil
	r, err := NewReader(bytes.NewReader(sent), o)
	if err != nil {
		return false, err
	}
	defer func() { _ = r.Close() }() // gives buffers back, no more
	buf := getBuffer(largeBuffer, 0)
	defer putBuffer(buf)
	for {
		n, err := r.Read(buf)
		if o.Look != nil {
			o.Look(buf[:n])
		}
		switch {
		case r.Hits() > 0:
			return true, nil
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, err
		}
	}
}
