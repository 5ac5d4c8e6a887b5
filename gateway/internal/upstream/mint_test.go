package upstream_test

import (
	"io"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// mint makes injected requests as they are made for real: there is no other way.
type mint struct {
	t           testing.TB
	tokens      *token.Store
	credentials *credential.Store
	limits      *limit.Limiter
	log         *accesslog.Log
	vetted      expr.Vetted
	grants      map[string]token.Grant // by credential
	origin      *url.URL
}

func newMint(t testing.TB, origin string) *mint {
	t.Helper()
	m := &mint{t: t, limits: limit.New(1000, time.Now), grants: map[string]token.Grant{}}
	dir := t.TempDir()
	store, err := kv.Open(filepath.Join(dir, "store"))
	m.check(err)
	t.Cleanup(func() { _ = store.Close() })
	keeper, err := seal.Open(store, secret.New(make([]byte, seal.MasterSize)))
	m.check(err)
	m.log, err = accesslog.Open(accesslog.Config{Dir: filepath.Join(dir, "log")})
	m.check(err)
	t.Cleanup(func() { _ = m.log.Close() })
	m.tokens, m.credentials = token.NewStore(store, keeper, time.Now), credential.NewStore(store, keeper, time.Now)
	m.origin, err = url.Parse(origin)
	m.check(err)
	manifest, err := plan.ParseManifest((&abi.Manifest{
		Name: "p", Version: "1",
		Upstreams:  []abi.Upstream{{Name: "main", URL: "https://api.example.com"}},
		Fields:     []abi.Field{{Name: "api_key", Use: abi.UseReveal, Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "x-key"}}}},
		TokenSlots: []abi.Slot{{Kind: abi.SlotBasic}},
	}).Marshal(), "d")
	m.check(err)
	p, err := plan.Parse(new(seks.Plan).SetHeader("x-key", seks.Field("api_key")).Marshal(), manifest)
	m.check(err)
	m.vetted, err = expr.Vet(p)
	m.check(err)
	return m
}

func (m *mint) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *mint) grant(name string) token.Grant {
	m.t.Helper()
	if g, ok := m.grants[name]; ok {
		return g
	}
	_, err := m.credentials.Set("default", name, "p", []string{m.origin.Host}, map[string]credential.Field{"api_key": {Value: secret.New([]byte("key-of-" + name + "-0123456789"))}})
	m.check(err)
	plain, _, err := m.tokens.Issue(token.Record{Tenant: "default", Agent: "a", Provider: "p", Credential: name})
	m.check(err)
	claim, err := m.tokens.Find(plain.Reveal(), "p")
	m.check(err)
	g, err := claim.Prove(m.vetted.Session())
	m.check(err)
	m.grants[name] = g
	return g
}

// injected is a request with the credential of that name. lines are headers.
func (m *mint) injected(name, method, target string, lines ...string) apply.Injected {
	m.t.Helper()
	path, query, _ := strings.Cut(target, "?")
	line := apply.Line{Method: method, Origin: m.origin, Path: path, Query: query}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		line.Headers = append(line.Headers, request.Header{Name: name, Value: value})
	}
	permit, err := policy.Judge(m.grant(name), nil, policy.Upstream{Method: method, Host: m.origin.Host, Path: path, Query: query, ClientIP: netip.MustParseAddr("192.0.2.1")})
	m.check(err)
	lease, err := m.limits.Acquire(m.grant(name))
	m.check(err)
	defer lease.Release()
	slot, err := m.log.Reserve()
	m.check(err)
	defer slot.Release()
	cred, err := m.credentials.Open(permit, lease, slot)
	m.check(err)
	in, err := apply.Apply(permit, cred, m.vetted.Session(), line)
	m.check(err)
	return in
}

// client is one that may reach this machine.
func client(t testing.TB, o upstream.Origin) *upstream.Client {
	t.Helper()
	o.Named = true
	c := upstream.New(upstream.Config{
		ConnectTimeout: 5 * time.Second, IdleTimeout: 5 * time.Second, Origin: func(string) upstream.Origin { return o },
	})
	t.Cleanup(c.Abort)
	return c
}

func text(s string) upstream.Body {
	return upstream.Body{Reader: strings.NewReader(s), Length: len(s)}
}

func chunks(s string) upstream.Body {
	return upstream.Body{Reader: strings.NewReader(s), Length: -1}
}

// whole reads an answer to its end and closes it.
func whole(t testing.TB, a upstream.Answer) (string, error) {
	t.Helper()
	var body []byte
	var err error
	if a.Body != nil {
		body, err = io.ReadAll(a.Body)
	}
	if cerr := a.Close(); cerr != nil {
		t.Error(cerr)
	}
	return string(body), err
}
