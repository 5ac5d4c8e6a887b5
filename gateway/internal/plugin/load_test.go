package plugin

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"
)

// module is one of these sections: an id and a body each.
func module(sections ...string) []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range sections {
		out = append(binary.AppendUvarint(append(out, s[0]), uint64(len(s)-1)), s[1:]...)
	}
	return out
}

// What a module calls its parts reaches no terminal as it is.
func TestNamesInFaultsAreReadable(t *testing.T) {
	// A function without parameters and results, exported under that name.
	m := module("\x01\x01\x60\x00\x00", "\x03\x01\x00", "\x07\x01\x0aseks_\x1b[2Jx\x00\x00", "\x0a\x01\x02\x00\x0b")
	_, err := testEngine(t).load(context.Background(), m, "")
	if err == nil || !strings.Contains(err.Error(), `seks_\x1b[2Jx`) || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q", err)
	}
}

// Whatever a file holds, to load it ends, and breaks nothing.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"ok", "start_section", "imports_env", "wrong_signature", "moody", "tables"} {
		f.Add(guest(f, name))
	}
	f.Add(module("\x0a\x01\x08\x01\xff\xff\xff\xff\x0f\x7f\x0b")) // four billion locals
	e := testEngine(f)
	e.startLimit, e.callLimit = callLimit, callLimit
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := e.load(context.Background(), b, "")
		if (p == nil) == (err == nil) {
			t.Fatalf("%v, %v", p, err)
		}
		if p == nil {
			return
		}
		if v, err := p.Plan("t", view("GET")); v.Valid() != (err == nil) {
			t.Fatalf("%v, %v", v, err)
		}
	})
}
