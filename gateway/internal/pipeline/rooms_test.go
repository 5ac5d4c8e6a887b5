package pipeline_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
)

// theKey is the credential's secret field in these tests.
const theKey = "sk-real-0123456789abcdefghij"

// manifest is of a provider with a bearer key, two operations and an error
// shape of its own.
func manifest(name string) *abi.Manifest {
	return &abi.Manifest{
		Name: name, Version: "1.0.0",
		Upstreams:  []abi.Upstream{{Name: "main", URL: "https://api.example.com"}},
		Fields:     []abi.Field{{Name: "api_key", Use: abi.UseReveal, Main: true, Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "authorization"}}}},
		TokenSlots: []abi.Slot{{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"}, {Kind: abi.SlotQuery, Name: "key"}},
		ErrorShape: abi.ErrorShape{ContentType: "application/json", Body: `{"oops":"{{code}}","says":"{{message}}"}`},
		Operations: []abi.Operation{
			{Name: "things.get", Class: abi.ClassRead, Method: "GET", Path: "/things/{id}"},
			{Name: "keys.create", Class: abi.ClassGrant, Method: "POST", Path: "/keys"},
		},
	}
}

// rooms are the real ones, in a folder of their own.
type rooms struct {
	*pipeline.Pipeline
	t       testing.TB
	dir     string
	limits  *limit.Limiter
	origin  *url.URL
	reached atomic.Int64 // requests that came to the upstream
	tokens  map[string]string
}

// guest is a plugin to serve, under its manifest's name.
type guest struct {
	manifest          func(*abi.Manifest) // what is to be changed in it
	plan              *abi.Plan
	scrub             *abi.ScrubPlan
	result            *abi.BodyResult
	request, response puppet.Does
	module            []byte // a whole one, instead of all that
}

func (g guest) build(name string) []byte {
	if g.module != nil {
		return g.module
	}
	m := manifest(name)
	if g.manifest != nil {
		g.manifest(m)
	}
	p := puppet.Of(m, g.plan)
	p.Request, p.Response = g.request, g.response
	if g.scrub != nil {
		p.Scrub = g.scrub.Marshal()
	}
	if g.result != nil {
		p.Result = g.result.Marshal()
	}
	return p.Module()
}

// bearer is the plan of most tests.
func bearer() *abi.Plan { return &seks.Bearer("api_key").Plan }

// open wires the rooms to an upstream. The provider "p" has the bearer plan;
// others may be given more.
func open(t testing.TB, handler http.HandlerFunc, guests map[string]guest) *rooms {
	t.Helper()
	r := &rooms{t: t, dir: t.TempDir(), tokens: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.reached.Add(1)
		handler(w, req)
	}))
	t.Cleanup(server.Close)
	r.wire(server.URL, guests)
	return r
}

func (r *rooms) wire(to string, guests map[string]guest) {
	r.t.Helper()
	var err error
	r.origin, err = url.Parse(to)
	r.check(err)
	all := map[string]guest{"p": {plan: bearer()}}
	for name, g := range guests {
		all[name] = g
	}
	modules := filepath.Join(r.dir, "modules")
	r.check(os.Mkdir(modules, 0o700))
	var digests []string
	var providers []route.Provider
	for name, g := range all {
		file := g.build(name)
		r.check(os.WriteFile(filepath.Join(modules, name+".wasm"), file, 0o600))
		digests = append(digests, plugin.Digest(file))
		providers = append(providers, route.Provider{Name: name, Upstream: r.origin, Origins: []*url.URL{r.origin}})
	}
	store, err := kv.Open(filepath.Join(r.dir, "store"))
	r.check(err)
	r.t.Cleanup(func() { _ = store.Close() })
	keeper, err := seal.Open(store, secret.New(make([]byte, seal.MasterSize)))
	r.check(err)
	host, err := plugin.NewHost(context.Background(), plugin.Config{Dir: modules, Builtins: digests, Trust: plugin.NewTrust(store, keeper, filepath.Join(r.dir, "trusted"))})
	r.check(err)
	r.t.Cleanup(host.Close)
	r.check(host.Load(context.Background()))
	table, err := route.NewTable(append(providers, route.Provider{Name: "absent", Upstream: r.origin, Origins: []*url.URL{r.origin}}))
	r.check(err)
	log, err := accesslog.Open(accesslog.Config{Dir: filepath.Join(r.dir, "log")})
	r.check(err)
	r.t.Cleanup(func() { _ = log.Close() })
	r.limits = limit.New(2, time.Now)
	r.Pipeline = &pipeline.Pipeline{
		Providers: func() *pipeline.Providers {
			return &pipeline.Providers{Routes: table, Plugins: host.Serving(), Shapes: plugin.KeyShapes(host.Serving())}
		},
		Tokens: token.NewStore(store, keeper, time.Now),
		Bodies: body.NewMemory(8 << 20), BodyTimeout: time.Second,
		Limits: r.limits, Log: log, Credentials: credential.NewStore(store, keeper, time.Now),
		Upstream: upstream.New(upstream.Config{
			ConnectTimeout: 5 * time.Second, IdleTimeout: 5 * time.Second, Origin: func(string) upstream.Origin { return upstream.Origin{Named: true} },
		}),
	}
	r.t.Cleanup(r.Upstream.Abort)
	for name := range all {
		r.credential(name, name+"-key", r.origin.Host)
		r.tokens[name] = r.issue(name, name+"-key", token.Rules{})
	}
}

