package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// All at once, in the order of the lines, wherever TOML lets a key stand.
func TestAllFaultsAtOnce(t *testing.T) {
	_, err := load(t, `listen = 8080
lisen = "127.0.0.1:1"
limits.drain = 30
data_dir = """
two
lines"""
scrub = { shapes = "sometimes",  extra.deep = 1 }

[providers."Open.AI"]
[providers.openai]
upstream = "http://api.openai.com"
  # a comment
hosts = [
  "good.example",
  "*.example",
  7,
]
retries = 3
[providers.openai.upstreams]
uploads = "ftp://x"
[providers.two]
hosts = ["good.example"]
[access_log]
durability = true
[tls]
cert = "c.pem"
[nonsense.table]
a = 1
`)
	want := []string{
		`broker.toml:1: listen: is a whole number: write a list of texts`,
		`broker.toml:2: lisen: there is no such key; here are: access_log, admin, allow_plaintext, data_dir, limits,`,
		`broker.toml:3: limits.drain: is a whole number: write a time with its unit in quotes`,
		`broker.toml:6: data_dir: holds a line break`,
		`broker.toml:7: scrub.extra: there is no such key; here are: shapes, suspend_after`,
		`broker.toml:7: scrub.shapes: "sometimes" is none of its values: write one of "log", "off", "mask"`,
		`broker.toml:9: providers."Open.AI": is no provider's name`,
		`broker.toml:11: providers.openai.upstream: "http://api.openai.com" would send the credential unencrypted`,
		`broker.toml:13: providers.openai.hosts: "*.example" is no host name`,
		`broker.toml:13: providers.openai.hosts: item 3 is a whole number`,
		`broker.toml:18: providers.openai.retries: there is no such key`,
		`broker.toml:20: providers.openai.upstreams.uploads: is no URL`,
		`broker.toml:22: providers.two.hosts: "good.example" is named already, by providers.openai`,
		`broker.toml:24: access_log.durability: is true or false: write text in quotes`,
		`broker.toml:26: tls.cert: has no key beside it`,
		`broker.toml:27: nonsense: there is no such key`,
	}
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.Split(err.Error(), "\n")
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: %s", want[i])
		case i >= len(want):
			t.Errorf("too many: %s", got[i])
		case !strings.HasPrefix(got[i], want[i]):
			t.Errorf("line %d:\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

func TestErrorsAreAList(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broker.toml")
	if err := os.WriteFile(file, []byte("a = 1\nb = 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(file)
	if all, ok := errors.AsType[Errors](err); !ok || len(all) != 2 {
		t.Errorf("%#v", err)
	}
}

func TestFaults(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"syntax":              {"listen = \n", "broker.toml:1: near listen: "},
		"key twice":           {"listen = \"127.0.0.1:1\"\n\nlisten = \"127.0.0.1:2\"", "broker.toml:3: "},
		"not UTF-8":           {"# \xff\n", "broker.toml:1: "},
		"table for value":     {"[listen]\na = 1", "broker.toml:1: listen: is a table"},
		"value for table":     {"tls = 1", "broker.toml:1: tls: is a whole number: write a table, as in [tls]"},
		"list of tables":      {"[[providers]]\n[[providers]]\n", "providers: is a list of tables: write a table"},
		"provider no table":   {"[providers]\nx = 1.5", "broker.toml:2: providers.x: is a number: write a table"},
		"date":                {"data_dir = 1979-05-27", "is a date or time: write text"},
		"text for boolean":    {`allow_plaintext = "yes"`, "is text: write true or false"},
		"empty folder":        {`data_dir = ""`, "name a folder"},
		"nobody listens":      {`listen = []`, "no agent could reach"},
		"address":             {`listen = "8080"`, `"8080" is no address`},
		"port":                {`listen = "127.0.0.1:http"`, `port "http" is none`},
		"big port":            {`listen = "127.0.0.1:65536"`, `port "65536" is none`},
		"odd host":            {`listen = "a b:80"`, `"a b" is no host`},
		"no socket":           {`listen = "unix:"`, "names no socket"},
		"open to all":         {`listen = ":8080"`, "set allow_plaintext = true"},
		"open to network":     {`listen = ["127.0.0.1:1", "192.0.2.1:8080"]`, `"192.0.2.1:8080" can be reached from other machines`},
		"open by name":        {`listen = "localhost.evil.example:8080"`, "can be reached from other machines"},
		"admin open":          {`admin.listen = "0.0.0.0:1"`, "can be reached"},
		"admin on socket":     {`admin.listen = "unix:/x"`, "is a socket"},
		"provider open":       {"[providers.x]\nlisten = \"0.0.0.0:1\"\nallow_plaintext = true", "at the top of the file"},
		"address twice":       {`listen = ["127.0.0.1:1", "127.0.0.1:1"]`, "is taken already, by listen"},
		"admin's address":     {"[providers.x]\nlisten = \"127.0.0.1:8081\"", "is taken already, by admin.listen"},
		"public_url":          {`public_url = "broker.example"`, "is no URL"},
		"proxy":               {`trusted_proxies = ["proxy"]`, `"proxy" is no address`},
		"proxy's bits":        {`trusted_proxies = "10.1.2.3/8"`, `write "10.0.0.0/8"`},
		"proxy everyone":      {`trusted_proxies = ["0.0.0.0/0"]`, "trusts everyone"},
		"tls key alone":       {`tls.key = "k"`, "tls.key: has no certificate"},
		"key source":          {`master_key.source = "hunter2hunter2"`, "says not where the key is"},
		"key variable":        {`master_key.source = "env:MY KEY"`, "says not where"},
		"key command":         {`master_key.source = "command: "`, "says not where"},
		"key file":            {`master_key.source = "file:"`, "says not where"},
		"plugin":              {"[providers.x]\nplugin = \"../x\"", "is no plugin's name"},
		"upstream user":       {"[providers.x]\nupstream = \"https://u:hunter2@x.example\"", "take out what stands before the @"},
		"upstream broken":     {"[providers.x]\nupstream = \"https://u:hunter2 @x.example\"", "is no URL"},
		"upstream query":      {"[providers.x]\nupstream = \"https://x.example/?a=b\"", "holds a ? or a #"},
		"upstream fragment":   {"[providers.x]\nupstream = \"https://x.example/#\"", "holds a ? or a #"},
		"upstream dots":       {"[providers.x]\nupstream = \"https://x.example/a/%2e%2e/b\"", "dot segments"},
		"upstream no host":    {"[providers.x]\nupstream = \"https:///x\"", "is no host"},
		"upstream port":       {"[providers.x]\nupstream = \"https://x.example:0\"", `port "0" is none`},
		"upstream empty port": {"[providers.x]\nupstream = \"https://x.example:\"", `port "" is none`},
		"upstream decimal IP": {"[providers.x]\nupstream = \"https://2130706433\"", "is no host"},
		"upstream lookalike":  {"[providers.x]\nupstream = \"http://localhost.example\"", "unencrypted"},
		"further plain":       {"[providers.x.upstreams]\nup = \"http://x.example\"", "unencrypted"},
		"further name":        {"[providers.x.upstreams]\nUP = \"https://x.example\"", "is no upstream's name"},
		"host with port":      {"[providers.x]\nhosts = [\"x.example:80\"]", "with no port"},
		"host IP":             {"[providers.x]\nhosts = [\"127.0.0.1\"]", "use listen"},
		"host twice":          {"[providers.x]\nhosts = [\"x.example\", \"X.example\"]", "is named already, by providers.x"},
		"negative":            {`scrub.suspend_after = -1`, "is -1: write a number from 0"},
		"huge":                {`limits.max_concurrent = 99999999999`, "write a number from 1"},
		"fraction":            {`limits.max_concurrent = 1.5`, "is a number: write a whole number"},
		"no unit":             {`limits.drain = "30"`, `"30" is no time`},
		"no time":             {`limits.idle_timeout = "0s"`, "is too short"},
		"before the epoch":    {`limits.drain = "-1s"`, "is too short"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %s", err, c.want)
			}
			if !strings.HasPrefix(err.Error(), "broker.toml:") {
				t.Errorf("no place: %v", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

func TestPlaintextIsAChoice(t *testing.T) {
	for _, text := range []string{
		"allow_plaintext = true\nlisten = \"0.0.0.0:8080\"",
		"listen = \"0.0.0.0:8443\"\ntls = { cert = \"c\", key = \"k\" }",
		"[providers.x]\nupstream = \"http://x.example\"\nallow_plaintext = true",
		"[providers.x]\nupstream = \"http://localhost:1\"",
		"[providers.x]\nupstream = \"http://[::1]:1\"",
	} {
		if _, err := load(t, text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
