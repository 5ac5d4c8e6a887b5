package ops

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/plugin"
)

func evaluate(t *testing.T, raw string, fields map[string]string) (Evaluated, error) {
	t.Helper()
	p, err := plugin.Open(context.Background(), guest(t, "ok"))
	if err != nil {
		t.Fatal(err)
	}
	return Eval(p, []byte(raw), fields, time.Unix(0, 0))
}

func TestEval(t *testing.T) {
	const request = "GET https://api.example.com/v1/x?a=1 HTTP/1.1\nHost: api.example.com\nAccept-Encoding: lzma, gzip\nX-A: 1\nx-a:  2\nConnection: close\nAuthorization: Bearer seks_x\n\nbody"
	for name, raw := range map[string]string{
		"absolute": strings.Replace(request, "https://", "http://", 1),
		"host":     strings.Replace(request, "https://api.example.com", "", 1),
		"mount":    strings.NewReplacer("https://api.example.com", "/api/ok", "Host: api.example.com\n", "").Replace(request),
		"nothing":  strings.NewReplacer("https://api.example.com", "", "Host: api.example.com\n", "").Replace(request),
		"CRLF":     strings.ReplaceAll(strings.Replace(request, "https://api.example.com", "", 1), "\n", "\r\n"),
	} {
		out, err := evaluate(t, raw, map[string]string{"api_key": "k"})
		want := "GET /v1/x?a=1 HTTP/1.1\nHost: api.example.com\nAccept-Encoding: gzip\nX-A: 1\nx-a: 2\nauthorization: Bearer k\nContent-Length: 4\n\nbody"
		if err != nil || out.Request != want {
			t.Errorf("%s: %v\n%s", name, err, out.Request)
		}
	}
}

// A length is said where the broker says one: with a body, and where the method
// leads an API to expect one.
func TestEvalFramesAsTheBrokerDoes(t *testing.T) {
	for raw, want := range map[string]string{
		"GET /v1/x HTTP/1.1\n\n":                                "authorization: Bearer k\n",
		"DELETE /v1/x HTTP/1.1\n":                               "authorization: Bearer k\n",
		"POST /v1/x HTTP/1.1\n":                                 "authorization: Bearer k\nContent-Length: 0\n",
		"POST /v1/x HTTP/1.1\nContent-Length: 99\n\n{\n\n}\n":   "authorization: Bearer k\nContent-Length: 5\n\n{\n\n}\n",
		"POST /v1/x HTTP/1.1\r\nContent-Length: 1\r\n\r\na\r\n": "authorization: Bearer k\nContent-Length: 3\n\na\r\n",
	} {
		out, err := evaluate(t, raw, map[string]string{"api_key": "k"})
		if _, got, _ := strings.Cut(out.Request, "Host: api.example.com\n"); err != nil || got != want {
			t.Errorf("%q: %v\n%q\nwant\n%q", raw, err, got, want)
		}
	}
}

func TestEvalRefuses(t *testing.T) {
	key := map[string]string{"api_key": "k"}
	for _, c := range []struct {
		raw    string
		fields map[string]string
		says   string
	}{
		{"", key, "must begin with a line"},
		{"GET /x", key, "must begin with a line"},
		{"GET /a b HTTP/1.1\n", key, "must begin with a line"},
		{"GET /x HTTP/1.1\nno header\n", key, "header line"},
		{"GET /../x HTTP/1.1\n", key, "bad_request"},
		{"GET /x HTTP/1.1\nHost: a\nHost: b\n", key, "Host"},
		{"GET /x HTTP/1.1\n", nil, "--field api_key="},
		{"GET /x HTTP/1.1\n", map[string]string{"api_key": "k", "other": "v"}, `"other"`},
	} {
		if out, err := evaluate(t, c.raw, c.fields); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %+v %v", c.raw, out, err)
		}
	}
}

func TestParseFields(t *testing.T) {
	f, err := ParseFields([]string{"b=2=3", "a="})
	if err != nil || len(f) != 2 || f["b"] != "2=3" || f["a"] != "" {
		t.Errorf("%q %v", f, err)
	}
	for _, bad := range [][]string{{"a"}, {"a=1", "a=2"}} {
		if _, err := ParseFields(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}
