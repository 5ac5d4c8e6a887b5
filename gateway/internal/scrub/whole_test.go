package scrub

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// A coded answer of known length leaves byte for byte as it came, or decoded and
// masked; never as it came with a secret in it.
func TestWholeAnswers(t *testing.T) {
	for _, coding := range codings {
		o := Options{Needles: set(key), Coding: header(coding)}
		clean, bearing := encode(coding, strings.Repeat("clean ", 5000)), encode(coding, strings.Repeat("x", 5000)+key)
		r, asSent, err := NewWholeReader(oneByOne(clean), len(clean), o)
		if err != nil || !asSent {
			t.Fatalf("%s: %v %v", coding, asSent, err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != clean {
			t.Errorf("%s: a clean body was changed, %v", coding, err)
		}
		hits := 0
		o.OnHit = func(Hit) { hits++ }
		r, asSent, err = NewWholeReader(split(bearing, 7), len(bearing), o)
		if err != nil || asSent {
			t.Fatalf("%s: %v %v", coding, asSent, err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != strings.Repeat("x", 5000)+maskOf("cred-0", len(key)) || hits != 1 {
			t.Errorf("%s: %q, %d hits, %v", coding, got, hits, err)
		}
		for name, broken := range map[string]string{"cut": clean[:len(clean)-1], "more": clean + "x"} {
			if _, _, err := NewWholeReader(split(broken), len(broken), o); fault.From(err).Code != fault.UpstreamProtocol {
				t.Errorf("%s, %s: %v", coding, name, err)
			}
		}
		if _, _, err := NewWholeReader(split(clean[:9]), len(clean), o); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: an upstream that broke off: %v", coding, err)
		}
	}
}
