package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// nodeClients are those of node/suites.mjs, by their name in package.json.
var nodeClients = map[string]nodeClient{
	"openai":            {"openai", wants{kinds: map[int]string{0: "APIError"}, upstream: 429}},
	"openai-7":          {"openai", wants{kinds: map[int]string{0: "APIError"}, upstream: 429}},
	"@anthropic-ai/sdk": {"anthropic", wants{kinds: map[int]string{0: "APIError"}, upstream: 529}},
	"anthropic-sdk-0":   {"anthropic", wants{kinds: map[int]string{0: "APIError"}, upstream: 529}},
	"octokit":           {"github", wants{kinds: map[int]string{0: "RequestError"}, upstream: 404}},
	"@octokit/rest":     {"github", wants{kinds: map[int]string{0: "RequestError"}, upstream: 404}},
	"@notionhq/client":  {"notion", wants{kinds: map[int]string{0: "APIResponseError"}, upstream: 404}},
	"@google/genai":     {"gemini", wants{kinds: map[int]string{0: "ApiError"}, upstream: 429}},
	"genai-2":           {"gemini", wants{kinds: map[int]string{0: "ApiError"}, upstream: 429}},
	"cloudflare":        {"cloudflare", wants{kinds: map[int]string{0: "APIError"}, upstream: 404}},
	"brave-search":      {"brave", wants{kinds: map[int]string{0: "BraveSearchError"}, upstream: 422}},
}

type nodeClient struct {
	provider string
	wants    wants
}

func (w *world) runNode(t *testing.T, passed *tally, node, name string) {
	w.runSuite(t, passed, node, name, name, nodeClients[name])
}

// runSuite runs a suite of node/suites.mjs with the client that has a name in
// package.json.
func (w *world) runSuite(t *testing.T, passed *tally, node, suite, name string, c nodeClient) {
	p := w.providers[c.provider]
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "node/suite.mjs")
	cmd.Env = []string{"HOME=" + t.TempDir(), "CLIENT=" + suite, "BASE=" + w.URL, "TOKEN=" + p.token, "READ_ONLY=" + p.readOnly, "GRANTING=" + p.granting}
	judge(t, passed, nodeVersion(t, name), c.wants, cmd)
}

// judge runs a script that says how each step went, and holds that to what it
// should be.
func judge(t *testing.T, passed *tally, client string, wants wants, cmd *exec.Cmd) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v: %s", err, stderr.Bytes())
	}
	steps := 0
	for line := range strings.Lines(string(out)) {
		var o outcome
		if json.Unmarshal([]byte(line), &o) != nil || o.Step == "" {
			continue // what a client prints by itself
		}
		steps++
		t.Run(o.Step, func(t *testing.T) {
			if wants.check(t, o); !t.Failed() {
				passed.pass(client, o.Step)
			}
		})
	}
	if steps < 3 {
		t.Errorf("only %d steps were taken: %s%s", steps, out, stderr.Bytes())
	}
}

// nodeVersion is a package's own name and version, by the name that it has in
// package.json.
func nodeVersion(t *testing.T, name string) string {
	text, err := os.ReadFile("node/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Dependencies map[string]string }
	if err := json.Unmarshal(text, &p); err != nil || p.Dependencies[name] == "" {
		t.Fatalf("package.json doesn't ask for %s (%v)", name, err)
	}
	version := p.Dependencies[name]
	if alias, ok := strings.CutPrefix(version, "npm:"); ok {
		at := strings.LastIndex(alias, "@")
		name, version = alias[:at], alias[at+1:]
	}
	return name + " (npm) " + version
}
