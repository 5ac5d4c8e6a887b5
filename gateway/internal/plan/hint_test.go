package plan

import (
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func TestHints(t *testing.T) {
	m := good()
	m.Hints = []abi.Hint{{Kind: abi.HintHeader, Name: "authorization", Prefix: "AWS ", Message: "one"}, {Kind: abi.HintQuery, Name: "Signature", Message: "two"}}
	p, err := ParseManifest(m.Marshal(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ header, value, query, want string }{
		{"Authorization", "aws id:x", "", "one"},
		{"Authorization", "AWS4-HMAC-SHA256 x", "", ""},
		{"Authorization", "AW", "", ""},
		{"X-Other", "AWS ", "", ""},
		{"X-Other", "", "a=1&%53ignature=x", "two"},
		{"X-Other", "", "a=Signature&signature=x", ""},
	} {
		if got := p.Hint([]request.Header{{Name: c.header, Value: c.value}}, c.query); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for name, h := range map[string]abi.Hint{
		"no kind": {Name: "x", Message: "m"}, "no message": {Kind: abi.HintQuery, Name: "x"}, "a header in capitals": {Kind: abi.HintHeader, Name: "X", Message: "m"},
		"two lines": {Kind: abi.HintQuery, Name: "x", Message: "a\nb"}, "a query's prefix": {Kind: abi.HintQuery, Name: "x", Prefix: "p", Message: "m"},
	} {
		m.Hints = []abi.Hint{h}
		if _, err := ParseManifest(m.Marshal(), ""); err == nil || !strings.Contains(err.Error(), "hint") {
			t.Errorf("%s: %v", name, err)
		}
	}
	m.Hints = make([]abi.Hint, abi.MaxHints+1)
	if _, err := ParseManifest(m.Marshal(), ""); err == nil {
		t.Error("too many hints are taken")
	}
}

func TestHeaderNeeds(t *testing.T) {
	m := &Manifest{Manifest: abi.Manifest{Headers: []string{"range", "x-amz-*"}}}
	all := &Manifest{Manifest: abi.Manifest{Headers: []string{"*"}}}
	for name, want := range map[string]bool{"Range": true, "X-Amz-Date": true, "x-amz-": true, "x-amz": false, "Ranges": false, "x-am": false} {
		if m.WantsHeader(name) != want || !all.WantsHeader(name) {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
