package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// A wrong command line is exit status 2 and a hint; what can't be done is 1 and
// a sentence that says what to change. Neither changes anything.
func TestCommandsThatFail(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	before := r.must("", "token", "list", "--json") + r.must("", "credential", "list", "--json")
	for _, c := range []struct {
		args   string // split at spaces
		stdin  string
		status int
		says   string
	}{
		{"nonsense", "", 2, `"nonsense" is not a command`},
		{"token nonsense", "", 2, "is not a command of `seks token`"},
		{"token", "", 2, "needs a command"},
		{"token issue", "", 2, "--agent and --credential are needed"},
		{"token issue --agent a", "", 2, "--agent and --credential are needed"},
		{"token issue --agent a --credential main-key --expires soon", "", 2, "write it as 90m, 24h or 30d"},
		{"token issue --agent a --credential main-key --colour red", "", 2, "unknown flag: --colour"},
		{"token show", "", 2, "token show ID"},
		{"token list extra", "", 2, "usage:"},
		{"credential set x", "k", 2, "--provider is needed"},
		{"credential set", "k", 2, "credential set NAME"},
		{"log --status teapot", "", 2, "is not a status"},
		{"log --since yesterday-ish", "", 2, "write it as 1h"},
		{"plugin eval x.wasm", "", 2, "--request is needed"},

		{"token issue --agent a --credential nobody", "", 1, "seks credential list"},
		{"token issue --agent a --credential main-key --rate fast", "", 2, "a rate is written as"},
		{"token issue --agent a --credential main-key --from everywhere", "", 2, "write it as 10.0.0.0/8"},
		{"token issue --agent a --credential main-key --allow models", "", 2, "must begin with a method"},
		{"token show tok_none", "", 1, "seks token list"},
		{"token revoke tok_none", "", 1, "seks token list"},
		{"credential set x --provider nobody", "sk-0123456789abcdef", 1, "add [providers.nobody]"},
		{"credential set x --provider openai", "", 1, "the value is empty"},
		{"credential set x --provider openai", "sk-short", 1, "--short"},
		{"credential set x --provider openai", "sk-0123456789\x01abcdef", 1, "control byte"},
		{"credential set x --provider openai", "wrong_field=sk-0123456789abcdef\n", 1, "wrong_field"},
		{"credential set x --provider openai", "api_key=sk-0123456789abcdef\napi_key=again\n", 1, "a second time"},
		{"credential set UPPER --provider openai", "sk-0123456789abcdef", 1, "UPPER"},
		{"credential set main-key --provider openai", "sk-0123456789abcdef", 1, "seks credential rotate"},
		{"credential set x --provider openai --from-env NOT_SET_ANYWHERE", "", 1, "NOT_SET_ANYWHERE"},
		{"credential remove nobody", "", 1, "seks credential list"},
		{"plugin inspect /nowhere/x.wasm", "", 1, "no such file"},
	} {
		t.Run(c.args, func(t *testing.T) {
			res := r.run(c.stdin, strings.Fields(c.args)...)
			if res.Status != c.status || !strings.Contains(res.Err, c.says) || !strings.HasPrefix(res.Err, "seks: ") || res.Out != "" && c.says != "needs a command" {
				t.Errorf("exit %d, want %d %q: %s%s", res.Status, c.status, c.says, res.Out, res.Err)
			}
			if s := strings.TrimSpace(c.stdin); len(s) > 2 && strings.Contains(res.Err, s[strings.IndexByte(s, '=')+1:]) {
				t.Errorf("it repeats the value: %s", res.Err)
			}
		})
	}
	if after := r.must("", "token", "list", "--json") + r.must("", "credential", "list", "--json"); after != before {
		t.Errorf("something has changed:\n%s\nbefore:\n%s", after, before)
	}
	r.works("commands that failed")
}

