// Package sdktest runs a plugin's logic under plain `go test`: raw requests in,
// and out come the plan in words and the request that would go upstream, with
// stand-ins for the credential's fields. It is a help for authors; `seks plugin
// eval` shows the same through the broker itself, on the compiled module.
package sdktest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

var update = flag.Bool("update", false, "rewrite the .golden files")

// Run makes a subtest of each testdata/*.http, a raw HTTP/1.1 request as an
// agent sends it to the broker, and compares the result with the .golden file
// beside it. `go test -update` rewrites those.
func Run(t *testing.T, p seks.Provider, fields map[string]string) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no request in testdata/*.http (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Eval(p, string(raw), fields)
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".http") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v: run the test with -update", err)
			}
			if !bytes.Equal([]byte(got), want) {
				t.Errorf("the plugin gives:\n%s\nthe golden file has:\n%s", got, want)
			}
		})
	}
}

// Eval is the plan for a raw request, and the request that it makes, as text.
// Where the host would refuse the plan for what it does with a field, the error
// says so.
func Eval(p seks.Provider, raw string, fields map[string]string) (string, error) {
	req, err := parse(raw)
	if err != nil {
		return "", err
	}
	if len(p.Manifest.Upstreams) == 0 {
		return "", fmt.Errorf("the manifest has no upstream")
	}
	view := req.view(&p.Manifest)
	made := p.Always
	if p.Plan != nil {
		made = p.Plan(view)
	}
	if made == nil {
		return "", fmt.Errorf("there is no plan: Plan returned nil, or the Provider has neither Always nor Plan")
	}
	// Through the codec and back, as on its way to the host.
	var plan abi.Plan
	if err := plan.Unmarshal(made.Marshal()); err != nil {
		return "", fmt.Errorf("the plan can't be read back: %w", err)
	}
	text := "plan:\n" + plan.Text()
	if plan.Refusal != nil {
		return text, nil
	}
	e := evaluation{manifest: &p.Manifest, fields: fields}
	out, err := req.apply(&plan, view, &e)
	if err != nil {
		return "", err
	}
	return text + "\nrequest:\n" + out, nil
}
