package seks_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// The modules that are kept were built from the sources that lie beside them.
func TestAssemblyScriptIsBuiltFromItsSource(t *testing.T) {
	const dir = "assemblyscript"
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		listed[name] = true
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if digest := sha256.Sum256(text); hex.EncodeToString(digest[:]) != sum {
			t.Errorf("%s is not what the modules were built from: run make in plugin-sdk/assemblyscript", name)
		}
	}
	sources, err := filepath.Glob(filepath.Join(dir, "*.ts"))
	if err != nil || len(sources) < 5 {
		t.Fatalf("%q %v", sources, err)
	}
	for _, s := range append(sources, dir+"/testdata/vectors.wasm", dir+"/../../examples/plugins/scripted/scripted.wasm") {
		if name := strings.TrimPrefix(s, dir+"/"); !listed[name] {
			t.Errorf("SHA256SUMS does not list %s: run make in plugin-sdk/assemblyscript", name)
		}
	}
}

// The vectors, run by the AssemblyScript SDK in wazero: what it reads it reads
// as the Go codec does, refuses what that refuses, and writes the same bytes.
func TestVectorsInAssemblyScript(t *testing.T) {
	ctx := context.Background()
	wasm, err := os.ReadFile("assemblyscript/testdata/vectors.wasm")
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string]int{}
	for _, v := range readVectors(t) {
		export := v.message
		reads := export == "View" || export == "AnswerHead"
		if !reads {
			export = strings.ReplaceAll(v.name, "-", "_")
		}
		g, err := start(ctx, newRuntime(t, true), wasm)
		if err != nil {
			t.Fatal(err)
		}
		if g.ExportedFunction(export) == nil {
			continue // a manifest with more in it than the SDK writes, or what only a host reads
		}
		out, err := g.call(ctx, export, v.bytes)
		switch {
		case v.refused && err == nil:
			t.Errorf("%s is taken", v.name)
		case !v.refused && (err != nil || !bytes.Equal(out, v.canonical)):
			t.Errorf("%s: %v\n% x, want\n% x", v.name, err, out, v.canonical)
		}
		ran[v.message]++
	}
	for message, least := range map[string]int{"View": 4, "AnswerHead": 1, "Manifest": 1, "Plan": 6, "ScrubPlan": 1, "BodyResult": 3} {
		if ran[message] < least {
			t.Errorf("%d vectors of %s were run", ran[message], message)
		}
	}
}

// Body calls: the pieces of one body go to one Body, which knows what the plan gave
// with it, and the next body begins with another.
func TestAssemblyScriptBodies(t *testing.T) {
	ctx := context.Background()
	wasm, err := os.ReadFile("assemblyscript/testdata/vectors.wasm")
	if err != nil {
		t.Fatal(err)
	}
	g, err := start(ctx, newRuntime(t, true), wasm)
	if err != nil {
		t.Fatal(err)
	}
	const last, first, told = 1, 2, 4
	for i, c := range []struct {
		export string
		piece  string
		flags  uint64
		says   string // beside the piece; "-" for no output at all
	}{
		{abi.ExportRequestBody, "a", first, ""},
		{abi.ExportRequestBody, "\xff\x00", 0, ""},
		{abi.ExportRequestBody, "", last, "3"},
		{abi.ExportRequestBody, "two\xff", first | told, "-"},
		{abi.ExportRequestBody, "b", 0, ""},
		{abi.ExportResponseBody, "c", first, ""},
		{abi.ExportRequestBody, strings.Repeat("d", abi.MaxBodyInView), last | 8, "two\xff2"},
		{abi.ExportResponseBody, "", last, "answer2"},
		{abi.ExportResponseBody, "e", first | last, "answer1"},
	} {
		out, err := g.call(ctx, c.export, []byte(c.piece), c.flags)
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		var want []byte
		if c.says != "-" {
			r := abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentInput, Length: uint64(len(c.piece))}}}
			if c.says != "" {
				r.Segments = append(r.Segments, abi.Segment{Kind: abi.SegmentLiteral, Bytes: []byte(c.says)})
			}
			want = r.Marshal()
		}
		if !bytes.Equal(out, want) {
			t.Errorf("call %d gives % x, want % x", i, out, want)
		}
	}
}

