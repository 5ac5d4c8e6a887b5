package plan

import (
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func TestAlphabet(t *testing.T) {
	for text, want := range map[string]string{
		"a-c": "abc", "A-C0-2_-": "-012ABC_", "a-f0-9-": "-0123456789abcdef", "-": "-", "x": "x", "+/=~.": "+./=~", "a-": "-a",
		"": "", "c-a": "", "a-Z": "", "0-z": "", " ": "", "\"": "", "a-\xff": "", "\xff": "", ".-_": "", "%": "", "A-z": "",
	} {
		set, err := Alphabet(text)
		var got strings.Builder
		for c := range set {
			if set[c] && err == nil {
				got.WriteByte(byte(c))
			}
		}
		if got.String() != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", text, got.String(), err)
		}
	}
}

func TestKeyShapesOfAManifest(t *testing.T) {
	shape := abi.KeyShape{Name: "a key", Prefix: "sk-", Alphabet: "a-z", Min: 8, Max: 1024}
	for name, change := range map[string]func(*abi.KeyShape){
		"good": func(*abi.KeyShape) {}, "name": func(k *abi.KeyShape) { k.Name = "" }, "printable": func(k *abi.KeyShape) { k.Name = "a\n" },
		"prefix": func(k *abi.KeyShape) { k.Prefix = "s" }, "prefix of": func(k *abi.KeyShape) { k.Prefix = "Bearer " },
		"alphabet": func(k *abi.KeyShape) { k.Alphabet = "" }, "8 and at most": func(k *abi.KeyShape) { k.Min = 7 },
		"at least 8": func(k *abi.KeyShape) { k.Max = 7 }, "most 1024": func(k *abi.KeyShape) { k.Max = 1025 },
	} {
		m, k := good(), shape
		change(&k)
		m.KeyShapes = []abi.KeyShape{k}
		_, err := parse(m)
		if (err == nil) != (name == "good") || err != nil && !strings.Contains(err.Error(), strings.Split(name, " ")[0]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
