package pipeline_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func never(t *testing.T) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s reached the upstream", r.Method, r.URL) }
}

// Each stage that can refuse does it before anything goes upstream, with its
// code, in its provider's shape once that is known, and with a line that says
// as much as was known by then.
func TestEveryStageRefuses(t *testing.T) {
	plans := map[string]guest{
		"refuses":   {plan: &seks.Refuse("body_too_large", "not that much").Plan},
		"rewrites":  {plan: &seks.Bearer("api_key").SetPath("/a/../b").Plan},
		"queries":   {plan: &seks.Bearer("api_key").SetRawQuery("a=b c").Plan},
		"elsewhere": {plan: &abi.Plan{Upstream: "uploads"}},
		"leaks":     {plan: &seks.Bearer("api_key").SetHeader("x-echo", seks.Field("api_key")).Plan},
	}
	r := open(t, never(t), plans)
	r.credential("p", "other-host", "elsewhere.example")
	r.credential("p", "gone", r.origin.Host)
	gone, elsewhere := r.issue("p", "gone", token.Rules{}), r.issue("p", "other-host", token.Rules{})
	r.check(r.Credentials.Remove("default", "gone"))
	narrow := r.issue("p", "p-key", token.Rules{Allow: []string{"GET /things/*"}, From: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	rate, err := token.ParseRate("1/h")
	r.check(err)
	slow := r.issue("p", "p-key", token.Rules{Rate: rate, Deny: []string{"* /denied"}})
	revoked := r.issue("p", "p-key", token.Rules{})
	_, record, err := r.Tokens.Issue(token.Record{Tenant: "default", Agent: "x", Provider: "p", Credential: "p-key", Expires: time.Now().Add(time.Hour)})
	r.check(err)
	_ = record
	claim, err := r.Tokens.Find([]byte(revoked), "p")
	r.check(err)
	r.check(r.Tokens.Revoke(claim.TokenID()))
	r.tokens["a"], r.tokens["b"], r.tokens["c"], r.tokens["d"], r.tokens["e"] = gone, elsewhere, narrow, slow, revoked

	with := func(target, token string) pipeline.Incoming {
		return incoming("GET", target, "Authorization: Bearer "+token, "User-Agent: agent/1")
	}
	elsewhereIP := with("/api/p/things/1", narrow)
	elsewhereIP.ClientIP = netip.MustParseAddr("198.51.100.1")
	const nobody, known, routed = "", "agent-p", "p"
	for _, c := range []struct {
		name            string
		in              pipeline.Incoming
		code            fault.Code
		agent, provider string
		path            string
		shaped          bool
		reason          string
	}{
		{"the door", with("/api/p/../x", r.tokens["p"]), fault.BadRequest, nobody, "", "/api/p/../x", false, ""},
		{"no provider", with("/nothing?k=v", r.tokens["p"]), fault.ProviderUnknown, nobody, "", "/nothing", false, ""},
		{"an unknown provider", with("/api/none/x", r.tokens["p"]), fault.ProviderUnknown, nobody, "", "/api/none/x", false, ""},
		{"a plugin that isn't there", with("/api/absent/x", r.tokens["p"]), fault.ProviderUnknown, nobody, "absent", "/x", false, ""},
		{"no token", incoming("GET", "/api/p/x"), fault.TokenMissing, nobody, routed, "/x", true, ""},
		{"a key that is no token", with("/api/p/x", "sk-123"), fault.TokenInvalid, nobody, routed, "/x", true, ""},
		{"a typo", with("/api/p/x", r.tokens["p"][:len(r.tokens["p"])-1]+"!"), fault.TokenInvalid, nobody, routed, "/x", true, ""},
		{"another provider's token", with("/api/p/x", r.tokens["refuses"]), fault.TokenInvalid, "agent-refuses", routed, "/x", true, ""},
		{"a revoked token", with("/api/p/x", revoked), fault.TokenRevoked, known, routed, "/x", true, ""},
		{"a token in the path", with("/api/p/x/"+r.tokens["p"], r.tokens["p"]), fault.BadRequest, nobody, routed, "/x/seks_p_[REDACTED]", true, ""},
		{"two tokens", incoming("GET", "/api/p/x", "Authorization: Bearer "+r.tokens["p"], "X-Api-Key: "+slow), fault.BadRequest, nobody, routed, "/x", true, ""},
		{"the plugin's refusal", with("/api/refuses/x", r.tokens["refuses"]), fault.BodyTooLarge, "agent-refuses", "refuses", "/x", true, "not that much"},
		{"a plan with dots", with("/api/rewrites/x", r.tokens["rewrites"]), fault.PluginFailed, "agent-rewrites", "rewrites", "/x", true, "plugin"},
		{"a plan with a space", with("/api/queries/x", r.tokens["queries"]), fault.PluginFailed, "agent-queries", "queries", "/x", true, "plugin"},
		{"a plan for no upstream", with("/api/elsewhere/x", r.tokens["elsewhere"]), fault.PluginFailed, "agent-elsewhere", "elsewhere", "/x", true, "uploads"},
		{"a plan that leaks", with("/api/leaks/x", r.tokens["leaks"]), fault.PluginFailed, "agent-leaks", "leaks", "/x", true, "api_key"},
		{"policy, by path", with("/api/p/other", narrow), fault.PolicyDenied, known, routed, "/other", true, ""},
		{"policy, by address", elsewhereIP, fault.PolicyDenied, known, routed, "/things/1", true, ""},
		{"policy, by a deny", with("/api/p/denied", slow), fault.PolicyDenied, known, routed, "/denied", true, ""},
		{"a credential that is gone", with("/api/p/x", gone), fault.CredentialUnavailable, known, routed, "/x", true, "no credential of that name"},
		{"a credential for another host", with("/api/p/x", elsewhere), fault.CredentialUnavailable, known, routed, "/x", true, "seks credential rebind other-host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			before := len(r.lines())
			reply := r.Serve(c.in)
			text, err := read(t, reply)
			if err != nil || reply.Status != c.code.Status() || one(reply, "X-Seks-Error") != string(c.code) || reply.Length != len(text) {
				t.Fatalf("%d %v %q %v", reply.Status, reply.Headers, text, err)
			}
			if strings.Contains(text, "oops") != c.shaped || !strings.Contains(text, string(c.code)) {
				t.Errorf("body %s", text)
			}
			for _, inside := range []string{theKey, r.origin.Host, r.dir, "other-host"} {
				if strings.Contains(text, inside) {
					t.Errorf("the answer says %s: %s", inside, text)
				}
			}
			lines := r.lines()
			if len(lines) != before+1 {
				t.Fatalf("%d lines", len(lines)-before)
			}
			l := lines[before]
			if l.Error != string(c.code) || l.Status != reply.Status || l.Decision != "deny" || l.Agent != c.agent || l.Provider != c.provider ||
				l.Path != c.path || l.Method != "GET" || l.BytesOut != int64(len(text)) || l.ID != one(reply, "X-Seks-Request-Id") || l.Reason == "" {
				t.Errorf("%+v", l)
			}
			if !strings.Contains(l.Reason, c.reason) {
				t.Errorf("reason %q", l.Reason)
			}
			if (l.Tenant == "default") != (c.agent != "") || l.ClientIP != c.in.ClientIP.String() {
				t.Errorf("%+v", l)
			}
			r.idle()
		})
	}
	r.t = t

	// The rate's one request is used up by a refused request of none of these.
	reply := r.Serve(with("/api/p/denied", slow))
	if text, _ := read(t, reply); reply.Status != 403 {
		t.Errorf("%d %s", reply.Status, text)
	}
}

func TestRateAndConcurrency(t *testing.T) {
	release := make(chan struct{})
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/slow" {
			w.(http.Flusher).Flush()
			<-release
		}
	}, nil)
	rate, err := token.ParseRate("1/h")
	r.check(err)
	slow := r.issue("p", "p-key", token.Rules{Rate: rate})
	r.tokens["slow"] = slow
	for i, want := range []int{200, 429} {
		reply := r.Serve(incoming("GET", "/api/p/x", "Authorization: Bearer "+slow))
		_, _ = read(t, reply)
		if reply.Status != want || (want == 429) != (one(reply, "Retry-After") == "3600") {
			t.Errorf("request %d: %d %v", i, reply.Status, reply.Headers)
		}
	}
	// Two streams take both places, until one ends.
	first, second := r.Serve(r.get("p", "/slow")), r.Serve(r.get("p", "/slow"))
	full := r.Serve(r.get("p", "/x"))
	if _, _ = read(t, full); full.Status != 503 || one(full, "X-Seks-Error") != "overloaded" || one(full, "Retry-After") != "1" {
		t.Errorf("%d %v", full.Status, full.Headers)
	}
	close(release)
	for _, reply := range []pipeline.Reply{first, second} {
		if _, err := read(t, reply); err != nil || reply.Status != 200 {
			t.Errorf("%d %v", reply.Status, err)
		}
	}
	r.idle()
}