// Every fault in broker.toml is said at once, with its line.
func TestBrokenConfiguration(t *testing.T) {
	r := newStoppedRig(t, upstream.Options{}, harness.Options{})
	good, err := os.ReadFile(r.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(r.ConfigFile(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("listen = \"0.0.0.0:80\"\nlisen = 1\n[providers.openai]\nupstream = \"http://api.openai.com\"\n[master_key]\nsource = \"nowhere\"\n")
	for _, command := range []string{"serve", "token list", "init"} {
		res := r.run("", strings.Fields(command)...)
		if res.Status != 1 {
			t.Errorf("%s: exit %d", command, res.Status)
		}
		for _, want := range []string{"broker.toml:1: listen", "broker.toml:2: lisen", "broker.toml:4: providers.openai.upstream", "broker.toml:6: master_key.source"} {
			if !strings.Contains(res.Err, want) {
				t.Errorf("%s does not say %q:\n%s", command, want, res.Err)
			}
		}
	}
	write("listen = [\n")
	if res := r.run("", "serve"); res.Status != 1 || !strings.Contains(res.Err, "broker.toml:") {
		t.Errorf("exit %d: %s", res.Status, res.Err)
	}
	if err := os.Remove(r.ConfigFile()); err != nil {
		t.Fatal(err)
	}
	if res := r.run("", "serve"); res.Status != 1 || !strings.Contains(res.Err, "broker.toml") {
		t.Errorf("without one: exit %d: %s", res.Status, res.Err)
	}
	write(string(good))
	r.start()
	r.works("mending broker.toml")
}

// Without its master key nothing is read and nothing is lost.
func TestWrongMasterKey(t *testing.T) {
	r := newStoppedRig(t, upstream.Options{}, harness.Options{})
	file := filepath.Join(r.DataDir(), "master.key")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	put := func(text string, mode os.FileMode) func() error {
		return func() error {
			_ = os.Remove(file)
			return os.WriteFile(file, []byte(text), mode)
		}
	}
	commands := []string{"serve", "token list", "credential list", "token issue --agent a --credential main-key", "plugin list"}
	for name, c := range map[string]struct {
		do   func() error
		says string
	}{
		"another key":  {put(base64.StdEncoding.EncodeToString(make([]byte, 32)), 0o600), "master key"},
		"half a key":   {put(string(good[:20]), 0o600), "base64"},
		"no base64":    {put("correct horse battery staple\n", 0o600), "does not hold base64"},
		"empty":        {put("", 0o600), "master.key"},
		"others' eyes": {put(string(good), 0o644), "chmod 600"},
		"missing":      {func() error { return os.Remove(file) }, "put back the file"},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		for _, command := range commands {
			res := r.run("", strings.Fields(command)...)
			if res.Status != 1 || res.Out != "" || !strings.Contains(res.Err, c.says) || strings.Contains(res.Err, strings.TrimSpace(string(good))) {
				t.Errorf("%s, %s: exit %d: %s%s", name, command, res.Status, res.Out, res.Err)
			}
		}
	}
	if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if res := r.run("", "init"); res.Status != 1 || !strings.Contains(res.Err, "put the key back") {
		t.Errorf("init made a new key for an old store: exit %d: %s%s", res.Status, res.Out, res.Err)
	}
	if err := put(string(good), 0o600)(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.works("putting the master key back")
}

// A data_dir that was never set up is told apart from one whose key is missing.
func TestBeforeInit(t *testing.T) {
	r := newStoppedRig(t, upstream.Options{}, harness.Options{})
	if err := os.RemoveAll(r.DataDir()); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"serve", "token list"} {
		if res := r.run("", strings.Fields(command)...); res.Status != 1 || !strings.Contains(res.Err, "run `seks init`") {
			t.Errorf("%s: exit %d: %s", command, res.Status, res.Err)
		}
	}
}

// A second init changes nothing.
func TestInitTwice(t *testing.T) {
	r := newStoppedRig(t, upstream.Options{}, harness.Options{})
	key, err := os.ReadFile(filepath.Join(r.DataDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if out := r.must("", "init"); !strings.Contains(out, "nothing changed") {
		t.Errorf("init says %s", out)
	}
	again, err := os.ReadFile(filepath.Join(r.DataDir(), "master.key"))
	if err != nil || string(again) != string(key) {
		t.Errorf("the master key is another one, %v", err)
	}
	r.start()
	r.works("a second init")
}

// A command gives the same JSON whether a broker runs or not.
func TestCommandsWithAndWithoutABroker(t *testing.T) {
	r := newStoppedRig(t, upstream.Options{}, harness.Options{})
	id, _ := r.issue("agent-2", "--allow", "GET /v1/models", "--deny", "* /v1/files*", "--op", "models.*", "--read-only",
		"--allow-grant", "--rate", "60/m", "--from", "127.0.0.0/8", "--expires", "24h")
	commands := []string{"token list", "token show " + id, "credential list", "plugin list", "log"}
	var without []string
	for _, c := range commands {
		without = append(without, r.must("", append(strings.Fields(c), "--json")...))
	}
	r.start()
	for i, c := range commands {
		got := r.must("", append(strings.Fields(c), "--json")...)
		if got != without[i] {
			t.Errorf("%s with a broker:\n%s\nwithout:\n%s", c, got, without[i])
		}
		if c != "log" && !json.Valid([]byte(got)) {
			t.Errorf("%s: not JSON: %s", c, got)
		}
	}
	// Changes made through the broker are those that a command on the store sees.
	_, token := r.issue("agent-3")
	r.must("", "token", "revoke", id)
	if a := r.ask("GET /api/openai/v1/models", token); a.Status != 200 {
		t.Errorf("a token made while the broker runs: %d %s", a.Status, a.Body)
	}
	with := []string{r.must("", "token", "list", "--json"), r.must("", "log", "--json")}
	r.stop()
	if got := r.must("", "token", "list", "--json"); got != with[0] {
		t.Errorf("token list after the broker:\n%s\nbefore:\n%s", got, with[0])
	}
	if got := r.must("", "log", "--json"); got != with[1] || strings.Count(got, "\n") != 1 {
		t.Errorf("log after the broker:\n%s\nbefore:\n%s", got, with[1])
	}
	if !strings.Contains(with[0], `"revoked"`) {
		t.Errorf("the revoked token is not in %s", with[0])
	}
}
