package ops

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

const guests = "../../../plugin-sdk/testdata/guests/"

func guest(t *testing.T, name string) []byte {
	t.Helper()
	module, err := os.ReadFile(guests + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// configured writes a broker.toml beside a plugins folder with the guest "ok".
func configured(t *testing.T, toml string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "plugins"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "plugins", "ok.wasm"), guest(t, "ok"))
	write(t, filepath.Join(dir, "broker.toml"), []byte("plugins_dir = \"plugins\"\n"+toml))
	c, err := config.Load(filepath.Join(dir, "broker.toml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

const providers = "[providers.ok]\n[providers.other]\nplugin = \"ok\"\nupstream = \"http://127.0.0.1:9/base\"\n"

func opened(t *testing.T, c *config.Config, builtins ...string) *Broker {
	t.Helper()
	if builtins == nil {
		builtins = []string{plugin.Digest(guest(t, "ok"))}
	}
	b := Build{Version: "test", Builtins: builtins}
	if _, err := Init(c, b, nil); err != nil {
		t.Fatal(err)
	}
	broker, err := Open(c, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	return broker
}

// ask runs a command as the admin API and the command line do: JSON both ways.
func ask(t *testing.T, b *Broker, name, in string) (string, error) {
	t.Helper()
	out, err := b.Call(context.Background(), name, []byte(in))
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), nil
}

func must(t *testing.T, b *Broker, name, in string, contains ...string) string {
	t.Helper()
	out, err := ask(t, b, name, in)
	if err != nil {
		t.Fatalf("%s %s: %v", name, in, err)
	}
	for _, c := range contains {
		if !strings.Contains(out, c) {
			t.Errorf("%s %s: %s lacks %s", name, in, out, c)
		}
	}
	return out
}

const stored = `{"name":"c1","provider":"ok","bare":"MDEyMzQ1Njc4OWFiY2RlZg=="}` // 0123456789abcdef

// Each command's round trip, in an order that a person could type.
func TestEveryCommandThroughItsJSON(t *testing.T) {
	b := opened(t, configured(t, providers))
	asked := map[string]bool{}
	step := func(name, in string, contains ...string) string {
		t.Helper()
		asked[name] = true
		return must(t, b, name, in, contains...)
	}
	step("credential/list", "", "[]")
	step("credential/set", stored, `"name":"c1"`, `"version":1`, `"fields":["api_key"]`, `"hosts":["api.example.com"]`)
	step("credential/set", `{"name":"c2","provider":"other","fields":{"api_key":"c2hvcnQ="},"short":true}`, `"hosts":["127.0.0.1:9"]`)
	step("credential/rotate", `{"name":"c1","fields":{"api_key":"MDEyMzQ1Njc4OWFiY2RlZg=="}}`, `"version":2`)
	step("credential/rebind", `{"name":"c1"}`, `"version":3`, "api.example.com")
	if list := step("credential/list", "", `"c1"`, `"c2"`); strings.Contains(list, "MDEy") || strings.Contains(list, "012345") {
		t.Errorf("the list shows a value: %s", list)
	}
	var issued TokenIssued
	text := step("token/issue", `{"agent":"a","credential":"c1","expires":3600000000000,"allow":["GET /v1/*"],"deny":["* /v1/x"],"ops":["m.*"],"read_only":true,"rate":"5/m","from":["10.1.2.3/8","::1"]}`)
	if err := json.Unmarshal([]byte(text), &issued); err != nil || !strings.HasPrefix(issued.Token, "seks_ok_") {
		t.Fatalf("%s %v", text, err)
	}
	shown := step("token/show", `{"id":"`+issued.ID+`"}`, `"status":"active"`, `"allow":["GET /v1/*"]`, `"from":["10.0.0.0/8","::1/128"]`, `"rate":"5/m"`, `"revoked_at":null`, `"read_only":true`, `"allow_grant":false`)
	if strings.Contains(shown, issued.Token) {
		t.Error("show has the token")
	}
	step("token/issue", `{"agent":"b","credential":"c2"}`, `"expires_at":null`)
	if list := step("token/list", "", issued.ID, `"agent":"b"`, `"allow":[]`, `"from":[]`); strings.Contains(list, issued.Token) {
		t.Error("the list has the token")
	}
	if suspended, err := b.Tokens.Bore(issued.ID, 1); !suspended || err != nil {
		t.Fatal(suspended, err)
	}
	step("token/show", `{"id":"`+issued.ID+`"}`, `"status":"suspended"`, `"suspended_at":"`)
	step("token/resume", `{"id":"`+issued.ID+`"}`, `"status":"active"`, `"suspended_at":null`)
	asked["s3/presign"] = true // of a pair: TestATokenForClientsThatSignIsAPair
	if _, err := ask(t, b, "s3/presign", `{"token_id":"`+issued.ID+`","method":"GET","bucket":"b","key":"k","expires":60000000000,"size":-1}`); err == nil || !strings.Contains(err.Error(), "no pair") {
		t.Errorf("a URL is signed with a bearer token: %v", err)
	}
	step("doctor/checkup", "", `{"about":"credential c2","status":"ok","message":"version 1, for 127.0.0.1:9"}`, `"message":"2 active"`)
	step("token/revoke", `{"id":"`+issued.ID+`"}`, `"status":"revoked"`, `"revoked_at":"`)
	step("token/revoke", `{"id":"`+issued.ID+`"}`, `"status":"revoked"`)
	step("credential/remove", `{"name":"c2"}`, "{}")
	module := `{"module":"` + base64Of(guest(t, "ok")) + `"}`
	step("plugin/list", "", `"built-in"`)
	step("plugin/describe", module, `"name":"ok"`, `"fields":{"api_key":"reveal: to header authorization"}`, `"headers":[]`, `"grants":[]`, `"version_prefixes":[]`)
	step("plugin/trust", module, `"name":"ok"`)
	step("log/flush", "", "{}")
	asked["log/checkpoint"] = true
	if _, err := ask(t, b, "log/checkpoint", ""); err == nil {
		t.Error("a log that was never written has a checkpoint")
	}
	step("doctor/leak", `{"provider":"ok"}`, `"leaks":[]`, `"answers":3`)
	step("admin/token", "", `"token":"seksadmin_`)
	step("status", "", `"version":"test"`, `"ready":false`, "no broker is running")
	for name := range commands {
		if !asked[name] {
			t.Errorf("%s was not tried", name)
		}
	}
}

func base64Of(b []byte) string {
	text, _ := json.Marshal(b)
	return strings.Trim(string(text), `"`)
}

func TestCommandsRefuse(t *testing.T) {
	b := opened(t, configured(t, providers))
	must(t, b, "credential/set", stored)
	for _, c := range []struct{ name, in, says string }{
		{"nothing", "", "no such command"},
		{"token/issue/", "{}", "no such command"},
		{"token/issue", `{"agent":"a","credential":"c1","alow":["GET /"]}`, "alow"},
		{"token/issue", `{"agent":"a"`, "can't be read"},
		{"token/issue", `[]`, "can't be read"},
		{"token/issue", `{"agent":"a","credential":"c1"} {"deny":["* /*"]}`, "can't be read"},
		{"token/issue", `{"agent":"a","credential":"nope"}`, "seks credential list"},
		{"token/issue", `{"agent":"","credential":"c1"}`, "agent"},
		{"token/issue", `{"agent":"a\u001b[2J","credential":"c1"}`, "agent"},
		{"token/issue", `{"agent":"a","credential":"c1","expires":-1}`, "future"},
		{"token/issue", `{"agent":"a","credential":"c1","rate":"lots"}`, "rate"},
		{"token/issue", `{"agent":"a","credential":"c1","allow":["/v1"]}`, "rule"},
		{"token/issue", `{"agent":"a","credential":"c1","from":["home"]}`, "10.0.0.0/8"},
		{"token/show", `{"id":"tok_x"}`, "seks token list"},
		{"token/revoke", `{"id":"tok_x"}`, "seks token list"},
		{"credential/set", stored, "seks credential rotate"},
		{"credential/set", `{"name":"x","provider":"nope","bare":"MDEyMzQ1Njc4OWFiY2RlZg=="}`, "[providers.nope]"},
		{"credential/set", `{"name":"X Y","provider":"ok","bare":"MDEyMzQ1Njc4OWFiY2RlZg=="}`, "must match"},
		{"credential/set", `{"name":"x","provider":"ok","bare":"c2hvcnQ="}`, "--short"},
		{"credential/set", `{"name":"x","provider":"ok"}`, "api_key is missing"},
		{"credential/set", `{"name":"x","provider":"ok","fields":{"api_key":"MDEyMzQ1Njc4OWFiY2RlZg==","b":""}}`, `"b"`},
		{"credential/rotate", `{"name":"nope","bare":"MDEyMzQ1Njc4OWFiY2RlZg=="}`, "seks credential list"},
		{"credential/rebind", `{"name":"nope"}`, "seks credential list"},
		{"credential/remove", `{"name":"nope"}`, "seks credential list"},
		{"plugin/describe", `{"module":"AAAA"}`, "not a WebAssembly module"},
		{"plugin/trust", `{"module":"` + base64Of(guest(t, "ok")) + `","digest":"00"}`, "seks plugin inspect"},
	} {
		out, err := ask(t, b, c.name, c.in)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %s %v", c.name, c.in, out, err)
		} else if strings.Contains(err.Error(), "MDEy") || strings.Contains(err.Error(), "012345") || strings.Contains(err.Error(), "c2hv") {
			t.Errorf("%s: the error repeats the value: %v", c.name, err)
		}
		if (c.says == "no such command") != errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAdminTokenIsOne(t *testing.T) {
	b := opened(t, configured(t, providers))
	if b.IsAdmin("") || b.IsAdmin("seksadmin_x") {
		t.Error("there is an admin before there is a token")
	}
	first, err := b.AdminTokenNew(context.Background(), Done{})
	if err != nil || !b.IsAdmin(first.Token) || b.IsAdmin(first.Token+" ") || b.IsAdmin(first.Token[:len(first.Token)-1]) || b.IsAdmin("") {
		t.Fatalf("%v %v", first, err)
	}
	second, err := b.AdminTokenNew(context.Background(), Done{})
	if err != nil || !b.IsAdmin(second.Token) || b.IsAdmin(first.Token) {
		t.Errorf("the first token goes on: %v", err)
	}
	if row, _, _ := b.kv.Get(adminKey); strings.Contains(string(row), second.Token) {
		t.Error("the store holds the token")
	}
}

// A record of another purpose, put in the admin token's place, opens nothing.
func TestAdminTokenRecordIsBound(t *testing.T) {
	b := opened(t, configured(t, providers))
	sealed, err := b.keeper.Seal(seal.ID{Purpose: "trust", Name: "x"}, make([]byte, 32))
	if err == nil {
		err = b.kv.Update(func(batch *kv.Batch) error { return batch.Set(adminKey, sealed) })
	}
	if err != nil || b.IsAdmin("") || b.IsAdmin("x") {
		t.Error(err)
	}
}

func TestExpiredTokensSaySo(t *testing.T) {
	b := opened(t, configured(t, providers))
	must(t, b, "credential/set", stored)
	out := must(t, b, "token/issue", `{"agent":"a","credential":"c1","expires":1000000000}`)
	b.now = func() time.Time { return time.Now().Add(time.Minute) }
	must(t, b, "token/list", "", `"status":"expired"`)
	_ = out
}

func TestRoutesWarnAndServeTheRest(t *testing.T) {
	b := opened(t, configured(t, providers+"[providers.absent]\n"))
	table, warnings, err := b.Routes(context.Background())
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "absent") || !strings.Contains(warnings[0], "seks plugin list") {
		t.Fatalf("%q %v", warnings, err)
	}
	if table == nil {
		t.Fatal("no table")
	}
	_, err = ask(t, b, "credential/set", `{"name":"x","provider":"absent","bare":"MDEyMzQ1Njc4OWFiY2RlZg=="}`)
	if err == nil || !strings.Contains(err.Error(), "seks plugin list") {
		t.Error(err)
	}
}

// What is not built in serves only when it was trusted, and the running broker
// is told.
func TestTrustServesAtOnce(t *testing.T) {
	b := opened(t, configured(t, providers), "no digest")
	changed := 0
	b.Serving(nil, func() { changed++ })
	must(t, b, "plugin/list", "", `"waiting for trust"`)
	_, warnings, err := b.Routes(context.Background())
	if err != nil || len(warnings) != 2 {
		t.Fatalf("%q %v", warnings, err)
	}
	must(t, b, "plugin/trust", `{"module":"`+base64Of(guest(t, "ok"))+`"}`)
	must(t, b, "plugin/list", "", `"trusted"`)
	if _, warnings, err = b.Routes(context.Background()); err != nil || len(warnings) != 0 || changed != 1 {
		t.Errorf("%q %v, told %d times", warnings, err, changed)
	}
	must(t, b, "plugin/describe", `{"module":"`+base64Of(guest(t, "ok"))+`"}`, "trusted already")
}

func TestChanges(t *testing.T) {
	old := plugin.Record{Digest: "1", Version: "1.0.0", Hosts: []string{"a"}, Fields: map[string]string{"k": "public", "gone": "public"}}
	now := PluginInfo{Digest: "2", Version: "1.1.0", Hosts: []string{"a", "b"}, Fields: map[string]string{"k": "reveal: to header x", "new": "public"}}
	want := []string{"version 1.0.0 → 1.1.0", "new host b", "field k: was public, is reveal: to header x", "new field new (public)"}
	if got := changes(old, now); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	now.Version = "1.0.0"
	if got := changes(old, now); !strings.Contains(got[0], "other code") {
		t.Errorf("%q", got)
	}
	now.Digest = "1"
	if got := changes(old, now); len(got) != 1 || !strings.Contains(got[0], "already") {
		t.Errorf("%q", got)
	}
}

func TestDescribeSaysEverySlotAndGrant(t *testing.T) {
	m := abi.Manifest{Name: "m", Version: "1", Title: "T",
		Upstreams: []abi.Upstream{{Name: "main", URL: "https://a.example"}, {Name: "up", URL: "https://b.example/x"}},
		Fields:    []abi.Field{{Name: "id", Use: abi.UsePublic}, {Name: "key", Use: abi.UseReveal, Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "x-key"}, {Kind: abi.SinkQuery, Name: "key"}}}},
		TokenSlots: []abi.Slot{{Kind: abi.SlotHeader, Name: "x-key"}, {Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"},
			{Kind: abi.SlotQuery, Name: "key"}, {Kind: abi.SlotBasic}},
		Operations: []abi.Operation{{Name: "keys.create", Class: abi.ClassGrant, Method: "POST", Path: "/keys"}, {Name: "keys.list", Class: abi.ClassRead, Method: "GET", Path: "/keys"}},
	}
	parsed, err := plan.ParseManifest(m.Marshal(), "d")
	if err != nil {
		t.Fatal(err)
	}
	i := Describe(parsed)
	if !slices.Equal(i.TokenSlots, []string{"x-key", "authorization: Bearer", "?key=", "authorization: Basic (password)"}) ||
		!slices.Equal(i.Hosts, []string{"a.example", "b.example"}) || !slices.Equal(i.Grants, []string{"keys.create"}) || i.Operations != 2 ||
		i.Fields["key"] != "reveal: to header x-key, query parameter key" || i.Fields["id"] != "public" {
		t.Errorf("%+v", i)
	}
}

// What stops requests is told, with what mends it.
func TestCheckup(t *testing.T) {
	b := opened(t, configured(t, providers))
	must(t, b, "credential/set", stored)
	var issued TokenIssued
	if err := json.Unmarshal([]byte(must(t, b, "token/issue", `{"agent":"a","credential":"c1"}`)), &issued); err != nil {
		t.Fatal(err)
	}
	must(t, b, "doctor/checkup", "", `{"about":"provider ok","status":"ok"`, `{"about":"credential c1","status":"ok"`)
	if suspended, err := b.Tokens.Bore(issued.ID, 1); !suspended || err != nil {
		t.Fatal(suspended, err)
	}
	must(t, b, "doctor/checkup", "", `{"about":"token `+issued.ID+`","status":"warning"`, "seks token resume "+issued.ID, `"message":"0 active"`)
	must(t, b, "token/resume", `{"id":"`+issued.ID+`"}`)
	must(t, b, "credential/remove", `{"name":"c1"}`)
	must(t, b, "doctor/checkup", "", `its credential c1 is no more`, "seks token revoke "+issued.ID)
}
