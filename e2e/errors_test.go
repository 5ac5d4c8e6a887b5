package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// refused checks one refusal as a whole: status, code, a sentence in a body of
// the API's shape, and the line in the log.
func (r *rig) refused(a answer, status int, code, says string) {
	r.t.Helper()
	if a.Status != status || a.code() != code {
		r.t.Errorf("%d %q, want %d %q: %s", a.Status, a.code(), status, code, a.Body)
		return
	}
	var body struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(a.Body, &body); err != nil || body.Error.Code != code || !strings.Contains(body.Error.Message, says) ||
		!strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		r.t.Errorf("the body says %s (%v), want %q", a.Body, err, says)
	}
	l := r.line(a.id())
	if l["error"] != code || l["status"] != float64(status) || l["reason"] == "" {
		r.t.Errorf("the log says %v", l)
	}
}

func TestRefusals(t *testing.T) {
	closed := closedPort(t)
	ssh := answering(t, "SSH-2.0-OpenSSH_9.2\r\n\r\n")
	mute := answering(t, "")
	r := newRig(t, upstream.Options{}, harness.Options{Extra: `
[providers.second]
plugin = "openai"
upstream = "http://127.0.0.1:1"
[providers.dead]
plugin = "openai"
upstream = "http://` + closed + `"
[providers.ssh]
plugin = "openai"
upstream = "http://` + ssh + `"
[providers.mute]
plugin = "openai"
upstream = "http://` + mute + `"
[providers.absent]
`})
	other := func(provider string) string {
		r.must(newKey(), "credential", "set", provider+"-key", "--provider", provider)
		_, token := r.issueFor(provider+"-key", "agent-"+provider)
		return token
	}
	foreign := newStoppedRig(t, upstream.Options{}, harness.Options{}).token
	narrow := func(flags ...string) string { _, token := r.issue("narrow", flags...); return token }
	typo := r.token[:20] + otherDigit(r.token[20]) + r.token[21:]
	const models, chat = "GET /api/openai/v1/models", "POST /api/openai/v1/chat/completions"

	for _, c := range []struct {
		name, line, token string
		headers           []string
		status            int
		code, says        string
	}{
		{"no token", models, "", nil, 401, "token_missing", "send the seks_… token where the API's own key goes"},
		{"an API's own key", models, "sk-proj-abcdef", nil, 401, "token_invalid", "they begin with seks_"},
		{"a token cut short", models, r.token[:30], nil, 401, "token_invalid", "copy it whole"},
		{"a token with a typo", models, typo, nil, 401, "token_invalid", "typo"},
		{"a token of another broker", models, foreign, nil, 401, "token_invalid", "not known here"},
		{"another provider's token", models, other("second"), nil, 401, "token_invalid", "is for another provider"},
		{"unknown provider", "GET /api/nobody/v1/models", r.token, nil, 404, "provider_unknown", "/api/PROVIDER/"},
		{"no provider in the path", "GET /v1/models", r.token, nil, 404, "provider_unknown", "/api/PROVIDER/"},
		{"a provider without plugin", "GET /api/absent/v1/models", r.token, nil, 404, "provider_unknown", ""},
		{"API that is down", "GET /api/dead/v1/models", other("dead"), nil, 502, "upstream_unreachable", "could not be reached"},
		{"API that hangs up", "POST /api/mute/v1/responses", other("mute"), []string{"Content-Length: 0"}, 502, "upstream_unreachable", "could not be reached"},
		{"API that is none", "GET /api/ssh/v1/models", other("ssh"), nil, 502, "upstream_protocol", "can't pass on safely"},
		{"dot segments", "GET /api/openai/v1/files/../models", r.token, nil, 400, "bad_request", "dot segment"},
		{"dot segments encoded", "GET /api/openai/v1/files/%2e%2E/models", r.token, nil, 400, "bad_request", "dot segment"},
		{"dot segments encoded twice", "GET /api/openai/v1/files/%252e%252e/models", r.token, nil, 400, "bad_request", "dot segment"},
		{"dot segments to another provider", "GET /api/openai/../second/v1/models", r.token, nil, 400, "bad_request", "dot segment"},
		{"backslash", `GET /api/openai/v1\models`, r.token, nil, 400, "bad_request", "backslash"},
		{"method override", chat, r.token, []string{"X-HTTP-Method-Override: DELETE", "Content-Length: 0"}, 400, "bad_request", "x-http-method-override"},
		{"path override", models, r.token, []string{"X-Original-URL: /v1/files"}, 400, "bad_request", "x-original-url"},
		{"lower-case method", "get /api/openai/v1/models", r.token, nil, 400, "bad_request", "capitals"},
		{"two hosts", models, r.token, []string{"Host: api.openai.com"}, 400, "bad_request", "headers"},
		{"denied path", "GET /api/openai/v1/files/x", narrow("--deny", "* /v1/files/*"), nil, 403, "policy_denied", "does not allow GET /v1/files/x"},
		{"denied path, written otherwise", "GET /api/openai/v1/files%2Fx", narrow("--deny", "* /v1/files/*"), nil, 403, "policy_denied", "does not allow"},
		{"denied path, prefix left out", "GET /api/openai/files/x", narrow("--deny", "* /v1/files/*"), nil, 403, "policy_denied", "does not allow"},
		{"path not allowed", models, narrow("--allow", "GET /v1/files"), nil, 403, "policy_denied", "does not allow GET /v1/models"},
		{"write with a read-only token", chat, narrow("--read-only"), []string{"Content-Length: 0"}, 403, "policy_denied", "read"},
		{"unknown operation with a read-only token", "GET /api/openai/v1/unheard-of", narrow("--read-only"), nil, 403, "policy_denied", "read"},
		{"operation not allowed", models, narrow("--op", "files.*"), nil, 403, "policy_denied", "does not allow"},
		{"operation that grants", "POST /api/openai/v1/organization/admin_api_keys", r.token, []string{"Content-Length: 0"}, 403, "policy_denied", "does not allow"},
		{"from elsewhere", models, narrow("--from", "192.0.2.0/24"), nil, 403, "policy_denied", "does not allow"},
		{"from elsewhere, lying", models, narrow("--from", "192.0.2.0/24"), []string{"X-Forwarded-For: 192.0.2.1"}, 403, "policy_denied", "does not allow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			before := len(r.double.Requests())
			a := r.ask(c.line, c.token, c.headers...)
			r.refused(a, c.status, c.code, c.says)
			if len(r.double.Requests()) != before {
				t.Errorf("it reached the API: %q", r.lastSeen().Head)
			}
			if c.token != "" && a.holds(c.token) != "" {
				t.Errorf("the answer repeats the token: %q", a.Raw)
			}
			r.works(c.name)
		})
	}
	r.t = t
	for name, token := range map[string]string{
		"--read-only": narrow("--read-only"), "--op": narrow("--op", "models.*"), "--from": narrow("--from", "127.0.0.0/8"),
		"--allow": narrow("--allow", "GET /v1/mod*"), "--deny": narrow("--deny", "DELETE /*"),
	} {
		if a := r.ask(models, token); a.Status != 200 {
			t.Errorf("%s: what it allows got %d %s", name, a.Status, a.Body)
		}
	}
}

