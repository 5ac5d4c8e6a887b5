package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const samplePath = "../../../broker.toml"

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "broker.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file)
	if err != nil {
		// Messages begin with the whole path; the tests compare what follows.
		err = errors.New(strings.ReplaceAll(err.Error(), filepath.Dir(file)+string(filepath.Separator), ""))
	}
	return c, err
}

// sampleProviders are those of the sample: one with every key, the others with
// none.
func sampleProviders() []Provider {
	var all []Provider
	for _, n := range []string{"anthropic", "brave", "cloudflare", "gemini", "github", "notion", "openai", "s3"} {
		all = append(all, Provider{Name: n, Plugin: n})
	}
	return all
}

func TestSampleIsTheDefaults(t *testing.T) {
	text, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	d, err := parseDocument("broker.toml", string(text))
	if err != nil {
		t.Fatal(err)
	}
	got := d.config("")
	if err := d.err(); err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Providers = sampleProviders()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the sample differs from the defaults:\n got %+v\nwant %+v", got, want)
	}
	for key := range d.asked {
		if d.lines[key] == 0 && key != "providers" && (!strings.HasPrefix(key, "providers.") || strings.HasPrefix(key, "providers.openai.")) {
			t.Errorf("the sample doesn't have %s", key)
		}
	}
	if len(d.asked) < reflect.TypeFor[Config]().NumField() {
		t.Errorf("only %d keys were asked for", len(d.asked))
	}
}

// Every line of the sample but the tables' names is a default: changing any of
// them must change the Config, or the key isn't read at all.
func TestEveryKeyOfTheSampleIsRead(t *testing.T) {
	change := map[string]string{
		`""`: `"https://x.example"`, "false": "true", "[]": `["h.example"]`, "10000": "7", "0": "7",
		`"127.0.0.1:8080"`: `"127.0.0.1:9"`, `"127.0.0.1:8081"`: `"127.0.0.1:9"`, `"log"`: `"mask"`, `"batch"`: `"sync"`,
		`"30s"`: `"7s"`, `"10s"`: `"7s"`, `"10m"`: `"7s"`, `"2m"`: `"7s"`,
		`"data"`: `"x"`, `"build/plugins"`: `"x"`, `"file:data/master.key"`: `"env:X"`, `"openai"`: `"other"`,
	}
	text, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		to, ok := change[value]
		if !ok {
			t.Errorf("line %d: no other value for %s", i+1, value)
		}
		switch key {
		case "trusted_proxies":
			to = `["10.0.0.1"]`
		case "listen":
			to = `"127.0.0.1:9"`
		case "keep":
			to = `"90d"`
		case "max_bytes":
			to = `"10GiB"`
		}
		changed := strings.Join(lines[:i], "\n") + "\n" + key + " = " + to + "\n" + strings.Join(lines[i+1:], "\n")
		d, err := parseDocument("broker.toml", changed)
		if err != nil {
			t.Fatal(err)
		}
		want := Default()
		want.Providers = sampleProviders()
		if reflect.DeepEqual(d.config(""), want) {
			t.Errorf("line %d: %s = %s changes nothing", i+1, key, to)
		}
	}
}

func TestLoad(t *testing.T) {
	c, err := load(t, `
listen = ["127.0.0.1:0", "127.0.0.1:0", "unix:run/agent.sock", "[::1]:8080"]
data_dir = "/var/lib/seks"
plugins_dir = "p"
public_url = "https://Broker.example/gate/"
trusted_proxies = ["10.0.0.0/8", "::ffff:192.0.2.1"]
admin.listen = ""
tls = { cert = "c.pem", key = "/k.pem" }
limits.drain = "0s"
[master_key]
source = "passphrase"
[providers.work]
plugin = "openai"
upstream = "http://127.0.0.1:9999/base/"
hosts = ["AI.broker.example"]
listen = "127.0.0.1:9000"
[providers.work.upstreams]
uploads = "https://up.example"
[providers.corp]
upstream = "http://api.corp.example"
allow_plaintext = true
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Listen) != 4 || c.Listen[2].Network != "unix" || !filepath.IsAbs(c.Listen[2].Addr) ||
		filepath.Base(filepath.Dir(c.Listen[2].Addr)) != "run" || c.Listen[3].String() != "[::1]:8080" {
		t.Errorf("listen: %v", c.Listen)
	}
	if c.DataDir != "/var/lib/seks" || !filepath.IsAbs(c.PluginsDir) || filepath.Base(c.PluginsDir) != "p" {
		t.Errorf("folders: %q %q", c.DataDir, c.PluginsDir)
	}
	if c.PublicURL.String() != "https://broker.example/gate" {
		t.Errorf("public_url: %s", c.PublicURL)
	}
	if s := c.TrustedProxies; len(s) != 2 || s[0].String() != "10.0.0.0/8" || s[1].String() != "192.0.2.1/32" {
		t.Errorf("trusted_proxies: %v", s)
	}
	if !c.Admin.Listen.IsZero() || filepath.Base(c.TLS.Cert) != "c.pem" || c.TLS.Key != "/k.pem" || c.Limits.Drain != 0 {
		t.Errorf("%v %v %v", c.Admin, c.TLS, c.Limits)
	}
	if c.MasterKey != (MasterKey{Source: KeyPassphrase}) || c.MasterKey.String() != "passphrase" {
		t.Errorf("master_key: %v", c.MasterKey)
	}
	if len(c.Providers) != 2 || c.Providers[0].Name != "corp" || c.Providers[0].Plugin != "corp" {
		t.Fatalf("providers: %+v", c.Providers)
	}
	w := c.Providers[1]
	if w.Plugin != "openai" || w.Upstream.String() != "http://127.0.0.1:9999/base" || w.Hosts[0] != "ai.broker.example" ||
		w.Upstreams["uploads"].Host != "up.example" || w.Listen.Addr != "127.0.0.1:9000" || !w.Listen.Local() {
		t.Errorf("providers.work: %+v", w)
	}
}

func TestDefaultIsSafe(t *testing.T) {
	c := Default()
	for _, a := range append(c.Listen, c.Admin.Listen) {
		if !a.Local() {
			t.Errorf("%s can be reached from other machines", a)
		}
	}
	if c.AllowPlaintext || c.Limits.MaxConcurrent != 10000 || c.Limits.UpstreamHeaderTimeout != 10*time.Minute ||
		c.MasterKey.String() != "file:"+filepath.Join("data", "master.key") || len(c.Providers) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestNoFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "broker.toml"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "seks init") || !strings.Contains(err.Error(), "--config") {
		t.Errorf("%v", err)
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "can't be read") {
		t.Errorf("a folder: %v", err)
	}
}
