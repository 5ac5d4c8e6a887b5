package pipeline_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/token"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
)

// An API that broker.toml puts below a base path of its own (GitHub Enterprise
// Server) has the operations of the manifest: a grant must not pass as unknown.
func TestTheCatalogueHoldsBelowAnotherBase(t *testing.T) {
	module := puppet.Of(&abi.Manifest{
		Name: "cat", Version: "1.0.0",
		Upstreams:  []abi.Upstream{{Name: "main", URL: "https://api.example.com/own"}},
		Fields:     []abi.Field{{Name: "api_key", Use: abi.UseReveal, Main: true, Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "authorization"}}}},
		TokenSlots: []abi.Slot{{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
		Operations: []abi.Operation{
			{Name: "keys.create", Class: abi.ClassGrant, Method: "POST", Path: "/own/keys"},
			{Name: "keys.list", Class: abi.ClassRead, Method: "GET", Path: "/own/keys"},
		},
	}, &seks.Bearer("api_key").Plan).Module()
	var path string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		_, _ = io.WriteString(w, "ok")
	}))
	t.Cleanup(api.Close)
	for _, base := range []string{"", "/own", "/api/v3"} {
		r := &rooms{t: t, dir: t.TempDir(), tokens: map[string]string{}}
		r.wire(api.URL+base, map[string]guest{"cat": {module: module}})
		reply := r.Serve(r.post("cat", "/keys", "x"))
		if _, err := read(t, reply); err != nil || reply.Status != 403 {
			t.Errorf("base %q: a grant got %d %v", base, reply.Status, err)
		}
		in := r.get("cat", "/keys")
		in.Headers[1].Value = "Bearer " + r.issue("cat", "cat-key", token.Rules{ReadOnly: true})
		reply = r.Serve(in)
		if _, err := read(t, reply); err != nil || reply.Status != 200 || path != base+"/keys" {
			t.Errorf("base %q: a read got %d %v at %s", base, reply.Status, err, path)
		}
	}
}