// What is no request at all gets an answer with a code, and a line, too.
func TestGarbageOnTheSocket(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	const end = "Host: b\r\nConnection: close\r\n\r\n"
	for name, c := range map[string]struct{ bytes, says string }{
		"binary":               {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", ""},
		"no request line":      {"hello\r\n\r\n", ""},
		"no host":              {"GET /api/openai/v1/models HTTP/1.1\r\nConnection: close\r\n\r\n", "headers"},
		"two lengths":          {"POST /api/openai/v1/sink HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + end, ""},
		"length and chunks":    {"POST /api/openai/v1/sink HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" + end + "0\r\n\r\n", ""},
		"a length that is not": {"POST /api/openai/v1/sink HTTP/1.1\r\nContent-Length: many\r\n" + end, ""},
		"headers without end":  {"GET /api/openai/v1/models HTTP/1.1\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n" + end, "64 KiB"},
		"a header with a NUL":  {"GET /api/openai/v1/models HTTP/1.1\r\nX: a\x00b\r\n" + end, ""},
		"a folded header":      {"GET /api/openai/v1/models HTTP/1.1\r\nX: a\r\n b\r\n" + end, ""},
		"a nameless header":    {"GET /api/openai/v1/models HTTP/1.1\r\n: a\r\n" + end, ""},
		"space before a colon": {"GET /api/openai/v1/models HTTP/1.1\r\nX : a\r\n" + end, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			r.refused(r.exchange(c.bytes), 400, "bad_request", c.says)
			r.works(name)
		})
	}
	r.t = t
	if bad := len(r.double.Requests()); bad != len(r.log("--status", "200")) {
		t.Errorf("%d requests reached the API, more than the good ones", bad)
	}
}

func TestExpiredToken(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	_, token := r.issue("brief", "--expires", "1s")
	var a answer
	eventually(t, "the token expires", func() bool {
		a = r.ask("GET /api/openai/v1/models", token)
		return a.Status != 200
	})
	r.refused(a, 401, "token_expired", "ask for a new one")
	r.works("a token has expired")
}

// Once `revoke` has returned, no request gets in: also not one whose token has
// just been used and is in every cache, by a connection that is open.
func TestRevokedToken(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	for range 5 {
		id, token := r.issue("to-revoke")
		ask := func() int {
			q, _ := http.NewRequest("GET", r.URL+"/api/openai/v1/models", nil)
			q.Header.Set("Authorization", "Bearer "+token)
			resp, err := http.DefaultTransport.RoundTrip(q)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			return resp.StatusCode
		}
		if got := ask(); got != 200 {
			t.Fatalf("before it is revoked: %d", got)
		}
		r.must("", "token", "revoke", id)
		if got := ask(); got != 401 {
			t.Fatalf("after it is revoked: %d", got)
		}
		r.refused(r.ask("GET /api/openai/v1/models", token), 401, "token_revoked", "ask for a new one")
	}
	r.works("tokens were revoked")
}

func TestRateLimit(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	_, token := r.issue("limited", "--rate", "3/h")
	for i := range 3 {
		if a := r.ask("GET /api/openai/v1/models", token); a.Status != 200 {
			t.Fatalf("request %d: %d %s", i, a.Status, a.Body)
		}
	}
	a := r.ask("GET /api/openai/v1/models", token)
	r.refused(a, 429, "rate_limited", "3/h")
	if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || n < 1 || n > 1200 {
		t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
	}
	r.works("a rate limit") // another token's requests are none of its business
}

func TestUpstreamTimeout(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{Extra: "[limits]\nupstream_header_timeout = \"2s\"\n"})
	r.refused(r.ask("GET /api/openai/v1/hang", r.token), 504, "upstream_timeout", "too long")
	r.works("a timeout")
}

