package abi

import (
	"bytes"
	"testing"
)

// fuzzCodec: whatever comes in, Unmarshal returns; what it takes has one
// canonical form, which it takes again and which means the same.
func fuzzCodec(f *testing.F, name string) {
	for _, v := range vectors() {
		if v.message == name {
			f.Add(v.bytes())
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		m := topLevel[name]()
		if m.Unmarshal(in) != nil {
			return
		}
		b := m.Marshal()
		again := topLevel[name]()
		if err := again.Unmarshal(b); err != nil {
			t.Fatalf("% x is its own canonical form, and refused: %v", b, err)
		}
		if b2 := again.Marshal(); !bytes.Equal(b, b2) {
			t.Fatalf("% x became % x", b, b2)
		}
		if p, ok := m.(*Plan); ok {
			_ = p.Text()
		}
	})
}

func FuzzManifest(f *testing.F)   { fuzzCodec(f, "Manifest") }
func FuzzView(f *testing.F)       { fuzzCodec(f, "View") }
func FuzzPlan(f *testing.F)       { fuzzCodec(f, "Plan") }
func FuzzAnswerHead(f *testing.F) { fuzzCodec(f, "AnswerHead") }
func FuzzScrubPlan(f *testing.F)  { fuzzCodec(f, "ScrubPlan") }
func FuzzBodyResult(f *testing.F) { fuzzCodec(f, "BodyResult") }
func FuzzParameters(f *testing.F) { fuzzCodec(f, "Parameters") }
