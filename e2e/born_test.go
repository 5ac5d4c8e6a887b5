package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/bench/upstream/apis"
)

// A secret that is born in an answer reaches no agent, by whatever name the path
// is called, and an answer that can't be read for it is cut.
func TestSecretsBornInAnswers(t *testing.T) {
	w := theWorld(t)
	for _, c := range []struct {
		provider, method, path string
		unreadable             bool
		want                   string // in the answer, where there is one
	}{
		{"openai", "POST", "/v1/organization/admin_api_keys", false, `"born_1"`},
		{"openai", "POST", "/organization/admin_api_keys", false, `"born_1"`},
		{"openai", "POST", "/v1/organization/admin%5Fapi%5Fkeys", false, `"born_1"`},
		{"openai", "POST", "/v1/organization/admin_api_keys", true, ""},
		{"anthropic", "POST", "/v1/organizations/webhooks", false, `"born_1"`},
		{"anthropic", "POST", "/v1/organizations/webhooks", true, ""},
		{"gemini", "POST", "/v1alpha/auth_tokens", false, `"name"`},
		{"github", "POST", "/app/installations/1/access_tokens", false, `"contents":"read"`},
		{"github", "POST", "/api/v3/app/installations/1/access_tokens/", false, `"contents":"read"`},
		{"github", "POST", "/repos/octo/hello/actions/runners/generate-jitconfig", false, `"linux"`},
		{"cloudflare", "POST", "/client/v4/user/tokens", false, `"active"`},
		{"cloudflare", "PUT", "/user/tokens/t1/value", false, `"success":true`},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, w.base(c.provider)+c.path, strings.NewReader(`{"name":"a"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.providers[c.provider].granting)
		r.Header.Set("Content-Type", "application/json")
		if c.provider == "anthropic" {
			r.Header.Set("Anthropic-Version", "2023-06-01")
		}
		if c.unreadable {
			r.Header.Set("X-Born", "unreadable")
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Errorf("%s %s: %v", c.method, c.path, err)
			continue
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		for _, secret := range []string{upstream.BornKey, apis.BornToken, apis.BornValue, apis.BornName} {
			if strings.Contains(string(body), secret) {
				t.Errorf("%s %s: the agent gets %s", c.method, c.path, body)
			}
		}
		if c.unreadable {
			if err == nil || len(body) > 0 {
				t.Errorf("%s %s: %d %s, %v; an answer that can't be read is cut", c.method, c.path, answer.StatusCode, body, err)
			}
			continue
		}
		if err != nil || !strings.Contains(string(body), c.want) || !strings.Contains(string(body), "****") {
			t.Errorf("%s %s: %d %s, %v", c.method, c.path, answer.StatusCode, body, err)
		}
	}
}

// A credential without a field that a request needs: who runs the agent reads
// which one the operator has to set.
func TestAFieldIsMissing(t *testing.T) {
	w := theWorld(t)
	if err := w.Must("token-without-a-key-0123456789", "credential", "set", "token-only", "--provider", "cloudflare"); err != nil {
		t.Fatal(err)
	}
	_, token, err := w.Issue("agent", "token-only")
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", w.base("cloudflare")+"/zones", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Auth-Key", token)
	r.Header.Set("X-Auth-Email", "agent@example.com")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 503 || answer.Header.Get("X-Seks-Error") != "credential_unavailable" || !strings.Contains(string(body), `needs the field \"email\"`) {
		t.Errorf("%d %s, %v", answer.StatusCode, body, err)
	}
	lines, err := w.Log("--agent", "agent")
	if err != nil || len(lines) != 1 || lines[0]["error"] != "credential_unavailable" {
		t.Errorf("the log has %v, %v", lines, err)
	}
}
