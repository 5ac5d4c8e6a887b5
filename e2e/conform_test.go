package e2e

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/seksbot/seks-broker/e2e/harness"
)

// What the build makes keeps to the contract, all that `seks plugin check` looks
// at.
func TestBuiltInsKeepToTheContract(t *testing.T) {
	modules, err := filepath.Glob(filepath.Join(build, "plugins", "*.wasm"))
	if err != nil || len(modules) < 2 {
		t.Fatalf("%q %v", modules, err)
	}
	b := newBroker(t, harness.Options{})
	for _, module := range modules {
		t.Run(filepath.Base(module), func(t *testing.T) {
			t.Parallel()
			keepsToTheContract(t, b, module)
		})
	}
}

func keepsToTheContract(t *testing.T, b *harness.Broker, module string, flags ...string) {
	t.Helper()
	res, err := b.Run("", append([]string{"plugin", "check", module, "--json"}, flags...)...)
	if err != nil {
		t.Fatal(err)
	}
	var results []struct {
		Check, Says string
		OK          bool
	}
	if err := json.Unmarshal([]byte(res.Out), &results); err != nil || res.Status != 0 || len(results) < 10 {
		t.Errorf("exit %d, %v: %s%s", res.Status, err, res.Out, res.Err)
	}
}
