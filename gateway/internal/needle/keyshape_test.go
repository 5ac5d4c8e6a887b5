package needle

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func shapes() *KeyShapes {
	var word, lower [256]bool
	for c := range 128 {
		word[c] = wordByte(byte(c))
		lower[c] = c >= 'a' && c <= 'z'
	}
	return NewKeyShapes([]KeyShape{
		{Name: "one", Prefix: "sk-", Alphabet: word, Min: 10, Max: 30},
		{Name: "two", Prefix: "sk-ant-", Alphabet: word, Min: 10, Max: 20},
		{Name: "three", Prefix: "ghs_", Alphabet: lower, Min: 12, Max: 12},
		{Name: "four", Prefix: "AQ.", Alphabet: lower, Min: 10, Max: 20},
	})
}

// found lists what is found, as "name:key", with the text given in pieces.
func found(s *KeyShapes, text string, pieces ...int) (list []string) {
	var held []byte
	from := 0
	for i := 0; ; i++ {
		ended := i == len(pieces)
		n := len(text)
		if !ended {
			n = min(pieces[i], n)
		}
		held, text = append(held, text[:n]...), text[n:]
		hits, undecided := s.Find(held, from, ended, nil)
		for _, h := range hits {
			list = append(list, s.Name(h.Shape)+":"+string(held[h.Start:h.End]))
		}
		if ended {
			return list
		}
		if len(held)-undecided > s.MaxLen() {
			panic("too much is undecided")
		}
		keep := max(0, undecided-ShapeContext)
		held, from = append([]byte(nil), held[keep:]...), undecided-keep
	}
}

func TestKeyShapes(t *testing.T) {
	const k = "sk-0123456789"
	for text, want := range map[string][]string{
		"":                                nil,
		k:                                 {"one:" + k},
		`{"key":"` + k + `"}`:             {"one:" + k},
		"a b " + k + " c " + k + "xyz.":   {"one:" + k, "one:" + k + "xyz"},
		`"x\n` + k + `\n"`:                {"one:" + k},
		`"\u003c` + k + `"`:               {"one:" + k},
		"key=%22" + k + "%22":             {"one:" + k},
		"sk-012345678 ":                   nil, // too short
		"task-0123456789abc":              nil, // in a word
		"x\\qsk-0123456789":               nil,
		"_" + k + " -" + k:                nil,
		"sk-" + strings.Repeat("a", 30):   {"one:sk-" + strings.Repeat("a", 30)},
		"sk-" + strings.Repeat("a", 31):   nil,                       // too long to be one
		"sk-ant-0123456789":               {"two:sk-ant-0123456789"}, // as long as the other: the first of the list? no: see below
		"ghs_abcdefghijkl":                {"three:ghs_abcdefghijkl"},
		"ghs_abcdefghijkL":                nil,
		"ghs_abcdefghijklm":               nil,
		"sk-sk-0123456789":                {"one:sk-sk-0123456789"},
		"ghs_ " + k + ",ghs_abcdefghijkl": {"one:" + k, "three:ghs_abcdefghijkl"},
	} {
		got := found(shapes(), text)
		if text == "sk-ant-0123456789" { // both are shapes of it
			if len(got) != 1 {
				t.Errorf("%q: %q", text, got)
			}
			continue
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if hits, undecided := (*KeyShapes)(nil).Find([]byte(k), 0, false, nil); hits != nil || undecided != len(k) || NewKeyShapes(nil) != nil || (*KeyShapes)(nil).MaxLen() != 0 {
		t.Error("no shapes find something")
	}
}

// However a text is split, the same keys are found in it.
func TestKeyShapesAtEverySplit(t *testing.T) {
	s := shapes()
	text := `{"a":"sk-0123456789","b":"\nsk-ant-0123456789abc%3Asks","c":"ghs_abcdefghijkl ghs_abcdefghijklm sk-","d":"\u003csk-` + strings.Repeat("x", 31) + ` sk-` + strings.Repeat("y", 30)
	want := found(s, text)
	if len(want) != 4 {
		t.Fatalf("%q", want)
	}
	for one := range len(text) {
		for two := range 20 {
			if got := found(s, text, one, two); !slices.Equal(got, want) {
				t.Fatalf("split at %d and %d: %q", one, one+two, got)
			}
		}
	}
	bytes := slices.Repeat([]int{1}, len(text))
	if got := found(s, text, bytes...); !slices.Equal(got, want) {
		t.Errorf("by bytes: %q", got)
	}
}

// FuzzKeyShapes: the split changes nothing, and each hit is what its shape says.
func FuzzKeyShapes(f *testing.F) {
	f.Add(`"sk-0123456789" ghs_abcdefghijkl`, 5, 7)
	f.Add(`\nsk-ant-abcdefghij%41sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`, 3, 1)
	f.Fuzz(func(t *testing.T, text string, one, two int) {
		s := shapes()
		want := found(s, text)
		if got := found(s, text, max(0, one%(len(text)+1)), max(0, two%(len(text)+1))); !slices.Equal(got, want) {
			t.Fatalf("%q, split at %d and %d: %q, want %q", text, one, two, got, want)
		}
		for _, hit := range want {
			name, key, _ := strings.Cut(hit, ":")
			i := slices.IndexFunc(s.list, func(k KeyShape) bool { return k.Name == name })
			if n, is, _ := s.list[i].at([]byte(key), false); !is || n != len(key) || !strings.Contains(text, key) {
				t.Fatalf("%q is no key", hit)
			}
		}
	})
}

func BenchmarkKeyShapes(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Repeat(`{"id":"obj_7","name":"a thing of some sort","count":17,"tags":["red","green"],"at":"2026-11-23T19:00:00Z"},`, 600)
	random := make([]byte, 48<<10)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	for name, text := range map[string]string{"json": words, "base64": base64.StdEncoding.EncodeToString(random), "binary": string(random)} {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			s, t := shapes(), []byte(text)
			b.SetBytes(int64(len(t)))
			for b.Loop() {
				s.Find(t, 0, false, nil)
			}
		})
	}
}
