package ops

import (
	"context"
	"slices"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// A plugin that the operator has trusted is a provider with no table in
// broker.toml; one that came with the program is not, nor is one that waits.
func TestTrustedPluginsNeedNoTable(t *testing.T) {
	for _, c := range []struct {
		name, toml string
		builtin    bool
		trust      bool
		want       []string
	}{
		{"waiting", "", false, false, nil},
		{"trusted", "", false, true, []string{"ok"}},
		{"built in", "", true, true, nil},
		{"with a table", "[providers.ok]\nupstream = \"http://127.0.0.1:9\"\n", false, true, []string{"ok"}},
		{"under another name", "[providers.mine]\nplugin = \"ok\"\n", false, true, []string{"mine"}},
		{"its name is taken", "[providers.ok]\nplugin = \"other\"\n", false, true, []string{"ok"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			builtins := []string(nil)
			if !c.builtin {
				builtins = []string{"no digest"}
			}
			b := opened(t, configured(t, c.toml), builtins...)
			if c.trust {
				must(t, b, "plugin/trust", `{"module":"`+base64Of(guest(t, "ok"))+`"}`)
			}
			list, err := b.Providers(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, p := range list {
				names = append(names, p.Name)
			}
			if !slices.Equal(names, c.want) {
				t.Errorf("providers %q, want %q", names, c.want)
			}
		})
	}
}

// Its requests go to its own host, and its credential is bound to that.
func TestATrustedPluginIsRouted(t *testing.T) {
	b := opened(t, configured(t, ""), "no digest")
	must(t, b, "plugin/trust", `{"module":"`+base64Of(guest(t, "ok"))+`"}`)
	must(t, b, "credential/set", stored, `"provider":"ok"`, `"hosts":["api.example.com"]`)
	now, warnings, err := b.Routes(context.Background())
	if err != nil || len(warnings) != 0 {
		t.Fatal(warnings, err)
	}
	r, err := request.Parse(request.Raw{Method: "GET", Target: "/api/ok/v1/models", Host: "127.0.0.1:8080", Hosts: 1})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := now.Routes.Find(r)
	if err != nil || rt.Provider().Upstream.String() != "https://api.example.com" || now.Plugins["ok"] == nil {
		t.Errorf("%+v %v", rt.Provider(), err)
	}
}
