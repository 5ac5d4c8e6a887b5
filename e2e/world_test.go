package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/bench/upstream/apis"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// world is one broker with all providers, each before a double of its API.
type world struct {
	*harness.Broker
	t         *testing.T
	providers map[string]*provider
	elsewhere *httptest.Server // a host that is no API's, where signed downloads are
	socket    string           // an agent listener on a unix socket
	clients   *tally
}

// provider is one API of the world, and the tokens for it.
type provider struct {
	name     string
	double   *upstream.Server
	uploads  *upstream.Server // of GitHub: the host for uploads
	key      string           // the real one
	token    string           // without rules
	readOnly string
	granting string
}

const email = "owner@example.com" // of Cloudflare's credential

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, providers: map[string]*provider{}, clients: newTally(t)}
	w.elsewhere = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(rw, "archive; token %q; authorization %q", r.URL.Query().Get("token"), r.Header.Get("Authorization"))
	}))
	t.Cleanup(w.elsewhere.Close)
	var tables strings.Builder
	for name, handler := range map[string]func(key string) http.Handler{
		"openai": nil, "anthropic": nil, "gemini": apis.Gemini, "notion": apis.Notion, "brave": apis.Brave,
		"github":     func(key string) http.Handler { return apis.GitHub(key, w.elsewhere.URL) },
		"cloudflare": func(key string) http.Handler { return apis.Cloudflare(key, "cfk_"+key, email) },
	} {
		p := &provider{name: name, key: newKey()}
		p.double = w.start(p, handler)
		fmt.Fprintf(&tables, "[providers.%s]\nupstream = %q\n", name, p.double.URL())
		if name == "github" {
			p.uploads = w.start(p, handler)
			fmt.Fprintf(&tables, "[providers.github.upstreams]\nuploads = %q\n", p.uploads.URL())
		}
		w.providers[name] = p
	}
	dir := t.TempDir()
	w.socket = dir + "/agent.sock"
	var err error
	if w.Broker, err = harness.New(build, harness.Options{Dir: dir, Listen: []string{"127.0.0.1:0", "unix:" + w.socket}, Providers: tables.String()}); err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seks serve printed:\n%s", w.Stderr())
		}
		_ = w.Kill()
	})
	for _, p := range w.providers {
		w.credentials(p) // over its socket, which is quicker
	}
	return w
}

func (w *world) start(p *provider, handler func(key string) http.Handler) *upstream.Server {
	o := upstream.Options{Key: p.key, Files: 45, Hostile: noise(w.t)}
	if handler != nil {
		o.Handler = handler(p.key)
	}
	s := upstream.New(o)
	if _, err := s.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.Close() })
	return s
}

// credentials stores the real key, and issues a token of each kind for it.
func (w *world) credentials(p *provider) {
	value := p.key
	if p.name == "cloudflare" {
		value = fmt.Sprintf("api_token=%s\napi_key=cfk_%s\nemail=%s\n", p.key, p.key, email)
	}
	if err := w.Must(value, "credential", "set", p.name+"-key", "--provider", p.name); err != nil {
		w.t.Fatal(err)
	}
	for token, flags := range map[*string][]string{&p.token: nil, &p.readOnly: {"--read-only"}, &p.granting: {"--allow-grant"}} {
		var err error
		if _, *token, err = w.Issue("agent-"+p.name, p.name+"-key", flags...); err != nil {
			w.t.Fatal(err)
		}
	}
}

// base is the URL of a provider at the broker.
func (w *world) base(provider string) string { return w.URL + "/api/" + provider }

// clean checks at the end that no proxy token has reached an API, nor a real
// key the log or the broker's output.
func (w *world) clean(t *testing.T) {
	log, err := w.Run("", "log", "--json")
	if err != nil || log.Status != 0 {
		t.Fatal(err, log.Err)
	}
	for _, p := range w.providers {
		doubles := []*upstream.Server{p.double}
		if p.uploads != nil {
			doubles = append(doubles, p.uploads)
		}
		for _, d := range doubles {
			for _, token := range []string{p.token, p.readOnly, p.granting} {
				if form := harness.Find(d.RawIn(), token); form != "" {
					t.Errorf("a token has reached %s's API (%s)", p.name, form)
				}
			}
		}
		if form := harness.Find([]byte(log.Out+w.Stderr()), p.key); form != "" {
			t.Errorf("the key of %s is in the log, or in what the broker printed (%s)", p.name, form)
		}
	}
}

// content is what uploads carry: any bytes, and more than a buffer's worth.
func content() []byte {
	b := make([]byte, 300_000)
	_, _ = rand.Read(b) // never fails
	return b
}
