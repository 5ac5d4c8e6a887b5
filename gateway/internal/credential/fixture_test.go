package credential_test

import (
	"fmt"
	"net/netip"
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
)

// house has the real rooms that authority comes from, over folders of its own.
type house struct {
	t      *testing.T
	dir    string // of the store
	kv     *kv.Store
	store  *credential.Store
	tokens *token.Store
	limits *limit.Limiter
	log    *accesslog.Log
	clock  time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "store"), clock: time.Date(2026, 11, 23, 19, 0, 0, 0, time.UTC)}
	h.open()
	now := func() time.Time { return h.clock }
	h.limits = limit.New(100, now)
	var err error
	if h.log, err = accesslog.Open(accesslog.Config{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = h.log.Close()
		_ = h.kv.Close()
	})
	return h
}

// open opens the store, as a start of the broker does.
func (h *house) open() {
	h.t.Helper()
	var err error
	if h.kv, err = kv.Open(h.dir); err != nil {
		h.t.Fatal(err)
	}
	keeper, err := seal.Open(h.kv, secret.New([]byte(strings.Repeat("m", seal.MasterSize))))
	if err != nil {
		h.t.Fatal(err)
	}
	now := func() time.Time { return h.clock }
	h.store, h.tokens = credential.NewStore(h.kv, keeper, now), token.NewStore(h.kv, keeper, now)
}

func (h *house) reopen() {
	h.t.Helper()
	if err := h.kv.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.open()
}

// permit is the authority of a new token for one request to host.
func (h *house) permit(tenant, name, provider, host string) policy.Permit {
	h.t.Helper()
	plain, _, err := h.tokens.Issue(token.Record{Tenant: tenant, Agent: "a", Provider: provider, Credential: name})
	if err != nil {
		h.t.Fatal(err)
	}
	claim, err := h.tokens.Find(plain.Reveal(), provider)
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
	return p
}

func (h *house) lease() limit.Lease {
	h.t.Helper()
	plain, _, err := h.tokens.Issue(token.Record{Tenant: "default", Agent: "a", Provider: "openai", Credential: "c"})
	if err != nil {
		h.t.Fatal(err)
	}
	claim, _ := h.tokens.Find(plain.Reveal(), "openai")
	grant, _ := claim.Prove(bearer())
	l, err := h.limits.Acquire(grant)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(l.Release)
	return l
}

func (h *house) slot() accesslog.Slot {
	h.t.Helper()
	s, err := h.log.Reserve()
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(s.Release)
	return s
}

const (
	host = "api.example.com"
	key  = "sk-live-7Qb1xW93hTzKpV"
)

func fields(value string) map[string]credential.Field {
	return map[string]credential.Field{
		"api_key": {Value: secret.New([]byte(value))},
		"account": {Value: secret.New([]byte("acct-" + fmt.Sprint(len(value)))), Public: true},
	}
}

// set stores a credential of the default tenant's for openai.
func (h *house) set(name, value string) credential.Info {
	h.t.Helper()
	info, err := h.store.Set("default", name, "openai", []string{host}, fields(value))
	if err != nil {
		h.t.Fatal(err)
	}
	return info
}

// read opens a credential with full authority, and gives its key.
func (h *house) read(tenant, name string) (string, error) {
	h.t.Helper()
	c, err := h.store.Open(h.permit(tenant, name, "openai", host), h.lease(), h.slot())
	if err != nil {
		return "", err
	}
	v, ok := c.Field("api_key")
	if !ok || c.Name() != name {
		h.t.Fatalf("opened %q, its key is there: %v", c.Name(), ok)
	}
	return string(v), nil
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
