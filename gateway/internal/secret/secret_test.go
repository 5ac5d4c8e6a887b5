package secret

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const value = "sk-live-0123456789abcdef"

func TestNothingPrintsASecret(t *testing.T) {
	type holder struct {
		name string
		s    Bytes
		list []Bytes
		m    map[string]Bytes
	}
	s := New([]byte(value))
	h := holder{"x", s, []Bytes{s}, map[string]Bytes{"k": s}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		for _, arg := range []any{s, &s, h, &h, h.list, h.m, fmt.Errorf("wrapped %v", s)} {
			got := fmt.Sprintf(verb, arg)
			if strings.Contains(got, value) || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", value)) ||
				strings.Contains(got, "115 107 45") {
				t.Errorf("%s of %T printed the secret: %s", verb, arg, got)
			}
		}
	}
	var buf bytes.Buffer
	slog.New(slog.NewJSONHandler(&buf, nil)).Info("m", "s", s, "h", h)
	slog.New(slog.NewTextHandler(&buf, nil)).Info("m", "s", s, "h", h)
	if strings.Contains(buf.String(), value) {
		t.Errorf("slog printed the secret: %s", buf.String())
	}
}

func TestNothingMarshalsASecret(t *testing.T) {
	s := New([]byte(value))
	if _, err := json.Marshal(map[string]any{"s": s}); err == nil {
		t.Error("json took a secret")
	}
	if err := gob.NewEncoder(&bytes.Buffer{}).Encode(struct{ S Bytes }{s}); err == nil {
		t.Error("gob took a secret")
	}
}

func TestEqualAndDestroy(t *testing.T) {
	raw := []byte(value)
	a, b := New(raw), New([]byte(value))
	if !a.Equal(b) || a.Equal(New([]byte("other"))) || a.Equal(Bytes{}) {
		t.Error("Equal is wrong")
	}
	c := a
	a.Destroy()
	if c.Len() != 0 || !bytes.Equal(raw, make([]byte, len(raw))) {
		t.Error("Destroy left the secret in memory or in a copy")
	}
	Bytes{}.Destroy()
}
