package seks_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// messages are in the order of testdata/vectors/main.go.
var messages = []string{"Manifest", "Parameters", "View", "Plan", "AnswerHead", "ScrubPlan", "BodyResult"}

// The Go SDK's codec reads every vector in WebAssembly as it does natively.
func TestVectorsInWebAssembly(t *testing.T) {
	files, err := filepath.Glob("abi/testdata/vectors/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatal(len(files), err)
	}
	ctx, r := context.Background(), newRuntime(t, true)
	g, err := start(ctx, r, buildGuest(t, ".", "./testdata/vectors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		message, _, _ := strings.Cut(strings.TrimPrefix(string(text), "message: "), "\n")
		kind := slices.Index(messages, message)
		if kind < 0 {
			t.Fatalf("%s is of %q", file, message)
		}
		raw := digits(t, text, "hex:")
		at, err := g.ExportedFunction("vectors_buffer").Call(ctx, uint64(len(raw)))
		if err != nil || !g.Memory().Write(uint32(at[0]), raw) {
			t.Fatal(file, err)
		}
		res, err := g.ExportedFunction("vectors_read").Call(ctx, uint64(kind), uint64(len(raw)))
		if err != nil {
			t.Fatal(file, err)
		}
		out, ok := g.Memory().Read(uint32(res[0]>>32), uint32(res[0]))
		if !ok {
			t.Fatal(file, errOutside)
		}
		want := append([]byte{1}, raw...)
		if _, why, refused := strings.Cut(string(text), "\nrefused: "); refused {
			want = append([]byte{0}, strings.TrimSpace(why)...)
		} else if strings.Contains(string(text), "\ncanonical: ") {
			want = append([]byte{1}, digits(t, text, "\ncanonical:")...)
		}
		if !bytes.Equal(out, want) {
			t.Errorf("%s: %q, want %q", file, out, want)
		}
	}
}

// digits are the bytes of a paragraph of a vector's file.
func digits(t *testing.T, file []byte, heading string) []byte {
	t.Helper()
	_, rest, _ := strings.Cut(string(file), heading)
	paragraph, _, _ := strings.Cut(rest, "\n\n")
	b, err := hex.DecodeString(strings.Join(strings.Fields(paragraph), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
