package scrub

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
)

type names []string

func (n *names) Saw(shape string) { *n = append(*n, shape) }

func keyShapes() *needle.KeyShapes {
	var word [256]bool
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-" {
		word[c] = true
	}
	return needle.NewKeyShapes([]needle.KeyShape{{Name: "a key", Prefix: "sk-", Alphabet: word, Min: 10, Max: 40}, {Name: "another", Prefix: "ghp_", Alphabet: word, Min: 36, Max: 36}})
}

var shapeText = strings.Repeat(`{"text":"nothing of interest, task-force-of-many-words-without-end","n":1},`, 200)

func TestShapesAreSeenAndMasked(t *testing.T) {
	one, two := "sk-0123456789abc", "ghp_"+strings.Repeat("x", 36)
	text := one + " " + shapeText + `"` + one + `"` + shapeText + two + "\n" + shapeText + "key: " + two
	masked := strings.NewReplacer(one, "[REDACTED]******", two, "[REDACTED]"+strings.Repeat("*", 30)).Replace(text)
	want := []string{"a key", "a key", "another", "another"}
	for name, read := range map[string]func(io.Reader) io.Reader{
		"at once": func(r io.Reader) io.Reader { return r }, "by bytes": iotest.OneByteReader, "by halves": iotest.HalfReader, "end with data": iotest.DataErrReader,
	} {
		var seen names
		got, err := io.ReadAll(MaskShapes(read(strings.NewReader(text)), keyShapes(), &seen))
		if err != nil || string(got) != masked || !slices.Equal(seen, want) {
			t.Errorf("%s: %v, %q, masked %v", name, err, seen, string(got) == masked)
		}
		seen = nil
		var s Sighting
		s.Begin(keyShapes(), &seen)
		for buf, r := make([]byte, 10000), read(strings.NewReader(text)); ; {
			n, err := r.Read(buf)
			s.Look(buf[:n])
			if cap(s.held) > 4*pieceSize {
				t.Fatalf("%d bytes are held", cap(s.held))
			}
			if err != nil {
				break
			}
		}
		if s.End(); !slices.Equal(seen, want) {
			t.Errorf("%s: %q", name, seen)
		}
	}
}

// A body that breaks off lets out no beginning of a key.
func TestMaskedShapesFailClosed(t *testing.T) {
	broken := errors.New("broken")
	got, err := io.ReadAll(MaskShapes(io.MultiReader(strings.NewReader("text sk-0123456789"), iotest.ErrReader(broken)), keyShapes(), new(names)))
	if err != broken || string(got) != "text " {
		t.Errorf("%q, %v", got, err)
	}
}

// An event without a key leaves as it comes.
func TestMaskedShapesHoldNoEventBack(t *testing.T) {
	r, w := io.Pipe()
	m := MaskShapes(r, keyShapes(), new(names))
	for _, event := range []string{"data: one sk-\n\n", "data: two\n\n"} {
		go func() { _, _ = io.WriteString(w, event) }()
		buf := make([]byte, 100)
		if n, err := io.ReadAtLeast(m, buf, len(event)); err != nil || string(buf[:n]) != event {
			t.Errorf("%q, %v", buf[:n], err)
		}
	}
}