// Without its line nothing happens.
func TestNoLogNoRequest(t *testing.T) {
	r := open(t, never(t), nil)
	r.check(r.Log.Close())
	for _, in := range []pipeline.Incoming{
		r.get("p", "/x"), r.post("p", "/x", "body"), incoming("GET", "/nothing"), incoming("GET", "/api/p/x"), incoming("GET", "/../"),
	} {
		reply := r.Serve(in)
		text, err := read(t, reply)
		if err != nil || reply.Status != 503 || one(reply, "X-Seks-Error") != "audit_unavailable" {
			t.Errorf("%s: %d %s %v", in.Target, reply.Status, text, err)
		}
	}
	if reply := r.Malformed(netip.Addr{}, fault.New(fault.BadRequest)); one(reply, "X-Seks-Error") != "audit_unavailable" || !reply.Close {
		t.Errorf("%+v", reply)
	}
	r.idle()
}

func TestMalformedMakesALineAndEndsTheConnection(t *testing.T) {
	r := open(t, never(t), nil)
	reply := r.Malformed(netip.MustParseAddr("192.0.2.1"), fault.Newf(fault.BadRequest, "what is this").Because(errors.New("token "+r.tokens["p"])))
	text, err := read(t, reply)
	l := r.only()
	if err != nil || !reply.Close || reply.Status != 400 || l.Error != "bad_request" || l.ClientIP != "192.0.2.1" ||
		!strings.Contains(l.Reason, "what is this (token seks_p_[REDACTED])") || strings.Contains(text, "seks_") {
		t.Errorf("%+v %s %+v", reply, text, l)
	}
}

