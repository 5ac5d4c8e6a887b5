// Package e2e drives the real build/seks as its users do: with the official
// clients, raw sockets and the command line, against a double of the API.
package e2e

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// build is where `make build` leaves seks and plugins/; another one can be
// named by SEKS_BUILD.
var build = "../build"

func TestMain(m *testing.M) {
	for _, e := range os.Environ() {
		// The SDK reads its own settings from the environment.
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "OPENAI_") {
			os.Unsetenv(name)
		}
	}
	if other := os.Getenv("SEKS_BUILD"); other != "" {
		build = other
	}
	if _, err := os.Stat(build + "/seks"); err != nil {
		if out, err := exec.Command("make", "-C", "..", "build").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "make build: %v\n%s", err, out)
			os.Exit(1)
		}
	}
	status := m.Run()
	if common.w != nil {
		common.w.close()
	}
	_ = os.RemoveAll(warmed)
	os.Exit(status)
}

// warm is a data folder in which all plugins of the build are compiled. Every
// broker begins as a copy of it, since each would compile them anew.
var warm = sync.OnceValues(func() (string, error) {
	var err error
	if warmed, err = os.MkdirTemp("", "seks-warm-"); err != nil {
		return "", err
	}
	b, err := harness.New(build, harness.Options{Dir: warmed})
	if err != nil {
		return "", err
	}
	return b.DataDir(), errors.Join(b.Start(), b.Stop())
})

var warmed string // the folder that TestMain removes

// newBroker sets up a broker; o.Dir is filled in where it is empty.
func newBroker(t testing.TB, o harness.Options) *harness.Broker {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	b, err := warmBroker(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func warmBroker(o harness.Options) (_ *harness.Broker, err error) {
	if o.From, err = warm(); err != nil {
		return nil, err
	}
	return harness.New(build, o)
}

// rig is a broker in front of a double, with one credential and one token.
type rig struct {
	*harness.Broker
	t       testing.TB
	double  *upstream.Server
	api     string // the double's URL
	key     string // the real key
	tokenID string
	token   string
}

// credentialName is the rig's one credential.
const credentialName = "main-key"

// newRig sets one up and starts it. o.Dir and o.Upstream are filled in where empty.
func newRig(t testing.TB, d upstream.Options, o harness.Options) *rig {
	t.Helper()
	r := newStoppedRig(t, d, o)
	r.start()
	return r
}

func newStoppedRig(t testing.TB, d upstream.Options, o harness.Options) *rig {
	t.Helper()
	r := &rig{t: t, key: newKey()}
	d.Key, d.Hostile = r.key, noise(t)
	r.double = upstream.New(d)
	var err error
	if r.api, err = r.double.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.double.Close() })
	if o.Upstream == "" {
		o.Upstream = r.api
	}
	r.Broker = newBroker(t, o)
	r.must(r.key, "credential", "set", credentialName, "--provider", "openai")
	r.tokenID, r.token = r.issue("agent-1")
	return r
}

func (r *rig) start() {
	r.t.Helper()
	if err := r.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if r.t.Failed() {
			r.t.Logf("seks serve printed:\n%s", r.Stderr())
		}
		_ = r.Kill() // nothing, where the test stopped it
	})
}

func (r *rig) stop() {
	r.t.Helper()
	if err := r.Stop(); err != nil {
		r.t.Fatalf("seks serve ended with %v:\n%s", err, r.Stderr())
	}
}

// must runs a command that has to succeed, and gives what it printed.
func (r *rig) must(stdin string, args ...string) string {
	r.t.Helper()
	res := r.run(stdin, args...)
	if res.Status != 0 {
		r.t.Fatalf("seks %s: exit %d: %s", strings.Join(args, " "), res.Status, res.Err)
	}
	return res.Out
}

func (r *rig) run(stdin string, args ...string) harness.Result {
	r.t.Helper()
	res, err := r.Run(stdin, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// issue makes a token for the rig's credential.
func (r *rig) issue(agent string, flags ...string) (id, token string) {
	r.t.Helper()
	return r.issueFor(credentialName, agent, flags...)
}

func (r *rig) issueFor(credential, agent string, flags ...string) (id, token string) {
	r.t.Helper()
	id, token, err := r.Issue(agent, credential, flags...)
	if err != nil {
		r.t.Fatal(err)
	}
	return id, token
}

// line is the access log's line of a request, by the X-Seks-Request-Id.
func (r *rig) line(id string) map[string]any {
	r.t.Helper()
	for _, l := range r.log() {
		if l["id"] == id {
			return l
		}
	}
	r.t.Errorf("no line in the access log has the id %q", id)
	return nil
}

func (r *rig) log(flags ...string) []map[string]any {
	r.t.Helper()
	lines, err := r.Log(flags...)
	if err != nil {
		r.t.Fatal(err)
	}
	return lines
}

// client is the official SDK, with another base URL and the token as its key.
func (r *rig) client(token string) openai.Client {
	return openai.NewClient(option.WithBaseURL(r.URL+"/api/openai/v1/"), option.WithAPIKey(token), option.WithMaxRetries(0))
}

// works checks that a good request gets through now.
func (r *rig) works(after string) {
	r.t.Helper()
	a := r.ask("GET /api/openai/v1/models", r.token)
	if a.Status != 200 || !bytes.Contains(a.Body, []byte(`"double-1"`)) {
		r.t.Errorf("after %s, a good request got %d %s", after, a.Status, a.Body)
	}
}

// newKey is a random key in the shape of the API's.
func newKey() string { return "sk-proj-" + strings.ReplaceAll(rand.Text()+rand.Text(), "=", "") }

// eventually waits until ok is true, and fails the test when that takes longer
// than any machine needs.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	const limit = 30 * time.Second
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, limit)
		}
	}
}
