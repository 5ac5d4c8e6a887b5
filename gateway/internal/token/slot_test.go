package token

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Two whole tokens that no broker knows: Cut looks at their form alone.
var tokenA, tokenB = mint("openai"), mint("github")

func mint(provider string) string { return string(newText(provider).Reveal()) }

func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

var (
	bearerSlot = abi.Slot{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"}
	wordSlot   = abi.Slot{Kind: abi.SlotHeader, Name: "authorization", Scheme: "token"}
	plainSlot  = abi.Slot{Kind: abi.SlotHeader, Name: "x-api-key"}
	ownSlot    = abi.Slot{Kind: abi.SlotHeader, Name: "x-own-key"}
	basicSlot  = abi.Slot{Kind: abi.SlotBasic}
	querySlot  = abi.Slot{Kind: abi.SlotQuery, Name: "key"}
)

// parse makes a request of header lines; the first word of each is its name.
func cutOf(t *testing.T, slots []abi.Slot, target string, lines ...string) (Rest, error) {
	t.Helper()
	raw := request.Raw{Method: "GET", Target: target, Host: "b", Hosts: 1, Headers: []request.Header{{Name: "Host", Value: "b"}}}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		raw.Headers = append(raw.Headers, request.Header{Name: name, Value: value})
	}
	r, err := request.Parse(raw)
	if err != nil {
		t.Fatalf("%q: %v", lines, err)
	}
	return Cut(slots, r)
}

