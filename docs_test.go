package broker

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every promise in SECURITY.md names the tests that prove it; a test that was
// renamed or deleted takes its promise down with it.
func TestSecurityNamesRealTests(t *testing.T) {
	have := map[string]bool{}
	def := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range def.FindAllStringSubmatch(string(text), -1) {
			have[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(read(t, "SECURITY.md"), -1)
	if len(named) < 30 {
		t.Fatalf("SECURITY.md names only %d tests", len(named))
	}
	for _, m := range named {
		if !have[m[1]] {
			t.Errorf("SECURITY.md names %s, which is no test here", m[1])
		}
	}
}

// Links between the documents lead somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)\)`)
	docs, err := filepath.Glob("*/*/README.md")
	if err != nil || len(docs) < 7 {
		t.Fatalf("%q, %v", docs, err)
	}
	docs = append(docs, "README.md", "RATIONALE.md", "SECURITY.md", "plugin-sdk/README.md", "plugin-sdk/ABI.md", "examples/plugins/acme/README.md")
	for _, doc := range docs {
		for _, m := range link.FindAllStringSubmatch(read(t, doc), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s, which isn't there", doc, m[1])
			}
		}
	}
}

// The README's make targets and the Makefile's own are the same.
func TestReadmeNamesRealTargets(t *testing.T) {
	makefile := read(t, "Makefile")
	for _, m := range regexp.MustCompile("make ([a-z]+)").FindAllStringSubmatch(read(t, "README.md"), -1) {
		if !strings.Contains(makefile, "\n"+m[1]+":") {
			t.Errorf("README.md says `make %s`, which the Makefile doesn't have", m[1])
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
