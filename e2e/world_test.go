package e2e

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/bench/upstream/apis"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// world is one broker with all providers, each before a double of its API.
type world struct {
	*harness.Broker
	providers map[string]*provider
	elsewhere *httptest.Server // a host that is no API's, where signed downloads are
	ends      []func()
	uploads   string // the URL of GitHub's host for uploads
	socket    string // an agent listener on a unix socket
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

// common is the world that the tests of providers share: to start one takes
// seconds.
var common struct {
	once sync.Once
	w    *world
	err  error
}

// theWorld is the common world, begun with the first test that wants it.
func theWorld(t *testing.T) *world {
	t.Helper()
	common.once.Do(func() { common.w, common.err = newWorld(worldOptions{}) })
	if common.err != nil {
		t.Fatal(common.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seks serve printed:\n%s", common.w.Stderr())
		}
	})
	return common.w
}

// worldOptions are what one world has that others have not.
type worldOptions struct {
	only   string                               // this provider alone
	plain  bool                                 // no interim answers, which not all clients can read
	before func(provider, double string) string // the URL of what stands before a double
	table  string                               // more of its table in broker.toml
	extra  string                               // more of broker.toml
}

func (o *worldOptions) url(provider string, double *upstream.Server) string {
	if o.before == nil {
		return double.URL()
	}
	return o.before(provider, double.URL())
}

func newWorld(o worldOptions) (w *world, err error) {
	w = &world{providers: map[string]*provider{}}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	w.elsewhere = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(rw, "archive; token %q; authorization %q", r.URL.Query().Get("token"), r.Header.Get("Authorization"))
	}))
	w.ends = append(w.ends, w.elsewhere.Close)
	dir, err := os.MkdirTemp("", "seks-world")
	if err != nil {
		return w, err
	}
	w.ends = append(w.ends, func() { _ = os.RemoveAll(dir) })
	w.socket = dir + "/agent.sock"
	var tables strings.Builder
	for name, handler := range map[string]func(key string) http.Handler{
		"openai": nil, "anthropic": nil, "gemini": apis.Gemini, "notion": apis.Notion, "brave": apis.Brave,
		"github":     func(key string) http.Handler { return apis.GitHub(key, w.elsewhere.URL, w.uploads) },
		"cloudflare": func(key string) http.Handler { return apis.Cloudflare(key, "cfk_"+key, email) },
	} {
		if o.only != "" && name != o.only {
			continue
		}
		p := &provider{name: name, key: newKey()}
		if name == "github" {
			if p.uploads, err = w.start(p, handler, o.plain); err != nil {
				return w, err
			}
			w.uploads = o.url(name, p.uploads)
		}
		if p.double, err = w.start(p, handler, o.plain); err != nil {
			return w, err
		}
		fmt.Fprintf(&tables, "[providers.%s]\nupstream = %q\n%s", name, o.url(name, p.double), o.table)
		if name == "github" {
			fmt.Fprintf(&tables, "[providers.github.upstreams]\nuploads = %q\n", w.uploads)
		}
		w.providers[name] = p
	}
	if w.Broker, err = warmBroker(harness.Options{Dir: dir, Listen: []string{"127.0.0.1:0", "unix:" + w.socket}, Providers: tables.String(), Extra: o.extra}); err != nil {
		return w, err
	}
	if err := w.Start(); err != nil {
		return w, err
	}
	w.ends = append(w.ends, func() { _ = w.Kill() })
	for _, p := range w.providers {
		if err := w.credentials(p); err != nil { // over its socket, which is quicker
			return w, err
		}
	}
	return w, nil
}

// close ends all that the world has begun, the last first.
func (w *world) close() {
	for _, end := range slices.Backward(w.ends) {
		end()
	}
}

func (w *world) start(p *provider, handler func(key string) http.Handler, plain bool) (*upstream.Server, error) {
	seed, err := noiseSeed()
	if err != nil {
		return nil, err
	}
	o := upstream.Options{Key: p.key, Files: 45, Hostile: upstream.Hostile{Probability: noiseProbability, Seed: seed, NoInterim: plain}}
	if handler != nil {
		o.Handler = handler(p.key)
	}
	s := upstream.New(o)
	if _, err := s.Start(); err != nil {
		return nil, err
	}
	w.ends = append(w.ends, func() { _ = s.Close() })
	return s, nil
}

// credentials stores the real key, and issues a token of each kind for it.
func (w *world) credentials(p *provider) (err error) {
	value := p.key
	if p.name == "cloudflare" {
		value = fmt.Sprintf("api_token=%s\napi_key=cfk_%s\nemail=%s\n", p.key, p.key, email)
	}
	if err := w.Must(value, "credential", "set", p.name+"-key", "--provider", p.name); err != nil {
		return err
	}
	for token, flags := range map[*string][]string{&p.token: nil, &p.readOnly: {"--read-only"}, &p.granting: {"--allow-grant"}} {
		if _, *token, err = w.Issue("agent-"+p.name, p.name+"-key", flags...); err != nil {
			return err
		}
	}
	return nil
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

// get asks with a token, and follows no redirect.
func (w *world) get(t *testing.T, url, token string) (head http.Header, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Header, string(text)
}
