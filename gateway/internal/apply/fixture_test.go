package apply_test

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// house has the real rooms that authority comes from, over folders of its own.
type house struct {
	t           *testing.T
	credentials *credential.Store
	tokens      *token.Store
	limits      *limit.Limiter
	log         *accesslog.Log
}

func newHouse(t *testing.T) *house {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := kv.Open(filepath.Join(t.TempDir(), "store"))
	must(err)
	keeper, err := seal.Open(store, secret.New([]byte(strings.Repeat("m", seal.MasterSize))))
	must(err)
	log, err := accesslog.Open(accesslog.Config{Dir: t.TempDir()})
	must(err)
	t.Cleanup(func() {
		_ = log.Close()
		_ = store.Close()
	})
	return &house{
		t: t, log: log, credentials: credential.NewStore(store, keeper, time.Now),
		tokens: token.NewStore(store, keeper, time.Now), limits: limit.New(10, time.Now),
	}
}

const (
	host = "api.example.com"
	key  = "sk-live-7Qb1xW93hTzKpV"
)

// permit is the authority of a new token for one request to host.
func (h *house) permit(tenant, name, host string) (policy.Permit, token.Grant) {
	h.t.Helper()
	plain, _, err := h.tokens.Issue(token.Record{Tenant: tenant, Agent: "a", Provider: "example", Credential: name})
	if err != nil {
		h.t.Fatal(err)
	}
	claim, err := h.tokens.Find(plain.Reveal(), "example")
	if err != nil {
		h.t.Fatal(err)
	}
	grant, err := claim.Prove(bearer())
	if err != nil {
		h.t.Fatal(err)
	}
	p, err := policy.Judge(grant, nil, policy.Upstream{Method: "GET", Host: host, Path: "/", ClientIP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		h.t.Fatal(err)
	}
	return p, grant
}

// opened is a credential of that tenant and name, with the permit to use it.
func (h *house) opened(tenant, name, host string) (policy.Permit, credential.Credential) {
	h.t.Helper()
	_, err := h.credentials.Set(tenant, name, "example", []string{host}, map[string]credential.Field{
		"api_key": {Value: secret.New([]byte(key))}, "account": {Value: secret.New([]byte("me")), Public: true},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	p, grant := h.permit(tenant, name, host)
	lease, err := h.limits.Acquire(grant)
	if err != nil {
		h.t.Fatal(err)
	}
	defer lease.Release()
	slot, err := h.log.Reserve()
	if err != nil {
		h.t.Fatal(err)
	}
	defer slot.Release()
	c, err := h.credentials.Open(p, lease, slot)
	if err != nil {
		h.t.Fatal(err)
	}
	return p, c
}

var manifest = &plan.Manifest{Manifest: abi.Manifest{Name: "example", Fields: []abi.Field{
	{Name: "account", Use: abi.UsePublic},
	{Name: "api_key", Use: abi.UseReveal, Sinks: []abi.Sink{
		{Kind: abi.SinkHeader, Name: "authorization"}, {Kind: abi.SinkHeader, Name: "x-key"}, {Kind: abi.SinkQuery, Name: "key"},
	}},
}}}

// vetted is the plan that p makes, vetted.
func vetted(t *testing.T, p *seks.Plan) expr.Vetted {
	t.Helper()
	read, err := plan.Parse(p.Plan.Marshal(), manifest)
	if err != nil {
		t.Fatal(err)
	}
	v, err := expr.Vet(read)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func origin(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// standIns are fields that no store has.
type standIns map[string]string

func (s standIns) Field(name string) ([]byte, bool) {
	v, ok := s[name]
	return []byte(v), ok
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
