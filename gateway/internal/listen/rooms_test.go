package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	bodies "github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/route"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

// front is a server in front of real rooms: the provider "ok", whose upstream
// the test gives.
type front struct {
	*Server
	t     *testing.T
	dir   string
	log   *accesslog.Log
	token string
}

func serve(t *testing.T, c Config, upstreamHandler http.HandlerFunc) *front {
	t.Helper()
	module, err := os.ReadFile("../../../plugin-sdk/testdata/guests/ok.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return serveModule(t, c, time.Minute, module, upstreamHandler)
}

func serveModule(t *testing.T, c Config, bodyTimeout time.Duration, module []byte, upstreamHandler http.HandlerFunc) *front {
	t.Helper()
	api := httptest.NewServer(upstreamHandler)
	t.Cleanup(api.Close)
	f := &front{t: t, dir: t.TempDir()}
	store, err := kv.Open(filepath.Join(f.dir, "store"))
	f.check(err)
	t.Cleanup(func() { _ = store.Close() })
	keeper, err := seal.Open(store, secret.New(make([]byte, seal.MasterSize)))
	f.check(err)
	f.check(os.WriteFile(filepath.Join(f.dir, "ok.wasm"), module, 0o600))
	host, err := plugin.NewHost(context.Background(), plugin.Config{Dir: f.dir, Builtins: []string{plugin.Digest(module)}, Trust: plugin.NewTrust(store, keeper, f.dir)})
	f.check(err)
	t.Cleanup(host.Close)
	f.check(host.Load(context.Background()))
	origin, err := url.Parse(api.URL)
	f.check(err)
	table, err := route.NewTable([]route.Provider{{Name: "ok", Upstream: origin, Origins: []*url.URL{origin}}})
	f.check(err)
	f.log, err = accesslog.Open(accesslog.Config{Dir: filepath.Join(f.dir, "log")})
	f.check(err)
	t.Cleanup(func() { _ = f.log.Close() })
	tokens, credentials := token.NewStore(store, keeper, time.Now), credential.NewStore(store, keeper, time.Now)
	_, err = credentials.Set("default", "c", "ok", []string{origin.Host}, map[string]credential.Field{"api_key": {Value: secret.New([]byte("sk-real-0123456789"))}})
	f.check(err)
	plain, _, err := tokens.Issue(token.Record{Tenant: "default", Agent: "a", Provider: "ok", Credential: "c"})
	f.check(err)
	f.token = string(plain.Reveal())
	client := upstream.New(upstream.Config{ConnectTimeout: 5 * time.Second, IdleTimeout: time.Minute, Origin: func(string) upstream.Origin { return upstream.Origin{Named: true} }})
	t.Cleanup(client.Abort)
	f.Server = New(&pipeline.Pipeline{
		Providers: func() *pipeline.Providers {
			return &pipeline.Providers{Routes: table, Plugins: host.Serving(), Shapes: plugin.KeyShapes(host.Serving())}
		}, Tokens: tokens, Limits: limit.New(100, time.Now),
		Log: f.log, Credentials: credentials, Upstream: client,
		Bodies: bodies.NewMemory(8 << 20), BodyTimeout: bodyTimeout,
	}, c)
	t.Cleanup(func() {
		client.Abort()
		f.Cut()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		f.Drain(ctx)
	})
	return f
}

func (f *front) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// on opens a listener of the server and gives its address.
func (f *front) on(address, provider string, certificate *tls.Config) net.Addr {
	f.t.Helper()
	l, err := Listen(address)
	f.check(err)
	go func() {
		if err := f.Serve(l, provider, certificate); err != nil {
			f.t.Errorf("the listener ended: %v", err)
		}
	}()
	return l.Addr()
}

// agent is a connection that says and sees bytes.
type agent struct {
	net.Conn
	t  *testing.T
	br *bufio.Reader
}

func (f *front) dial(at net.Addr) *agent {
	f.t.Helper()
	c, err := net.Dial(at.Network(), at.String())
	f.check(err)
	f.t.Cleanup(func() { _ = c.Close() })
	f.check(c.SetDeadline(time.Now().Add(30 * time.Second)))
	return &agent{c, f.t, bufio.NewReader(c)}
}

func (a *agent) say(text string) {
	a.t.Helper()
	if _, err := io.WriteString(a, text); err != nil {
		a.t.Fatal(err)
	}
}

// head reads an answer's head as it stands, without the empty line.
func (a *agent) head() string {
	a.t.Helper()
	var b strings.Builder
	for {
		line, err := a.br.ReadString('\n')
		if err != nil {
			a.t.Fatalf("after %q: %v", b.String(), err)
		}
		if line == "\r\n" {
			return b.String()
		}
		b.WriteString(line)
	}
}

// answer reads a whole one.
func (a *agent) answer(method string) (*http.Response, string) {
	a.t.Helper()
	resp, err := http.ReadResponse(a.br, &http.Request{Method: method})
	if err != nil {
		a.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp, string(body)
}

// ended says that the connection was closed, with nothing more on it.
func (a *agent) ended() bool {
	_, err := a.br.ReadByte()
	return err != nil && !isTimeout(err)
}

func isTimeout(err error) bool {
	n, ok := err.(net.Error)
	return ok && n.Timeout()
}

type line struct {
	Method, Path, Error, Reason, Provider string
	Status                                int
	ClientIP                              string `json:"client_ip"`
}

// lines is the log. No token may be in it.
func (f *front) lines() (all []line) {
	f.t.Helper()
	f.check(f.log.Flush())
	_, err := accesslog.Read(filepath.Join(f.dir, "log"), accesslog.Filter{}, func(text []byte, _ accesslog.Entry) error {
		if strings.Contains(string(text), f.token[len("seks_ok_"):]) {
			f.t.Errorf("the token is in the log: %s", text)
		}
		var l line
		err := json.Unmarshal(text, &l)
		all = append(all, l)
		return err
	})
	f.check(err)
	return all
}