func TestTheLineOfAGoodExchange(t *testing.T) {
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		_, _ = io.WriteString(w, "123456789")
	}, nil)
	in := r.post("p", "/things/7?b=secret&a%20b=1&b", "hello")
	in.Method = "GET"
	in.Headers = append(in.Headers, incoming("", "", "User-Agent: sdk/"+r.tokens["p"][:7]).Headers[1])
	reply := r.Serve(in)
	if text, err := read(t, reply); err != nil || text != "123456789" || reply.Status != 200 {
		t.Fatalf("%d %q %v", reply.Status, text, err)
	}
	l := r.only()
	want := line{
		Tenant: "default", Agent: "agent-p", Provider: "p", Credential: "p-key", Version: 1, Operation: "things.get", Method: "GET",
		Path: "/things/7", QueryKeys: []string{"b", "a b", "b"}, Status: 200, Decision: "allow", Reason: "the token has no rules",
		ClientIP: "192.0.2.7", UserAgent: "sdk/seks_p_", BytesIn: 5, BytesOut: 9, UpstreamHost: r.origin.Host,
		ID: one(reply, "X-Seks-Request-Id"), TokenID: l.TokenID, Needles: 1,
	}
	if fmt.Sprintf("%+v", l) != fmt.Sprintf("%+v", want) || !strings.HasPrefix(l.TokenID, "tok_") || !strings.HasPrefix(l.ID, "req_") {
		t.Errorf("got  %+v\nwant %+v", l, want)
	}
	r.idle()
}
