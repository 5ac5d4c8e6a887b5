package seks_test

import (
	"os"
	"strings"
	"testing"
)

// The plugin in README.md is the one that `seks plugin new` makes, which is
// built and tested as an example, and has about thirty lines.
func TestReadmePluginIsTheExample(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../examples/plugins/acme/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```go\n")
	source, _, ok := strings.Cut(rest, "```")
	if !ok || source != string(example) {
		t.Errorf("README.md has\n%s\nthe example is\n%s", source, example)
	}
	if lines := strings.Count(source, "\n"); lines > 32 {
		t.Errorf("the smallest plugin has %d lines", lines)
	}
}
