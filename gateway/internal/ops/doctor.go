package ops

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/leak"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/listen"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// LeakIn names the provider to look at.
type LeakIn struct {
	Provider string `json:"provider"`
}

// DoctorLeak sends every writing of a stand-in secret through this broker, at every
// place of an answer, by way of a double of the provider's API, and tells what came
// through. The plugin is the one that serves, and the rooms are those of this process;
// store, log and tokens are the check's own, in a folder that goes with it, so that
// nothing of it is left and nothing of the operator's is in its reach.
func (b *Broker) DoctorLeak(ctx context.Context, in LeakIn) (report leak.Report, err error) {
	s, err := b.servedAs(ctx, in.Provider)
	if err != nil {
		return report, err
	}
	m := s.plugin.Manifest
	fields, secrets := leakFields(m)
	if len(secrets) == 0 {
		return report, fmt.Errorf("the credentials of %s have no secret field: there is nothing to leak", in.Provider)
	}
	double, err := leak.NewDouble(secrets, m.OpaqueBodies)
	if err != nil {
		return report, err
	}
	defer double.Close()
	dir, err := os.MkdirTemp("", "seks-doctor")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := kv.Open(filepath.Join(dir, "store"))
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	master := make([]byte, seal.MasterSize)
	rand.Read(master)
	keeper, err := seal.Open(store, secret.New(master))
	if err != nil {
		return report, err
	}
	log, err := accesslog.Open(accesslog.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()

	origin := &url.URL{Scheme: "http", Host: double.Addr()}
	p := &pipeline.Pipeline{
		Tokens: token.NewStore(store, keeper, time.Now), Credentials: credential.NewStore(store, keeper, time.Now),
		Limits: limit.New(8, time.Now), Log: log, Bodies: body.NewMemory(8 << 20), BodyTimeout: 10 * time.Second,
		Upstream: upstream.New(upstream.Config{
			ConnectTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second,
			Origin: func(string) upstream.Origin { return upstream.Origin{Named: true} },
		}),
	}
	defer p.Upstream.Abort()
	routes, err := route.NewTable([]route.Provider{leakRoute(s, origin)})
	if err != nil {
		return report, err
	}
	now := &pipeline.Providers{Routes: routes, Plugins: map[string]*plugin.Plugin{s.Name: s.plugin}}
	p.Providers = func() *pipeline.Providers { return now }
	if _, err := p.Credentials.Set(Tenant, "stand-in", s.Name, []string{origin.Host}, fields); err != nil {
		return report, err
	}
	plain, record, err := p.Tokens.Issue(token.Record{Tenant: Tenant, Agent: "doctor", Provider: s.Name, Credential: "stand-in", Pair: m.Pairs(), Rules: token.Rules{AllowGrant: true}})
	if err != nil {
		return report, err
	}
	at, end, err := serveLeak(p)
	if err != nil {
		return report, err
	}
	defer end()
	record.Name = string(plain.Reveal())
	return double.Run(ctx, leakRequest(at, m, &record, b.configured(s.Name).Parameters))
}

// leakFields are stand-in values for the fields of a credential, and those of them
// that are secret.
func leakFields(m *plan.Manifest) (map[string]credential.Field, []string) {
	fields := map[string]credential.Field{}
	var secrets []string
	for i := range m.Fields {
		f := &m.Fields[i]
		random := make([]byte, 24)
		rand.Read(random)
		value := f.Prefix + base64.RawURLEncoding.EncodeToString(random)
		fields[f.Name] = credential.Field{Value: secret.New([]byte(value)), Public: f.Use == abi.UsePublic}
		if f.Use != abi.UsePublic {
			secrets = append(secrets, value)
		}
	}
	return fields, secrets
}

// leakRoute leads to the double, whatever upstream a plan chooses.
func leakRoute(s *served, origin *url.URL) route.Provider {
	r := RouteOf(s.Name, nil, s.plugin.Manifest, []*url.URL{origin})
	r.Origins = nil
	for range max(1, len(s.plugin.Manifest.Upstreams)) {
		r.Origins = append(r.Origins, origin)
	}
	r.UpstreamHosts = nil
	return r
}

// serveLeak serves agents on a port of its own.
func serveLeak(p *pipeline.Pipeline) (at string, end func(), err error) {
	front := listen.New(p, listen.Config{IdleTimeout: time.Minute})
	l, err := listen.Listen("127.0.0.1:0")
	if err != nil {
		front.Cut()
		return "", nil, err
	}
	go func() { _ = front.Serve(l, "", nil) }() // ends with end
	return l.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		front.Drain(ctx)
		front.Cut()
	}, nil
}

// leakRequest makes requests as this API's clients do: the token where their key goes,
// to the first operation that reads.
func leakRequest(at string, m *plan.Manifest, r *token.Record, parameters map[string]string) func(context.Context) (*http.Request, error) {
	path := "/"
	for _, op := range m.Operations {
		if op.Method == http.MethodGet && op.Class == abi.ClassRead && !strings.ContainsAny(op.Path, "*") {
			path = op.Path
			break
		}
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if before, rest, ok := strings.Cut(part, "{"); ok {
			_, after, _ := strings.Cut(rest, "}")
			parts[i] = before + "x" + after
		}
	}
	target := &url.URL{Scheme: "http", Host: at, Path: "/api/" + r.Provider + strings.Join(parts, "/")}
	return func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept-Encoding", "gzip, deflate")
		switch slot := m.TokenSlots[0]; slot.Kind {
		case abi.SlotHeader:
			req.Header.Set(slot.Name, strings.TrimPrefix(slot.Scheme+" "+r.Name, " "))
		case abi.SlotQuery:
			req.URL.RawQuery = url.Values{slot.Name: {r.Name}}.Encode()
		case abi.SlotBasic:
			req.SetBasicAuth("x", r.Name)
		case abi.SlotAWSSig4:
			q := sigv4.Request{Method: req.Method, Path: req.URL.EscapedPath(), Host: at}
			req.URL.RawQuery = presign(&q, r, parameters, []string{"host"}, time.Now().UTC(), time.Minute)
		}
		return req, nil
	}
}