func TestCutTakesTheTokenFromItsSlot(t *testing.T) {
	for _, c := range []struct {
		name   string
		slot   abi.Slot
		target string
		lines  []string
		token  string
		query  string
		kept   []string // header names that go on
	}{
		{name: "bearer", slot: bearerSlot, target: "/x", lines: []string{"Authorization: Bearer " + tokenA, "Accept: */*"}, token: tokenA, kept: []string{"Accept"}},
		{name: "a scheme in any case", slot: bearerSlot, target: "/x", lines: []string{"AUTHORIZATION: bEARER  " + tokenA}, token: tokenA},
		{name: "another scheme", slot: wordSlot, target: "/x", lines: []string{"Authorization: token " + tokenA}, token: tokenA},
		{name: "the wrong scheme", slot: wordSlot, target: "/x", lines: []string{"Authorization: Bearer " + tokenA}},
		{name: "no scheme", slot: bearerSlot, target: "/x", lines: []string{"Authorization: " + tokenA}},
		{name: "a scheme alone", slot: bearerSlot, target: "/x", lines: []string{"Authorization: Bearer"}},
		{name: "a whole header", slot: plainSlot, target: "/x", lines: []string{"X-Api-Key: " + tokenA}, token: tokenA},
		{name: "a header of the provider's own", slot: ownSlot, target: "/x", lines: []string{"X-Own-Key: " + tokenA}, token: tokenA},
		{name: "basic password", slot: basicSlot, target: "/x", lines: []string{"Authorization: " + basicAuth("me", tokenA)}, token: tokenA},
		{name: "basic with a colon in it", slot: basicSlot, target: "/x", lines: []string{"Authorization: " + basicAuth("", "p:q")}, token: "p:q"},
		{name: "basic that isn't base64", slot: basicSlot, target: "/x", lines: []string{"Authorization: Basic !!!!"}},
		{name: "basic without a password", slot: basicSlot, target: "/x", lines: []string{"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("me"))}},
		{name: "query", slot: querySlot, target: "/x?a=1&key=" + tokenA + "&b=%20", token: tokenA, query: "a=1&b=%20"},
		{name: "a query name in disguise", slot: querySlot, target: "/x?k%65y=" + tokenA, token: tokenA},
		{name: "a query value in disguise", slot: querySlot, target: "/x?key=%73" + tokenA[1:], token: tokenA},
		{name: "the same token twice", slot: querySlot, target: "/x?key=" + tokenA + "&key=" + tokenA, token: tokenA},
		{name: "the same token in two slots", slot: bearerSlot, target: "/x", lines: []string{"Authorization: Bearer " + tokenA, "X-Api-Key: " + tokenA}, token: tokenA},
		{name: "a real key beside the token", slot: bearerSlot, target: "/x", lines: []string{"X-Api-Key: sk-real", "Authorization: Bearer " + tokenA}, token: tokenA},
		{name: "a real key alone", slot: bearerSlot, target: "/x", lines: []string{"Authorization: Bearer sk-real"}, token: "sk-real"},
		{name: "a token in another provider's slot", slot: bearerSlot, target: "/x", lines: []string{"X-Goog-Api-Key: " + tokenA}},
		{name: "a token as another provider's parameter", slot: bearerSlot, target: "/x?key=" + tokenA + "&a=b", query: "a=b"},
		{name: "a parameter that only looks like one", slot: bearerSlot, target: "/x?key=value", query: "key=value"},
		{name: "nothing", slot: bearerSlot, target: "/x", lines: []string{"Accept: */*"}, kept: []string{"Accept"}},
		{name: "named by Connection", slot: bearerSlot, target: "/x", lines: []string{"Connection: authorization, x-b", "Authorization: Bearer " + tokenA, "X-A: 1", "X-B: 2"}, token: tokenA, kept: []string{"X-A"}},
		{name: "every key slot goes, in any case", slot: bearerSlot, target: "/x", lines: []string{
			"authorization: Bearer " + tokenA, "PROXY-authorization: Basic eA==", "x-api-KEY: k", "X-Goog-Api-Key: k",
			"X-Subscription-Token: k", "X-Auth-Key: k", "Api-Key: k", "X-Auth-Email: e", "Cookie: c"}, token: tokenA, kept: []string{"X-Auth-Email", "Cookie"}},
		{name: "text that only speaks of a token", slot: bearerSlot, target: "/seks_openai_?q=seks_", lines: []string{"X-Note: " + tokenA[:len(tokenA)-1]}, query: "q=seks_", kept: []string{"X-Note"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rest, err := cutOf(t, []abi.Slot{c.slot}, c.target, c.lines...)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, h := range rest.Headers {
				names = append(names, h.Name)
			}
			if rest.Token != c.token || rest.Query != c.query || !slices.Equal(names, c.kept) {
				t.Errorf("token %q, query %q, headers %q", rest.Token, rest.Query, names)
			}
			if path, query, _ := strings.Cut(rest.Target, "?"); path != strings.Split(c.target, "?")[0] || query != c.query {
				t.Errorf("target %q", rest.Target)
			}
		})
	}
}

func TestCutLooksInEverySlotOfTheManifest(t *testing.T) {
	slots := []abi.Slot{plainSlot, bearerSlot, basicSlot, querySlot}
	for _, c := range []struct{ target, line string }{
		{"/x", "X-Api-Key: " + tokenA}, {"/x", "Authorization: Bearer " + tokenA},
		{"/x", "Authorization: " + basicAuth("u", tokenA)}, {"/x?key=" + tokenA, "Accept: x"},
	} {
		if rest, err := cutOf(t, slots, c.target, c.line); err != nil || rest.Token != tokenA {
			t.Errorf("%s %s: %+v %v", c.target, c.line, rest, err)
		}
	}
}

func TestCutRefuses(t *testing.T) {
	for _, c := range []struct {
		name, target, says string
		lines              []string
	}{
		{"two tokens in two headers", "/x", "two different", []string{"Authorization: Bearer " + tokenA, "X-Api-Key: " + tokenB}},
		{"two tokens in one header", "/x", "two different", []string{"Authorization: Bearer " + tokenA, "Authorization: Bearer " + tokenB}},
		{"header and query", "/x?key=" + tokenB, "two different", []string{"Authorization: Bearer " + tokenA}},
		{"bearer and basic", "/x", "two different", []string{"Authorization: Bearer " + tokenA, "Proxy-Authorization: " + basicAuth("u", tokenB)}},
		{"in the path", "/x/" + tokenA + "/y", "path or query", nil},
		{"in the path with text around", "/x-" + tokenA + "z", "path or query", nil},
		{"in the path, percent-encoded", "/%73eks%5Fopenai_" + tokenA[len("seks_openai_"):], "path or query", nil},
		{"in another parameter", "/x?token=" + tokenA, "path or query", nil},
		{"behind a semicolon", "/x?a=1;key=" + tokenA, "path or query", nil},
		{"as a parameter's name", "/x?" + tokenA + "=1", "path or query", nil},
		{"after another mark", "/x?a=seks_seks_" + tokenA, "path or query", nil},
		{"in a cookie", "/x", "no key slot", []string{"Cookie: a=1; token=" + tokenA}},
		{"as a header's name", "/x", "no key slot", []string{tokenA + ": 1"}},
		{"in the User-Agent", "/x", "no key slot", []string{"User-Agent: agent/" + tokenA}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rest, err := cutOf(t, []abi.Slot{bearerSlot}, c.target, c.lines...)
			f := fault.From(err)
			if err == nil || f.Code != fault.BadRequest || !strings.Contains(f.Message, c.says) {
				t.Fatalf("%+v, %v", rest, err)
			}
			if strings.Contains(f.Error(), tokenA) || strings.Contains(f.Error(), tokenB) {
				t.Errorf("the refusal repeats the token: %v", f)
			}
		})
	}
}

// Headers that Connection names are dropped, so what stands in one reaches nobody.
func TestCutMayDropATokenWithItsHeader(t *testing.T) {
	rest, err := cutOf(t, []abi.Slot{bearerSlot}, "/x", "Connection: x-note", "X-Note: "+tokenA)
	if err != nil || len(rest.Headers) != 0 || rest.Token != "" {
		t.Errorf("%+v %v", rest, err)
	}
}

func TestRedact(t *testing.T) {
	secret := tokenA[len("seks_openai_"):]
	for in, want := range map[string]string{
		"":                                    "",
		"/v1/models":                          "/v1/models",
		"/a%2Fb%zz%4":                         "/a%2Fb%zz%4",
		"seks_openai_nothing":                 "seks_openai_nothing",
		"/x/" + tokenA + "/y":                 "/x/seks_openai_[REDACTED]/y",
		tokenA + tokenB:                       "seks_openai_[REDACTED]seks_github_[REDACTED]",
		"a%2F%73eks_openai_" + secret + "%zz": "a/seks_openai_[REDACTED]%zz",
		"seks_" + tokenA:                      "seks_seks_openai_[REDACTED]",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Cut never panics, and no whole token is left in what it lets on.
func FuzzCut(f *testing.F) {
	f.Add("/x?key="+tokenA+"&a=b", "Authorization", "Bearer "+tokenA, "X-Note", "a")
	f.Add("/x", "Authorization", basicAuth("u", tokenA), "Connection", "authorization")
	f.Add("/x?k%65y=%73"+tokenA[1:], "X-Api-Key", tokenA, "Cookie", "t="+tokenB)
	f.Add("http://b/x?"+tokenA, "authorization", "token "+tokenA, "Proxy-Authorization", tokenB)
	f.Add("/seks_seks_"+tokenA, "Authorization", "Basic !", "x", "seks_a_"+strings.Repeat("0", tailSize))
	slots := []abi.Slot{bearerSlot, plainSlot, basicSlot, querySlot}
	f.Fuzz(func(t *testing.T, target, name1, value1, name2, value2 string) {
		r, err := request.Parse(request.Raw{Method: "GET", Target: target, Host: "b", Hosts: 1,
			Headers: []request.Header{{Name: name1, Value: value1}, {Name: name2, Value: value2}}})
		if err != nil {
			return
		}
		before := fmt.Sprint(r.Headers())
		rest, err := Cut(slots, r)
		if fmt.Sprint(r.Headers()) != before {
			t.Fatalf("the request was changed: %q", r.Headers())
		}
		if err != nil {
			if f := fault.From(err); f.Code != fault.BadRequest || holdsToken(f.Error()) {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, h := range rest.Headers {
			if holdsToken(h.Name) || holdsToken(h.Value) || strings.EqualFold(h.Name, "authorization") {
				t.Fatalf("%q goes on", h)
			}
		}
		if holdsToken(rest.Query) || holdsToken(rest.Target) || holdsToken(decoded(rest.Target)) {
			t.Fatalf("%q %q go on", rest.Query, rest.Target)
		}
		if !strings.HasSuffix(rest.Target, rest.Query) {
			t.Fatalf("target %q and query %q disagree", rest.Target, rest.Query)
		}
		if s := Redact(target); holdsToken(s) || holdsToken(decoded(s)) {
			t.Fatalf("%q is redacted as %q", target, s)
		}
	})
}

func TestTrailersHoldNoToken(t *testing.T) {
	list := []request.Header{
		{Name: "X-Checksum", Value: "1"}, {Name: "Authorization", Value: "Bearer x"}, {Name: "x-api-key", Value: "x"},
		{Name: "X-Note", Value: "it is " + tokenA}, {Name: tokenB, Value: "1"}, {Name: "Host", Value: "b"},
	}
	if got := Trailers(list); len(got) != 1 || got[0].Name != "X-Checksum" {
		t.Errorf("%v", got)
	}
}
