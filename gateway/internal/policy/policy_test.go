package policy

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

var (
	client  = netip.MustParseAddr("10.1.2.3")
	read    = abi.Act{Name: "files.list", Class: abi.ClassRead}
	write   = abi.Act{Name: "files.create", Class: abi.ClassWrite}
	grant   = abi.Act{Name: "keys.create", Class: abi.ClassGrant}
	unknown = abi.Act{}
)

func sent(method, path string) Upstream {
	return Upstream{Method: method, Host: "api.example", Path: path, ClientIP: client}
}

func prefixes(all ...string) (p []netip.Prefix) {
	for _, s := range all {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

// proven makes a Grant the only way there is: issue, find, prove.
func proven(t *testing.T, rules token.Rules) token.Grant {
	t.Helper()
	st, err := kv.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	keeper, err := seal.Open(st, secret.New(bytes.Repeat([]byte{7}, seal.MasterSize)))
	if err != nil {
		t.Fatal(err)
	}
	tokens := token.NewStore(st, keeper, time.Now)
	plain, _, err := tokens.Issue(token.Record{Tenant: "default", Agent: "a", Provider: "openai", Credential: "prod", Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	claim, err := tokens.Find(plain.Reveal(), "openai")
	if err != nil {
		t.Fatal(err)
	}
	g, err := claim.Prove(bearer())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestPermitIsTheGrants(t *testing.T) {
	g := proven(t, token.Rules{Allow: []string{"GET /v1/*"}})
	p, err := Judge(g, []abi.Act{read}, sent("GET", "/v1/files"))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Valid() || p.Tenant() != "default" || p.Agent() != "a" || p.TokenID() != g.TokenID() || p.TokenID() == "" ||
		p.Provider() != "openai" || p.Credential() != "prod" || p.Host() != "api.example" || p.Reason() != "the token's rules allow it" {
		t.Errorf("%+v", p)
	}
	if p, err = Judge(g, []abi.Act{read}, sent("GET", "/v2/files")); err == nil || p.Valid() {
		t.Errorf("%+v %v", p, err)
	}
}

func TestZeroValuesDeny(t *testing.T) {
	if (Permit{}).Valid() {
		t.Error("the zero Permit is valid")
	}
	if p, err := Judge(token.Grant{}, []abi.Act{read}, sent("GET", "/")); err == nil || p.Valid() {
		t.Errorf("the zero Grant: %+v %v", p, err)
	}
	g := proven(t, token.Rules{})
	for _, u := range []Upstream{
		{}, {Host: "h", Path: "/", ClientIP: client}, {Method: "GET", Path: "/", ClientIP: client}, {Method: "GET", Host: "h", ClientIP: client},
	} {
		if p, err := Judge(g, []abi.Act{read}, u); err == nil || p.Valid() {
			t.Errorf("%+v: %+v %v", u, p, err)
		}
	}
}

func TestDenialTellsEachItsOwn(t *testing.T) {
	rules := token.Rules{Deny: []string{"DELETE /v1/secret-project*"}, Allow: []string{"* /v1/*"}}
	_, err := Judge(proven(t, rules), nil, sent("DELETE", "/v1/secret%2Dproject/x"))
	f := fault.From(err)
	if f.Code != fault.PolicyDenied || f.Status() != 403 {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(f.Message, "DELETE /v1/secret%2Dproject/x") || !strings.Contains(f.Message, "a deny rule") ||
		strings.Contains(f.Message, "secret-project") || strings.Contains(f.Message, "* /v1/*") {
		t.Errorf("the agent sees: %s", f.Message)
	}
	d, ok := err.(*Denial)
	if !ok || !strings.Contains(d.Reason(), `"DELETE /v1/secret-project*"`) || !strings.Contains(d.Error(), d.Reason()) {
		t.Errorf("the operator sees: %v", err)
	}
	long := judge(&token.Rules{ReadOnly: true}, nil, sent("GET", "/"+strings.Repeat("é", 200)))
	if m := fault.From(long).Message; len(m) > 400 || !strings.Contains(m, "…") || strings.ContainsRune(m, '\uFFFD') {
		t.Errorf("a long path: %q", m)
	}
}

func TestPlainPathAllocatesNothing(t *testing.T) {
	g := proven(t, token.Rules{})
	narrowed := proven(t, token.Rules{
		Allow: []string{"GET /v1/files", "POST /v1/chat/*"}, Deny: []string{"DELETE /*"}, Ops: []string{"files.*", "chat.*"}, From: prefixes("10.0.0.0/8"),
	})
	acts := []abi.Act{write}
	u := sent("POST", "/v1/chat/completions")
	for name, g := range map[string]token.Grant{"no rules": g, "rules": narrowed} {
		if n := testing.AllocsPerRun(100, func() {
			if _, err := Judge(g, acts, u); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// bearer is the session of a plan that checks nothing: to present the token is
// its proof.
func bearer() *expr.Session {
	v, err := expr.Vet(&plan.Plan{Manifest: new(plan.Manifest)})
	if err != nil {
		panic(err)
	}
	return v.Session()
}
