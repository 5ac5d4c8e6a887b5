package request

import (
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

const host = "127.0.0.1:8080"

func get(target string) Raw { return Raw{Method: "GET", Target: target, Host: host, Hosts: 1} }

func TestParse(t *testing.T) {
	headers := []Header{{"hOST", host}, {"X-Api-Key", "seks_x"}, {"x-api-key", "seks_y"}, {"Accept", ""}}
	r, err := Parse(Raw{Method: "M-POST", Target: "/api/openai//v1/a%2Fb;c?x=%2e%2e&&y", Host: "Broker.Example:8443", Hosts: 1, TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Method() != "M-POST" || r.Target() != "/api/openai//v1/a%2Fb;c?x=%2e%2e&&y" || r.Path() != "/api/openai//v1/a%2Fb;c" ||
		r.Query() != "x=%2e%2e&&y" || r.Authority() != "Broker.Example:8443" || r.Host() != "broker.example" || r.Port() != "8443" ||
		!r.TLS() || !r.Valid() {
		t.Errorf("%+v", r)
	}
	raw := get("/")
	raw.Headers = headers
	if r, err = Parse(raw); err != nil || len(r.Headers()) != 4 || r.Headers()[1].Name != "X-Api-Key" {
		t.Errorf("%v %+v", err, r)
	}
	if (Request{}).Valid() {
		t.Error("the zero Request is valid")
	}
}

func TestTargets(t *testing.T) {
	pass := map[string]string{ // target: path
		"/":                                    "/",
		"/?":                                   "/",
		"/v1/models?key=a/../b&x=;y?z=\\":      "/v1/models",
		"/repos/o/r/branches/feature%2Fx":      "/repos/o/r/branches/feature%2Fx",
		"/v1beta/models/gemini-2:generate":     "/v1beta/models/gemini-2:generate",
		"/@scope%2fname/x@1.0.0":               "/@scope%2fname/x@1.0.0",
		"/bucket/%E4%BD%A0%20%F0%9F%98%80.txt": "/bucket/%E4%BD%A0%20%F0%9F%98%80.txt",
		"/bucket/a//b///c/":                    "/bucket/a//b///c/",
		"/100%25/%2520":                        "/100%25/%2520",
		"/bucket/50%25above.txt":               "/bucket/50%25above.txt",
		"/.well-known/x":                       "/.well-known/x",
		"/...":                                 "/...",
		"/a..b/..c/d../.e":                     "/a..b/..c/d../.e",
		"/a;v=1/b":                             "/a;v=1/b",
		"/a/;x":                                "/a/;x",
		"/%3f%23":                              "/%3f%23",
		"/tags/{x}|y":                          "/tags/{x}|y",
		"/\u00fcber":                           "/\u00fcber",
		"http://127.0.0.1:8080/a?b":            "/a",
		"HTTP://127.0.0.1:8080":                "/",
		"http://127.0.0.1:8080?b":              "/",
		"http://127.0.0.1:8080//a":             "//a",
		"/x?url=http://a@b/":                   "/x",
		"/http://a@b":                          "/http://a@b",
	}
	for target, path := range pass {
		if r, err := Parse(get(target)); err != nil || r.Path() != path {
			t.Errorf("%s: %q %v", target, r.Path(), err)
		}
	}
	refused := map[string]string{ // target: part of the reason
		"":                            "doesn't begin with /",
		"*":                           "doesn't begin with /",
		"example.com:443":             "doesn't begin with /",
		"v1/models":                   "doesn't begin with /",
		"ftp://127.0.0.1:8080/":       "scheme",
		"https://127.0.0.1:8080/":     "scheme",
		"http://evil.example/":        "another host",
		"http://127.0.0.1/":           "another host",
		"http://127.0.0.1:8081/":      "another host",
		"http://127.0.0.1:8080.evil/": "port",
		"http://x@127.0.0.1:8080/":    "a user name",
		"http://u:p@127.0.0.1:8080/":  "a user name",
		"http:///x":                   "empty Host",
		"http://127.0.0.1:8080\\x":    "port",
		"/a b":                        "raw space",
		"/a#b":                        "raw space",
		"/a?b#c":                      "raw space",
		"/a?b c":                      "raw space",
		"/a\tb":                       "control",
		"/a\x00":                      "control",
		"/a?\r\nX: y":                 "control",
		"/a\x7f":                      "control",
		"/%00":                        "control",
		"/a%0d%0ab":                   "control",
		"/a%250a":                     "control",
		"/a%25250a":                   "control",
		"/%7f":                        "control",
		"/%":                          "hexadecimal",
		"/%2":                         "hexadecimal",
		"/%zz":                        "hexadecimal",
		"/a?b=%":                      "hexadecimal",
		"/%%32e":                      "hexadecimal",
		"/a\\b":                       "backslash",
		"/a%5cb":                      "backslash",
		"/a%255Cb":                    "backslash",
		"/a%25255cb":                  "backslash",
		"/.":                          "dot segment",
		"/..":                         "dot segment",
		"/a/./b":                      "dot segment",
		"/a/../b":                     "dot segment",
		"/a/..?x":                     "dot segment",
		"/a/%2e%2e/b":                 "dot segment",
		"/a/%2E/b":                    "dot segment",
		"/a/.%2e/b":                   "dot segment",
		"/a/%252e%252e/b":             "dot segment",
		"/a/%252e./b":                 "dot segment",
		"/a/%25252e%25252e/b":         "dot segment",
		"/a/..%2fb":                   "dot segment",
		"/a/..%252fb":                 "dot segment",
		"/a%2f..%2fb":                 "dot segment",
		"/a/..;x/b":                   "dot segment",
		"/a/..;/b":                    "dot segment",
		"/a/.;x=y":                    "dot segment",
		"/a/..%3bx/b":                 "dot segment",
		"/a/%2e%2e%3bx/b":             "dot segment",
		"/a/.%253b/b":                 "dot segment",
		"/a/;x/../b":                  "dot segment",
		"/a/.%c0%ae/b":                "UTF-8",
		"/%c0%af":                     "UTF-8",
		"/%e0%80%af":                  "UTF-8",
		"/%f0%80%80%af":               "UTF-8",
		"/\xc0\xae":                   "UTF-8",
		"/%ff":                        "UTF-8",
		"/%ed%a0%80":                  "UTF-8",
		"/%25c0%25ae":                 "overlong",
		"/%25e0%2580%25af":            "overlong",
		"/%25f0%2580%2580%25af":       "overlong",
		"/" + strings.Repeat("a//%25253b;b%25252f/", 3): "more ways",
	}
	for target, reason := range refused {
		_, err := Parse(get(target))
		f := fault.From(err)
		if err == nil || f.Code != fault.BadRequest || !strings.Contains(f.Message, reason) {
			t.Errorf("%q: %v, want %s", target, err, reason)
		}
	}
}

func TestAbsoluteFormOverTLS(t *testing.T) {
	raw := Raw{Method: "GET", Target: "https://API.openai.com/v1", Host: "api.openai.com", Hosts: 1, TLS: true}
	if r, err := Parse(raw); err != nil || r.Path() != "/v1" || r.Target() != raw.Target {
		t.Errorf("%v %v", r, err)
	}
	raw.Target = "http://api.openai.com/v1"
	if _, err := Parse(raw); err == nil {
		t.Error("plain http in a request over TLS passed")
	}
}

func TestMethods(t *testing.T) {
	for method, ok := range map[string]bool{
		"GET": true, "POST": true, "PROPFIND": true, "M-SEARCH": true, "get": false, "Delete": false, "patch": false,
		"": false, "G ET": false, "GET\r\n": false, "CONNECT": false, "TRACE": false, "trace": false, "GÉT": false, "GET/": false,
	} {
		raw := get("/")
		raw.Method = method
		if _, err := Parse(raw); (err == nil) != ok {
			t.Errorf("%q: %v", method, err)
		}
	}
}

func TestHosts(t *testing.T) {
	for h, ok := range map[string]bool{
		"localhost": true, "a.b-c.example:1": true, "[::1]:8080": true, "[2001:DB8::1]": true, "my_broker": true, "10.0.0.1": true,
		"": false, "a@b": false, "u:p@b:80": false, "a b": false, "a,b": false, "a/b": false, "a:": false, "a:0": false, "a:080": false,
		"a:65536": false, "a:8x": false, ":80": false, "a..b": false, ".a": false, "a.": false, "a%2eb": false, "::1": false, "[::1": false,
		"[127.0.0.1]": false, "[fe80::1%25eth0]": false, "a\\b": false, "a#b": false, "a?b": false, "bücher.example": false,
		"a\r\nb": false, "a\x00": false, strings.Repeat("a", 254): false,
	} {
		raw := get("/")
		raw.Host = h
		if _, err := Parse(raw); (err == nil) != ok {
			t.Errorf("%q: %v", h, err)
		}
	}
	for _, n := range []int{0, 2} {
		raw := get("/")
		raw.Hosts = n
		if _, err := Parse(raw); err == nil {
			t.Errorf("%d Host lines passed", n)
		}
	}
}

// A refusal repeats nothing of what was sent: it may be the token.
func TestRefusalsRepeatNothing(t *testing.T) {
	const token = "seks_openai_q7"
	for _, raw := range []Raw{
		get("/" + token + "/../x"), get("/?key=" + token + "%"), get(token),
		{Method: token + " ", Target: "/", Host: host, Hosts: 1},
		{Method: "GET", Target: "/", Host: token + "@x", Hosts: 1},
		{Method: "GET", Target: "/", Host: host, Hosts: 1, Headers: []Header{{"X-Host", token}}},
		{Method: "GET", Target: "/", Host: host, Hosts: 1, Headers: []Header{{token + " ", "x"}}},
		{Method: "GET", Target: "/", Host: host, Hosts: 1, Headers: []Header{{"x-key", token + "\n"}}},
	} {
		_, err := Parse(raw)
		if err == nil || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), "%!") {
			t.Errorf("%+v: %v", raw, err)
		}
	}
}

func TestPlainRequestAllocatesNothing(t *testing.T) {
	raw := get("/api/openai/v1/chat/completions?a=b")
	raw.Host = "broker.example"
	raw.Headers = []Header{{"Host", "broker.example"}, {"Authorization", "Bearer x"}, {"Content-Length", "7"}, {"X-Stainless-Lang", "go"}}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Parse(raw); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