// The rules of ABI.md §3 that no vector of a View has, one by one.
func TestAssemblyScriptReadsByTheRules(t *testing.T) {
	ctx := context.Background()
	wasm, err := os.ReadFile("assemblyscript/testdata/vectors.wasm")
	if err != nil {
		t.Fatal(err)
	}
	header := "\x42\x06\x0a\x01a\x12\x01b"
	for name, c := range map[string]struct {
		raw  string
		view *abi.View // nil: refused
	}{
		"nothing":                  {"", &abi.View{}},
		"another order":            {"\x58\x07\x0a\x01G", &abi.View{Method: "G", Time: 7}},
		"defaults written out":     {"\x0a\x00\x58\x00", &abi.View{}},
		"a long number":            {"\x58\x87\x00", &abi.View{Time: 7}},
		"unknown fields":           {"\xa0\x06\x01\xa1\x06\x01\x02\x03\x04\x05\x06\x07\x08\xa2\x06\x01x\xa5\x06\x01\x02\x03\x04\x0a\x01G", &abi.View{Method: "G"}},
		"headers that repeat":      {header + header, &abi.View{Headers: []abi.Header{{Name: "a", Value: "b"}, {Name: "a", Value: "b"}}}},
		"bytes that are no UTF-8":  {"\x32\x02\xff\x00", &abi.View{Path: "\xff\x00"}},
		"a string that is UTF-8":   {"\x12\x03h\xc3\xa9", &abi.View{Scheme: "hé"}},
		"the largest number":       {"\x58\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &abi.View{Time: 1<<64 - 1}},
		"a field twice":            {"\x0a\x01a\x0a\x01b", nil},
		"a number twice":           {"\x58\x01\x58\x01", nil},
		"cut":                      {"\x0a\x05ab", nil},
		"a length of four billion": {"\x0a\xff\xff\xff\xff\x0f", nil},
		"a group":                  {"\xa3\x06\xa4\x06", nil},
		"another wire type":        {"\x08\x01", nil},
		"field zero":               {"\x00\x00", nil},
		"an enum too large":        {"\x60\x80\x80\x80\x80\x10", nil},
		"a string that is none":    {"\x12\x01\xff", nil},
		"an overlong string":       {"\x12\x02\xc0\x80", nil},
		"a surrogate":              {"\x12\x03\xed\xa0\x80", nil},
		"a fault deep inside":      {"\x42\x02\x0a\x05", nil},
	} {
		var own abi.View
		if err := own.Unmarshal([]byte(c.raw)); (err == nil) != (c.view != nil) {
			t.Errorf("%s: our own codec says %v", name, err)
		}
		g, err := start(ctx, newRuntime(t, true), wasm)
		if err != nil {
			t.Fatal(err)
		}
		out, err := g.call(ctx, "View", []byte(c.raw))
		switch {
		case c.view == nil && err == nil:
			t.Errorf("%s is taken as % x", name, out)
		case c.view != nil && (err != nil || !bytes.Equal(out, c.view.Marshal())):
			t.Errorf("%s: %v, % x", name, err, out)
		}
		// A bug's message is for the operator.
		if c.view == nil && !strings.Contains(g.stderr.String(), " at ") {
			t.Errorf("%s: the guest says %q", name, g.stderr.String())
		}
	}
}

// vectorFile is one of abi/testdata/vectors.
type vectorFile struct {
	name, message    string
	bytes, canonical []byte
	refused          bool
}

func readVectors(t *testing.T) (list []vectorFile) {
	t.Helper()
	files, err := filepath.Glob("abi/testdata/vectors/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v := vectorFile{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
		for _, paragraph := range strings.Split(string(text), "\n\n") {
			head, rest, _ := strings.Cut(paragraph, ":")
			switch head {
			case "message":
				v.message = strings.TrimSpace(rest)
			case "hex":
				v.bytes = unhex(t, rest)
			case "canonical":
				v.canonical = unhex(t, rest)
			case "refused":
				v.refused = true
			}
		}
		if v.canonical == nil {
			v.canonical = v.bytes
		}
		list = append(list, v)
	}
	return list
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
