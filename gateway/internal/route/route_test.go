package route

import (
	"net/url"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
)

func parsed(t *testing.T, host, target string) request.Request {
	t.Helper()
	r, err := request.Parse(request.Raw{Method: "GET", Target: target, Host: host, Hosts: 1})
	if err != nil {
		t.Fatalf("%s%s: %v", host, target, err)
	}
	return r
}

func upstream(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func table(t *testing.T) *Table {
	t.Helper()
	table, err := NewTable([]Provider{
		{Name: "openai", VersionPrefixes: []string{"/v1"}, UpstreamHosts: []string{"API.openai.com"}, Upstream: upstream(t, "https://api.openai.com")},
		{Name: "gemini", VersionPrefixes: []string{"/v1beta", "/v1"}, Upstream: upstream(t, "https://g.example/")},
		{Name: "github", Hosts: []string{"GitHub.broker.example"}, UpstreamHosts: []string{"api.github.com:443"}, Upstream: upstream(t, "https://api.github.com")},
		{Name: "cf", VersionPrefixes: []string{"/v4"}, Upstream: upstream(t, "https://cf.example/client%2Fx/"), UpstreamHosts: []string{"127.0.0.1:9999"}},
		{Name: "s3", Opaque: true, VersionPrefixes: []string{"/v1"}, Hosts: []string{"s3.broker.example"}, Upstream: upstream(t, "https://s3.example")},
		{Name: "r2", Opaque: true, Subdomains: true, Hosts: []string{"r2.broker.example"}, MountHosts: []string{"localhost", "broker.example"}, Upstream: upstream(t, "https://r2.example"), UpstreamHosts: []string{"r2.example"}},
		{Name: "work", UpstreamHosts: []string{"shared.example"}, Upstream: upstream(t, "https://shared.example")},
		{Name: "home", UpstreamHosts: []string{"shared.example:443"}, Upstream: upstream(t, "https://shared.example")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestFind(t *testing.T) {
	const here = "127.0.0.1:8080"
	cases := []struct{ host, target, provider, mount, path, upstream string }{
		{here, "/api/openai/chat/completions", "openai", "/api/openai", "/v1/chat/completions", "/v1/chat/completions"},
		{here, "/api/openai/v1/chat/completions?x=/v2", "openai", "/api/openai", "/v1/chat/completions", "/v1/chat/completions"},
		{here, "http://127.0.0.1:8080/api/openai/v1", "openai", "/api/openai", "/v1", "/v1"},
		{here, "/api/openai/v1x/y", "openai", "/api/openai", "/v1/v1x/y", "/v1/v1x/y"},
		{here, "/api/openai/%761/y", "openai", "/api/openai", "/v1/%761/y", "/v1/%761/y"},
		{here, "/api/openai//v1/y", "openai", "/api/openai", "/v1//v1/y", "/v1//v1/y"},
		{here, "/api/openai", "openai", "/api/openai", "/", "/"},
		{here, "/api/openai/", "openai", "/api/openai", "/", "/"},
		{here, "/api/openai?a=b", "openai", "/api/openai", "/", "/"},
		{here, "/api/openai/a%2Fb;c//d/", "openai", "/api/openai", "/v1/a%2Fb;c//d/", "/v1/a%2Fb;c//d/"},
		{here, "/api/gemini/v1/models/x:y", "gemini", "/api/gemini", "/v1/models/x:y", "/v1/models/x:y"},
		{here, "/api/gemini/v1beta/models", "gemini", "/api/gemini", "/v1beta/models", "/v1beta/models"},
		{here, "/api/gemini/models", "gemini", "/api/gemini", "/v1beta/models", "/v1beta/models"},
		{here, "/api/github/v1/x", "github", "/api/github", "/v1/x", "/v1/x"},
		{here, "/api/cf/zones", "cf", "/api/cf", "/v4/zones", "/client%2Fx/v4/zones"},
		{here, "/api/cf/", "cf", "/api/cf", "/", "/client%2Fx/"},
		{here, "/api/s3/bucket//k", "s3", "/api/s3", "/bucket//k", "/bucket//k"},
		{"github.broker.example", "/repos/x", "github", "", "/repos/x", "/repos/x"},
		{"GITHUB.broker.example:8080", "/api/openai/x", "github", "", "/api/openai/x", "/api/openai/x"},
		{"Api.GitHub.com", "/graphql", "github", "", "/graphql", "/graphql"},
		{"api.github.com:443", "/", "github", "", "/", "/"},
		{"api.openai.com:80", "/models", "openai", "", "/v1/models", "/v1/models"},
		{"127.0.0.1:9999", "/zones", "cf", "", "/v4/zones", "/client%2Fx/v4/zones"},
		{"shared.example", "/api/home/x", "home", "/api/home", "/x", "/x"},
	}
	table := table(t)
	for _, c := range cases {
		r, err := table.Find(parsed(t, c.host, c.target))
		if err != nil {
			t.Errorf("%s%s: %v", c.host, c.target, err)
			continue
		}
		if r.Provider().Name != c.provider || r.Mount() != c.mount || r.Path() != c.path || r.UpstreamPath() != c.upstream {
			t.Errorf("%s%s: %s %q %q %q", c.host, c.target, r.Provider().Name, r.Mount(), r.Path(), r.UpstreamPath())
		}
	}
}

// A name below a host of a provider that has them is its too; one of another
// provider's own, or below one that has none, is not.
func TestSubdomains(t *testing.T) {
	table := table(t)
	for _, c := range []struct{ host, target, provider, mount, subdomain string }{
		{"r2.broker.example", "/b/k", "r2", "", ""},
		{"bucket.r2.broker.example:8080", "/k", "r2", "", "bucket"},
		{"My.Bucket.R2.broker.example", "/k", "r2", "", "my.bucket"},
		{"bucket.r2.example", "/k", "r2", "", "bucket"},
		{"bucket.localhost:8080", "/api/r2/k", "r2", "/api/r2", "bucket"},
		{"bucket.broker.example", "/api/r2/k", "r2", "/api/r2", "bucket"},
		{"localhost", "/api/r2/k", "r2", "/api/r2", ""},
		{"bucketlocalhost", "/api/r2/k", "r2", "/api/r2", ""},
		{"bucket.localhost.evil.example", "/api/r2/k", "r2", "/api/r2", ""},
		{"bucket.localhost", "/api/openai/k", "openai", "/api/openai", ""},
		{"github.broker.example", "/x", "github", "", ""},
	} {
		r, err := table.Find(parsed(t, c.host, c.target))
		if err != nil || r.Provider().Name != c.provider || r.Mount() != c.mount || r.Subdomain() != c.subdomain {
			t.Errorf("%s%s: %v %+v", c.host, c.target, err, r)
		}
	}
	for _, host := range []string{"bucket.github.broker.example", "bucket.s3.broker.example", ".r2.broker.example.evil.example", "r2.broker.example.evil.example"} {
		if raw, err := request.Parse(request.Raw{Method: "GET", Target: "/x", Host: host, Hosts: 1}); err == nil {
			if r, err := table.Find(raw); err == nil {
				t.Errorf("%s leads to %s", host, r.Provider().Name)
			}
		}
	}
	r, err := table.At("r2", parsed(t, "b.r2.broker.example:9000", "/k"))
	if err != nil || r.Subdomain() != "b" {
		t.Errorf("%+v %v", r, err)
	}
}

func TestUnknown(t *testing.T) {
	table := table(t)
	for _, c := range []struct{ host, target, says string }{
		{"x", "/", "/api/PROVIDER/"},
		{"x", "/api", "/api/PROVIDER/"},
		{"x", "/api/", "/api/PROVIDER/"},
		{"x", "/api/unknown/x", `"unknown"`},
		{"x", "/api/openai.evil/x", "/api/PROVIDER/"},
		{"x", "/api/openai;x/y", "/api/PROVIDER/"},
		{"x", "/api/openai%2fx", "/api/PROVIDER/"},
		{"x", "/api/%6fpenai/x", "/api/PROVIDER/"},
		{"x", "/api/Openai/x", "/api/PROVIDER/"},
		{"x", "/api//openai/x", "/api/PROVIDER/"},
		{"x", "//api/openai/x", "/api/PROVIDER/"},
		{"x", "/API/openai/x", "/api/PROVIDER/"},
		{"x", "/a/api/openai/x", "/api/PROVIDER/"},
		{"x", "/%61pi/openai/x", "/api/PROVIDER/"},
		{"x", "/apiopenai/x", "/api/PROVIDER/"},
		{"api.github.com.evil.example", "/user", "/api/PROVIDER/"},
		{"evil-api.github.com", "/user", "/api/PROVIDER/"},
		{"x.api.github.com", "/user", "/api/PROVIDER/"},
		{"github.com", "/user", "/api/PROVIDER/"},
		{"api.github.com:8443", "/user", "/api/PROVIDER/"},
		{"127.0.0.1:8080", "/zones", "/api/PROVIDER/"},
		{"127.0.0.1", "/zones", "/api/PROVIDER/"},
		{"shared.example", "/x", "/api/PROVIDER/"},
		{"s3.broker.example.evil.example", "/b/k", "/api/PROVIDER/"},
		{"bucket.s3.broker.example", "/b/k", "/api/PROVIDER/"},
	} {
		r, err := table.Find(parsed(t, c.host, c.target))
		f := fault.From(err)
		if err == nil || f.Code != fault.ProviderUnknown || !strings.Contains(f.Message, c.says) || r.Provider() != nil {
			t.Errorf("%s%s: %+v %v", c.host, c.target, r, err)
		}
	}
}

// What stands where a provider's name belongs may be a token.
func TestRefusalsRepeatNoToken(t *testing.T) {
	table := table(t)
	for _, name := range []string{"seks_openai_abc", "sk-Proj-x", strings.Repeat("a", 33), "<b>", "9-x"} {
		if _, err := table.Find(parsed(t, "x", "/api/"+name+"/x")); err == nil || strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAt(t *testing.T) {
	table := table(t)
	r, err := table.At("s3", parsed(t, "127.0.0.1:9000", "/api/openai/x"))
	if err != nil || r.Provider().Name != "s3" || r.Mount() != "" || r.UpstreamPath() != "/api/openai/x" {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := table.At("nobody", parsed(t, "x", "/")); fault.From(err).Code != fault.ProviderUnknown {
		t.Errorf("%v", err)
	}
}

func TestZeroRequestIsRefused(t *testing.T) {
	table := table(t)
	if _, err := table.Find(request.Request{}); fault.From(err).Code != fault.BadRequest {
		t.Errorf("Find: %v", err)
	}
	if _, err := table.At("s3", request.Request{}); fault.From(err).Code != fault.BadRequest {
		t.Errorf("At: %v", err)
	}
}

func TestNewTableRefuses(t *testing.T) {
	u := upstream(t, "https://x.example")
	for name, providers := range map[string][]Provider{
		"no upstream":   {{Name: "a"}},
		"one name":      {{Name: "a", Upstream: u}, {Name: "a", Upstream: u}},
		"one host":      {{Name: "a", Upstream: u, Hosts: []string{"h"}}, {Name: "b", Upstream: u, Hosts: []string{"H"}}},
		"empty prefix":  {{Name: "a", Upstream: u, VersionPrefixes: []string{""}}},
		"root prefix":   {{Name: "a", Upstream: u, VersionPrefixes: []string{"/"}}},
		"prefix's end":  {{Name: "a", Upstream: u, VersionPrefixes: []string{"/v1/"}}},
		"prefix's head": {{Name: "a", Upstream: u, VersionPrefixes: []string{"v1"}}},
	} {
		if _, err := NewTable(providers); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	table := table(t)
	r := parsed(t, "broker.example", "/api/openai/v1/chat/completions")
	if n := testing.AllocsPerRun(100, func() {
		if _, err := table.Find(r); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
