package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream/apis"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// Three vendors' clients for Go before aimock, a server of their APIs that nobody
// here wrote. It takes a request only if every key in it is one of the real ones:
// a proxy token that came through in any of its slots would be a 401.
func TestAimock(t *testing.T) {
	keys := map[string]string{"openai": newKey(), "anthropic": newKey(), "gemini": newKey()}
	url := startAimock(t, keys)
	var tables strings.Builder
	for name := range keys {
		fmt.Fprintf(&tables, "[providers.%s]\nupstream = %q\n", name, url)
	}
	b := newBroker(t, harness.Options{Providers: tables.String()})
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Kill() })
	w := &world{Broker: b, providers: map[string]*provider{}}
	for name, key := range keys {
		p := &provider{name: name, key: key}
		if err := w.credentials(p); err != nil {
			t.Fatal(err)
		}
		w.providers[name] = p
	}
	clients := []goClient{goOpenAI(), goAnthropic(), goGemini()}
	for _, g := range clients {
		t.Run(g.name, func(t *testing.T) {
			w.runGo(t, newTally(t), goClient{name: g.name, module: g.module, provider: g.provider, wants: g.wants, call: g.call, stream: g.stream, writing: g.writing})
		})
	}
	// That it does look at keys.
	for _, g := range clients {
		if err := w.Must(newKey(), "credential", "rotate", g.provider+"-key"); err != nil {
			t.Fatal(err)
		}
		err := g.call(&conn{t.Context(), w.base(g.provider), w.providers[g.provider].token, nil})
		if o := g.outcome(stepCall, err); o.Status != 401 {
			t.Errorf("%s with a wrong key: %+v", g.name, o)
		}
	}
}

// startAimock starts it on a port of its own; it ends with the test.
func startAimock(t *testing.T, keys map[string]string) (url string) {
	node := installNode(t)
	says := func(model, text string) map[string]any {
		match := map[string]string{"userMessage": "Say hello."}
		if model != "" {
			match["model"] = model
		}
		return map[string]any{"match": match, "response": map[string]string{"content": text}}
	}
	fixtures, err := json.Marshal(map[string]any{"fixtures": []any{says("double-1", apis.Reply), says("", reply)}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "fixtures.json")
	if err := os.WriteFile(file, fixtures, 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, node, "node/node_modules/@copilotkit/aimock/dist/cli.js", "--port", port, "--fixtures", file, "--strict", "--log-level", "warn")
	cmd.Env = []string{"HOME=" + t.TempDir(), "AIMOCK_API_KEYS=" + keys["openai"] + "," + keys["anthropic"] + "," + keys["gemini"]}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) || t.Failed() {
			t.Logf("aimock: %v\n%s", err, out.String())
		}
	})
	url = "http://127.0.0.1:" + port
	eventually(t, "aimock is ready", func() bool {
		answer, err := http.Get(url + "/ready")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == 200
	})
	return url
}
