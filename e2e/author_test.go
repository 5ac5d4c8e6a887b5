package e2e

import (
	"strings"
	"testing"
)

// A plugin's author goes from nothing to a request that the running broker
// serves with the commands of plugin-sdk/README.md as they stand: three of them,
// and two for the credential and the token. There is no network, no module cache
// and no repository.
func TestReadmeFromNothingToAProvider(t *testing.T) {
	d := newDoc(t, "../plugin-sdk/README.md")
	if n := strings.Count(d.blocks[0], "\n"); n != 3 {
		t.Errorf("the page says %d commands from nothing to a provider", n)
	}
	d.env = []string{"ACME_KEY=" + d.key, "GOPROXY=off", "GOFLAGS=-mod=mod", "GOPATH=" + t.TempDir()}
	out := d.run("seks init\nseks serve & "+d.ready()+d.blocks[0]+d.blocks[1]+"seks log --json\n", "y\n")
	for _, want := range []string{
		"hosts       api.acme.example", "acme 0.1.0 is trusted", "it serves from plugins/acme.wasm",
		`"object":"list"`, `"operation":"models.list"`, `"provider":"acme"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in what the steps print:\n%s", want, out)
		}
	}
	seen := d.double.Requests()
	if len(seen) != 1 || seen[0].Target != "/v1/models" {
		t.Errorf("the API got %d requests: %+v", len(seen), seen)
	}
}
