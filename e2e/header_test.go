package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// Providers from broker.toml alone: the key goes where the table says, the token
// is taken from there or from a Bearer, and neither goes astray.
func TestProvidersFromConfigurationAlone(t *testing.T) {
	api := upstream.New(upstream.Options{Key: "unused-0123456789"})
	at, err := api.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	table := func(name, more string) string {
		return fmt.Sprintf("[providers.%s]\nkind = \"header\"\nupstream = %q\n%s\n", name, at, more)
	}
	const key = "the-real-key-0123456789"
	dir := pluginsDir(t)
	header, err := os.ReadFile(filepath.Join(build, "plugins", "header.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "header.wasm"), header)
	r := newRig(t, upstream.Options{}, harness.Options{Plugins: dir, Extra: table("plain", "") + table("named", `header = "X-Acme-Key"`) +
		table("word", `prefix = "Token "`) + table("query", `query = "apikey"`)})
	for _, c := range []struct{ provider, at, wants string }{
		{"plain", "Authorization: Bearer %s", "authorization: Bearer " + key},
		{"named", "X-Acme-Key: %s", "x-acme-key: " + key},
		{"named", "Authorization: Bearer %s", "x-acme-key: " + key},
		{"word", "Authorization: Token %s", "authorization: Token " + key},
		{"query", "", "?limit=2&apikey=" + key},
	} {
		name := c.provider + "-" + newKey()[8:14]
		r.must(key, "credential", "set", strings.ToLower(name), "--provider", c.provider)
		_, token := r.issueFor(strings.ToLower(name), "agent")
		before := len(api.Requests())
		var a answer
		if c.at == "" {
			a = r.ask("GET /api/"+c.provider+"/things?limit=2&apikey="+token, "")
		} else {
			a = r.ask("GET /api/"+c.provider+"/things?limit=2", "", fmt.Sprintf(c.at, token))
		}
		if len(api.Requests()) != before+1 {
			t.Fatalf("%s: %d %s: nothing reached the API", c.provider, a.Status, a.Body)
		}
		raw := string(api.RawIn())
		if i := strings.LastIndex(raw, "GET /things"); i < 0 || !strings.Contains(strings.ToLower(raw[i:]), strings.ToLower(c.wants)) || strings.Contains(raw, token) {
			t.Errorf("%s: the API saw %q, want %q", c.provider, raw, c.wants)
		}
		if form := a.holds(key); form != "" {
			t.Errorf("%s: the agent got the key: %s", c.provider, form)
		}
	}
	r.refused(r.ask("GET /api/named/things", ""), 401, "token_missing", "")
	r.refused(r.ask("GET /api/named/things", r.token), 401, "token_invalid", "")
	if list := r.must("", "credential", "list"); !strings.Contains(list, strings.TrimPrefix(at, "http://")) {
		t.Errorf("the credentials are not bound to the operator's upstream:\n%s", list)
	}
}
