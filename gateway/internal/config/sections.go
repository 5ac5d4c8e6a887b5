package config

import (
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// config reads the whole file. What is wrong is left in d.found.
func (d *document) config(dir string) *Config {
	t := table{doc: d, values: d.root}
	c := &Config{
		AllowPlaintext: t.boolean("allow_plaintext", false),
		DataDir:        t.path("data_dir", "data", dir),
		PluginsDir:     t.path("plugins_dir", "build/plugins", dir),
		PublicURL:      publicURL(t),
		TrustedProxies: trustedProxies(t),
		TLS:            tlsFiles(t.table("tls"), dir),
		MasterKey:      masterKey(t.table("master_key"), dir),
		Scrub:          scrub(t.table("scrub")),
		AccessLog:      accessLog(t.table("access_log")),
		Limits:         limits(t.table("limits")),
	}
	l := listeners{dir: dir, allowPlaintext: c.AllowPlaintext, tls: c.TLS != TLS{}, taken: map[Address]string{}}
	c.Listen = l.agents(t)
	c.Admin.Listen = l.admin(t.table("admin"))
	c.Providers = providers(t.table("providers"), &l)
	d.refuseUnknown(nil, d.root)
	return c
}

func (t table) path(name, def, dir string) string {
	p := t.text(name, def)
	if p == "" {
		t.fault(name, "is empty: name a folder")
	}
	return resolve(dir, p)
}

func publicURL(t table) *url.URL {
	s := t.text("public_url", "")
	if s == "" {
		return nil
	}
	u, err := parseURL(s)
	if err != nil {
		t.fault("public_url", "%v", err)
	}
	return u
}

func trustedProxies(t table) []netip.Prefix {
	var trusted []netip.Prefix
	for _, s := range t.list("trusted_proxies", true) {
		p, err := parseProxy(s)
		if err != nil {
			t.fault("trusted_proxies", "%v", err)
			continue
		}
		trusted = append(trusted, p)
	}
	return trusted
}

func tlsFiles(t table, dir string) TLS {
	f := TLS{Cert: resolve(dir, t.text("cert", "")), Key: resolve(dir, t.text("key", ""))}
	switch {
	case f.Cert != "" && f.Key == "":
		t.fault("cert", "has no key beside it: set key too, or neither")
	case f.Key != "" && f.Cert == "":
		t.fault("key", "has no certificate beside it: set cert too, or neither")
	}
	return f
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// masterKey never repeats a value that is wrong: it may be the key itself, put
// where its source belongs.
func masterKey(t table, dir string) MasterKey {
	s := t.text("source", "file:data/master.key")
	kind, value, _ := strings.Cut(s, ":")
	k := MasterKey{Source: KeySource(kind), Value: value}
	switch {
	case k.Source == KeyFile && value != "":
		k.Value = resolve(dir, value)
	case k.Source == KeyEnv && variable.MatchString(value):
	case k.Source == KeyCommand && strings.TrimSpace(value) != "":
	case s == string(KeyPassphrase):
	default:
		t.fault("source", `says not where the key is: write "file:PATH", "env:NAME", "command:COMMAND" or "passphrase"`)
	}
	return k
}

func scrub(t table) Scrub {
	return Scrub{
		Shapes:       choice(t, "shapes", ShapesLog, ShapesOff, ShapesMask),
		SuspendAfter: t.integer("suspend_after", 0, 0),
	}
}

func accessLog(t table) AccessLog {
	return AccessLog{
		Durability: choice(t, "durability", DurabilityBatch, DurabilitySync),
		Keep:       t.age("keep", 24*time.Hour),
		MaxBytes:   t.size("max_bytes", 64<<20),
	}
}

func limits(t table) Limits {
	return Limits{
		MaxConcurrent:          t.integer("max_concurrent", 10000, 1),
		Drain:                  t.duration("drain", 30*time.Second, 0),
		UpstreamConnectTimeout: t.duration("upstream_connect_timeout", 10*time.Second, time.Millisecond),
		UpstreamHeaderTimeout:  t.duration("upstream_header_timeout", 10*time.Minute, time.Millisecond),
		IdleTimeout:            t.duration("idle_timeout", 2*time.Minute, time.Millisecond),
	}
}

var name = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

const nameRule = "write lower-case letters, digits and hyphens, a letter first, at most 32"

func providers(t table, l *listeners) []Provider {
	var all []Provider
	hosts := map[string]string{}
	for _, n := range slices.Sorted(maps.Keys(t.values)) {
		if !name.MatchString(n) {
			t.fault(n, "is no provider's name: %s", nameRule)
		}
		all = append(all, provider(n, t.table(n), hosts, l))
	}
	return all
}

func provider(n string, t table, taken map[string]string, l *listeners) Provider {
	p := Provider{
		Name:           n,
		Plugin:         n,
		Listen:         l.provider(t),
		AllowPlaintext: t.boolean("allow_plaintext", false),
	}
	if s := t.text("plugin", n); s != n {
		if p.Plugin = s; !name.MatchString(s) {
			t.fault("plugin", "%q is no plugin's name: %s", s, nameRule)
		}
	}
	p.Upstream = upstream(t, "upstream", p.AllowPlaintext)
	p.Parameters = parameters(t, &p)
	if ca := t.text("ca", ""); ca != "" {
		p.CA = resolve(l.dir, ca)
	}
	further := t.table("upstreams")
	for _, n := range slices.Sorted(maps.Keys(further.values)) {
		if !name.MatchString(n) {
			further.fault(n, "is no upstream's name: %s", nameRule)
		}
		if u := upstream(further, n, p.AllowPlaintext); u != nil {
			if p.Upstreams == nil {
				p.Upstreams = map[string]*url.URL{}
			}
			p.Upstreams[n] = u
		}
	}
	for _, h := range t.list("hosts", true) {
		h = strings.ToLower(h)
		switch owner, dup := taken[h]; {
		case !hostname(h):
			t.fault("hosts", `%q is no host name: write names only, as in "s3.broker.example", with no port and no *; for an IP address, use listen`, h)
		case dup:
			t.fault("hosts", "%q is named already, by providers.%s: name each host once", h, owner)
		default:
			taken[h] = n
			p.Hosts = append(p.Hosts, h)
		}
	}
	return p
}

func upstream(t table, name string, allowPlaintext bool) *url.URL {
	s := t.text(name, "")
	if s == "" {
		return nil
	}
	u, err := parseUpstream(s, allowPlaintext)
	if err != nil {
		t.fault(name, "%v", err)
	}
	return u
}
