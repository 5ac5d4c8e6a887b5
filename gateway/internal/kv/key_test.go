package kv

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestKeysAreUnambiguous(t *testing.T) {
	parts := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune{0, 1, 2, 'a', 0xff, 0x100}), 0, 200, -1), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		if got, ok := Split(Key(a...)); !ok || !slices.Equal(got, a) {
			t.Fatalf("%q came back as %q", a, got)
		}
		startsWith := len(b) >= len(a) && slices.Equal(b[:len(a)], a)
		if bytes.HasPrefix(Key(b...), Key(a...)) != startsWith {
			t.Fatalf("%q and %q: prefix of keys and prefix of parts differ", a, b)
		}
	})
}

func FuzzSplit(f *testing.F) {
	for _, seed := range [][]byte{Key("token", "abc"), {0x05, 'a'}, bytes.Repeat([]byte{0xff}, 12), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key []byte) {
		parts, ok := Split(key)
		if ok && len(Key(parts...)) > len(key) {
			t.Fatalf("%x split into %q", key, parts)
		}
	})
}