// A credential goes to the hosts that it was set for. When the operator points
// its provider elsewhere, it goes nowhere until they say so again.
func TestCredentialIsBoundToItsHost(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	r.works("the start")
	r.stop()
	moved := upstream.New(upstream.Options{Key: r.key})
	at, err := moved.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer moved.Close()
	if err := r.Configure(harness.Options{Upstream: at}); err != nil {
		t.Fatal(err)
	}
	r.start()
	a := r.ask("GET /api/openai/v1/models", r.token)
	r.refused(a, 503, "credential_unavailable", "ask the operator")
	if reason := r.line(a.id())["reason"].(string); !strings.Contains(reason, "credential rebind "+credentialName) {
		t.Errorf("the log does not say what to do: %s", reason)
	}
	if len(moved.Requests()) != 0 {
		t.Errorf("it went there: %q", moved.RawIn())
	}
	r.must("", "credential", "rebind", credentialName)
	r.works("rebind")
	r.must("", "credential", "remove", credentialName)
	r.refused(r.ask("GET /api/openai/v1/models", r.token), 503, "credential_unavailable", "ask the operator")
}

// otherDigit is a digit of a token's alphabet that c is not.
func otherDigit(c byte) string {
	if c == '7' {
		return "8"
	}
	return "7"
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// answering is the address of a server that says text to whoever has sent
// something, and hangs up.
func answering(t *testing.T, text string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(wireLimit))
			_, _ = c.Read(make([]byte, 64<<10))
			_, _ = c.Write([]byte(text))
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}