func (r *rooms) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rooms) credential(provider, name string, hosts ...string) {
	r.t.Helper()
	_, err := r.Credentials.Set("default", name, provider, hosts, map[string]credential.Field{"api_key": {Value: secret.New([]byte(theKey))}})
	r.check(err)
}

// secret gives a provider's credential another value.
func (r *rooms) secret(provider, value string) {
	r.t.Helper()
	r.check(r.Credentials.Remove("default", provider+"-key"))
	_, err := r.Credentials.Set("default", provider+"-key", provider, []string{r.origin.Host}, map[string]credential.Field{"api_key": {Value: secret.New([]byte(value))}})
	r.check(err)
}

// heap is what is in use, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func (r *rooms) issue(provider, credential string, rules token.Rules) string {
	r.t.Helper()
	plain, _, err := r.Tokens.Issue(token.Record{Tenant: "default", Agent: "agent-" + provider, Provider: provider, Credential: credential, Rules: rules})
	r.check(err)
	return string(plain.Reveal())
}

// get is a request with a token for the provider.
func (r *rooms) get(provider, path string, headers ...string) pipeline.Incoming {
	return incoming("GET", "/api/"+provider+path, append([]string{"Authorization: Bearer " + r.tokens[provider]}, headers...)...)
}

func (r *rooms) post(provider, path, body string, headers ...string) pipeline.Incoming {
	in := r.get(provider, path, headers...)
	in.Method, in.Body, in.Length = "POST", strings.NewReader(body), len(body)
	return in
}

func incoming(method, target string, lines ...string) pipeline.Incoming {
	raw := request.Raw{Method: method, Target: target, Host: "broker", Hosts: 1, Headers: []request.Header{{Name: "Host", Value: "broker"}}}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		raw.Headers = append(raw.Headers, request.Header{Name: name, Value: value})
	}
	return pipeline.Incoming{Raw: raw, ClientIP: netip.MustParseAddr("192.0.2.7")}
}

// read takes a reply to its end, as the listener does.
func read(t testing.TB, reply pipeline.Reply) (string, error) {
	t.Helper()
	if reply.Body == nil {
		return "", nil
	}
	text, err := io.ReadAll(reply.Body)
	if cerr := reply.Body.Close(); cerr != nil {
		t.Error(cerr)
	}
	return string(text), err
}

// line is one line of the access log.
type line struct {
	Tenant, Agent, Provider, Credential, Operation, Method, Path string
	TokenID                                                      string   `json:"token_id"`
	Version                                                      uint64   `json:"credential_version"`
	QueryKeys                                                    []string `json:"query_keys"`
	Status                                                       int
	Error, Decision, Reason                                      string
	ClientIP                                                     string `json:"client_ip"`
	UserAgent                                                    string `json:"user_agent"`
	BytesIn                                                      int64  `json:"bytes_in"`
	BytesOut                                                     int64  `json:"bytes_out"`
	UpstreamHost                                                 string `json:"upstream_host"`
	Scrubbed, Needles                                            int
	Shapes                                                       map[string]int
	Hits                                                         []struct {
		Place, Form string
		Offset      int64
	}
	ID string
}

// lines is all that the log holds. No secret may be in any of it.
func (r *rooms) lines() []line {
	r.t.Helper()
	r.check(r.Log.Flush())
	var all []line
	_, err := accesslog.Read(filepath.Join(r.dir, "log"), accesslog.Filter{}, func(text []byte, _ accesslog.Entry) error {
		var l line
		for _, token := range r.tokens {
			if strings.Contains(string(text), token) || strings.Contains(string(text), token[len(token)-49:]) {
				r.t.Errorf("a token is in the log: %s", text)
			}
		}
		if strings.Contains(string(text), theKey) {
			r.t.Errorf("the credential is in the log: %s", text)
		}
		err := json.Unmarshal(text, &l)
		all = append(all, l)
		return err
	})
	r.check(err)
	return all
}

// only is the log's one line.
func (r *rooms) only() line {
	r.t.Helper()
	all := r.lines()
	if len(all) != 1 {
		r.t.Fatalf("%d lines: %+v", len(all), all)
	}
	return all[0]
}

// idle fails where a lease is still out: the limiter has room for two.
func (r *rooms) idle() {
	r.t.Helper()
	var leases []limit.Lease
	for range 2 {
		claim, err := r.Tokens.Find([]byte(r.tokens["p"]), "p")
		r.check(err)
		grant, err := claim.Prove(unchecked())
		r.check(err)
		l, err := r.limits.Acquire(grant)
		if err != nil {
			r.t.Fatalf("a lease is still out: %v", err)
		}
		leases = append(leases, l)
	}
	for _, l := range leases {
		l.Release()
	}
}

func header(reply pipeline.Reply, name string) (values []string) {
	for _, h := range reply.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	return values
}

func one(reply pipeline.Reply, name string) string {
	if v := header(reply, name); len(v) == 1 {
		return v[0]
	}
	return strings.Join(header(reply, name), " | ")
}

// unchecked is the session of a plan that checks nothing: to present the token is
// its proof.
func unchecked() *expr.Session {
	v, err := expr.Vet(&plan.Plan{Manifest: new(plan.Manifest)})
	if err != nil {
		panic(err)
	}
	return v.Session()
}
