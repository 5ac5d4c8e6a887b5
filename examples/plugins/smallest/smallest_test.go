// Package smallest holds a plugin in WebAssembly text.
package smallest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// smallest.wasm is what smallest.wat says.
func TestModuleIsTheText(t *testing.T) {
	tool, err := exec.LookPath("wat2wasm")
	if err != nil {
		t.Skip("no wat2wasm here (Debian: wabt)")
	}
	out := filepath.Join(t.TempDir(), "out.wasm")
	if text, err := exec.Command(tool, "smallest.wat", "-o", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.ReadFile("smallest.wasm"); err != nil || !bytes.Equal(have, made) {
		t.Errorf("smallest.wasm is another: run make (%v)", err)
	}
}
