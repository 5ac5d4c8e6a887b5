package e2e

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every official client, unmodified but for its endpoint and its key, does what
// its users do, and raises its own errors; what each was asked, and passed, is
// the README's table.
func TestClients(t *testing.T) {
	w, passed := theWorld(t), newTally(t)
	for _, g := range []goClient{goOpenAI(), goAnthropic(), goGemini(), goGitHub(t), goGitHubEnterprise(t), goCloudflare(), goCloudflareKey()} {
		t.Run(g.name, func(t *testing.T) { w.runGo(t, passed, g) })
	}
	t.Run("npm", func(t *testing.T) {
		for name := range nodeClients {
			passed.left = append(passed.left, nodeVersion(t, name))
		}
		node := installNode(t)
		passed.left = nil
		for name := range nodeClients {
			t.Run(name, func(t *testing.T) { w.runNode(t, passed, node, name) })
		}
	})
	t.Run("Debian", func(t *testing.T) { w.runDebian(t, passed) })
	w.clean(t)
	// A part of the clients makes no table.
	if run := flag.Lookup("test.run"); !t.Failed() && !strings.Contains(run.Value.String(), "/") {
		passed.compare(t)
	}
}

// moduleVersion is the version of a module that go.mod asks for.
func moduleVersion(t *testing.T, module string) string {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(module) + ` v(\S+)$`).FindSubmatch(mod)
	if m == nil {
		t.Fatalf("go.mod doesn't ask for %s", module)
	}
	return string(m[1])
}
