package apply_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

func TestApply(t *testing.T) {
	h := newHouse(t)
	permit, cred := h.opened("default", "main", host)
	line := apply.Line{
		Method: "POST", Origin: origin("https://" + host), Path: "/v1/a%2Fb", Query: "x=1",
		Headers: []request.Header{{Name: "Accept", Value: "*/*"}},
	}
	v := vetted(t, seks.Bearer("api_key").SetQuery("key", seks.Field("api_key")).Inspect())
	in, err := apply.Apply(permit, cred, v.Session(), line)
	if err != nil {
		t.Fatal(err)
	}
	if !in.Valid() || in.Method() != "POST" || in.Origin().Host != host || !in.Inspect() {
		t.Errorf("%v %q %v %v", in.Valid(), in.Method(), in.Origin(), in.Inspect())
	}
	if want := "/v1/a%2Fb?x=1&key=" + key; in.Target() != want {
		t.Errorf("target %q, want %q", in.Target(), want)
	}
	if got := text(in.Headers()); got != "Accept: */*|authorization: Bearer "+key {
		t.Errorf("headers %q", got)
	}
	if hits := in.Needles().Find([]byte("-"+key+"-"), 0, needle.Whole, nil); len(hits) != 1 || in.Needles().Name(hits[0].Needle) != "main" {
		t.Errorf("the credential is found %d times", len(hits))
	}
	if len(line.Headers) != 1 {
		t.Error("the line was changed")
	}
}

func text(headers []request.Header) string {
	var list []string
	for _, h := range headers {
		list = append(list, h.Name+": "+h.Value)
	}
	return strings.Join(list, "|")
}

// What leaves in another spelling is looked for on the way back.
func TestDerivedValuesAreNeedles(t *testing.T) {
	h := newHouse(t)
	permit, cred := h.opened("default", "main", host)
	pair := seks.Concat(seks.Field("account"), seks.Lit(":"), seks.Field("api_key")).Base64()
	hash := seks.Hash(seks.SHA256, seks.Field("api_key")).Hex()
	v := vetted(t, new(seks.Plan).SetHeader("authorization", seks.Concat(seks.Lit("Basic "), pair)).SetHeader("x-key", hash))
	in, err := apply.Apply(permit, cred, v.Session(), apply.Line{Method: "GET", Origin: origin("https://" + host), Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	basic := base64.StdEncoding.EncodeToString([]byte("me:" + key))
	sent := text(in.Headers())
	if !strings.Contains(sent, "Basic "+basic) {
		t.Fatal(sent)
	}
	digest := in.Headers()[1].Value
	for _, echo := range []string{basic, digest, strings.ToUpper(digest), key, fmt.Sprintf("%x", basic)} {
		if len(in.Needles().Find([]byte("you sent <"+echo+">"), 0, needle.Whole, nil)) == 0 {
			t.Errorf("an echo of %q would not be found", echo)
		}
	}
	if len(cred.Needles().Find([]byte(digest), 0, needle.Whole, nil)) != 0 {
		t.Error("one request's derived values are in the credential's own set")
	}
}

func TestApplyWithoutAuthority(t *testing.T) {
	h := newHouse(t)
	permit, cred := h.opened("default", "main", host)
	v := vetted(t, seks.Bearer("api_key"))
	line := apply.Line{Method: "GET", Origin: origin("https://" + host), Path: "/"}
	elsewhere, nowhere, port := line, line, line
	elsewhere.Origin, nowhere.Origin, port.Origin = origin("https://evil.example.com"), nil, origin("https://"+host+":444")
	otherPermit, _ := h.permit("default", "main", "evil.example.com")
	tests := []struct {
		name   string
		permit policy.Permit
		cred   credential.Credential
		v      expr.Vetted
		line   apply.Line
	}{
		{"nothing", policy.Permit{}, credential.Credential{}, expr.Vetted{}, apply.Line{}},
		{"no permit", policy.Permit{}, cred, v, line},
		{"no credential", permit, credential.Credential{}, v, line},
		{"a plan that was not vetted", permit, cred, expr.Vetted{}, line},
		{"no origin", permit, cred, v, nowhere},
		{"another host than was permitted", permit, cred, v, elsewhere},
		{"another port than was permitted", permit, cred, v, port},
		{"a permit for another host", otherPermit, cred, v, line},
	}
	for _, tt := range tests {
		in, err := apply.Apply(tt.permit, tt.cred, tt.v.Session(), tt.line)
		if err == nil || fault.From(err).Code != fault.CredentialUnavailable {
			t.Errorf("%s: %v", tt.name, err)
		}
		if in.Valid() || in.Target() != "" || in.Headers() != nil || in.Method() != "" || in.Pool() != "" || in.Needles() != nil {
			t.Errorf("%s: something came with the error", tt.name)
		}
	}
	if _, err := apply.Apply(permit, cred, v.Session(), line); err != nil {
		t.Errorf("with all of it: %v", err)
	}
}

// Connections carry what an upstream has taken for logged in: they are shared
// by nobody else.
func TestPoolsAreApart(t *testing.T) {
	h := newHouse(t)
	pools := map[string]string{}
	for _, of := range []struct{ tenant, name, scheme, host string }{
		{"default", "main", "https", host},
		{"default", "main2", "https", host},
		{"other", "main", "https", host},
		{"default", "a", "https", "b.example.com"},
		{"default", "a.b", "https", "example.com"},
		{"default", "tls", "http", "example.com:443"},
		{"default", "tls2", "https", "example.com:443"},
	} {
		permit, cred := h.opened(of.tenant, of.name, of.host)
		line := apply.Line{Method: "GET", Origin: origin(of.scheme + "://" + of.host), Path: "/"}
		in, err := apply.Apply(permit, cred, vetted(t, seks.Bearer("api_key")).Session(), line)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := pools[in.Pool()]; ok {
			t.Errorf("%v and %s share a pool", of, other)
		}
		pools[in.Pool()] = fmt.Sprint(of)
		again, err := apply.Apply(permit, cred, vetted(t, seks.Bearer("account")).Session(), line)
		if err != nil || again.Pool() != in.Pool() {
			t.Errorf("%v: the next request has another pool: %q, %v", of, again.Pool(), err)
		}
		line.Origin = origin("http://" + of.host)
		if of.scheme == "https" {
			if plain, err := apply.Apply(permit, cred, vetted(t, seks.Bearer("account")).Session(), line); err != nil || plain.Pool() == in.Pool() {
				t.Errorf("%v: plain and encrypted connections share a pool (%v)", of, err)
			}
		}
	}
}
