package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// specifications are the vendors' own OpenAPI files: where they are, and what of a
// path they leave out. OpenAI's (github.com/openai/openai-openapi) lies beside the
// project and is not in it.
var specifications = map[string]struct{ file, prefix string }{
	"github": {"prism/node_modules/@octokit/openapi/generated/api.github.com.json", ""},
	"notion": {"prism/node_modules/@notionhq/notion-mcp-server/scripts/notion-openapi.json", ""},
	"openai": {"../../shared/openapi/openai.yaml", "/v1"},
}

// notShown are paths that an API has and its own file does not; of the last two,
// prism makes an answer that is no HTTP, and takes a file for JSON where octokit
// calls it so.
var notShown = []string{"/graphql", "/repositories/", "/v1/file_uploads", "/v1/audio/speech", "/repos/octo/hello/releases/1/assets"}

// wrong is a request to each API that its file does not allow. (The schemas of
// some bodies are too much for prism: of those it sees the path and the query.)
var wrong = map[string]struct{ method, target, body string }{
	"openai": {"POST", "/v1/embeddings", `{"model":5}`},
	"github": {"GET", "/repos/octo/hello/issues?per_page=many", ""},
	"notion": {"POST", "/v1/pages", `{"parent":"none"}`},
}

// Each request of the vendors' clients that leaves the broker is one by the
// vendor's own OpenAPI file. `make counterparts` installs what this needs.
func TestPrism(t *testing.T) {
	if _, err := os.Stat("prism/node_modules"); err != nil {
		t.Skip("not tested: prism is not installed; make counterparts does so")
	}
	node := installNode(t)
	witnesses := map[string]*witness{}
	for name, s := range specifications {
		file := s.file
		if other := os.Getenv("SEKS_OPENAPI"); other != "" && name == "openai" {
			file = other
		}
		if _, err := os.Stat(file); err != nil {
			t.Logf("%s is not tested: there is no %s", name, file)
			continue
		}
		witnesses[name] = &witness{prism: prism(t, node, file), prefix: s.prefix}
	}
	w, err := newWorld(worldOptions{before: func(name, double string) string {
		if witnesses[name] == nil {
			return double
		}
		return witnesses[name].before(t, double)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	for provider, run := range map[string][]func(t *testing.T){
		"openai": {func(t *testing.T) { w.runGo(t, newTally(t), goOpenAI()) }, func(t *testing.T) { w.runNode(t, newTally(t), node, "openai") }},
		"github": {func(t *testing.T) { w.runGo(t, newTally(t), goGitHub(t)) }, func(t *testing.T) { w.runNode(t, newTally(t), node, "octokit") }},
		"notion": {func(t *testing.T) { w.runNode(t, newTally(t), node, "@notionhq/client") }},
	} {
		t.Run(provider, func(t *testing.T) {
			witness := witnesses[provider]
			if witness == nil {
				t.Skip("its OpenAPI file is not there")
			}
			for _, run := range run {
				run(t)
			}
			if witness.saw == 0 {
				t.Error("no request was looked at")
			}
			t.Logf("%d requests were looked at", witness.saw)
			for _, v := range slices.Compact(slices.Sorted(slices.Values(witness.violations))) {
				t.Error(v)
			}
			// That prism does look at them.
			before, wrong := len(witness.violations), wrong[provider]
			r := httptest.NewRequest(wrong.method, wrong.target, nil)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer x")
			r.Header.Set("Notion-Version", "2022-06-28")
			if witness.show(r, []byte(wrong.body)); len(witness.violations) == before {
				t.Error("a wrong request passes for a right one")
			}
		})
	}
}

// prism starts prism with a file, and waits until it listens.
func prism(t *testing.T, node, file string) (url string) {
	port := freePort(t)
	ctx, cancel := context.WithCancel(context.Background())
	log := &strings.Builder{}
	cmd := exec.CommandContext(ctx, node, "prism/node_modules/@stoplight/prism-cli/dist/index.js", "mock", "--port", port, "--verboseLevel", "error", file)
	cmd.Env = []string{"HOME=" + t.TempDir(), "NODE_ENV=production"}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
		if t.Failed() {
			t.Logf("prism %s: %.4000s", filepath.Base(file), log)
		}
	})
	return "http://127.0.0.1:" + port
}

// witness stands between the broker and a double, and shows prism a copy of each
// request. What the double answers goes back.
type witness struct {
	prism, prefix string

	mu         sync.Mutex
	saw        int
	violations []string
}

// before is the URL of a server that shows prism what it hands on to the double.
func (w *witness) before(t *testing.T, double string) string {
	to, err := url.Parse(double)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	w.wait(t)
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.show(r, body)
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// wait is for prism, which takes a minute to read GitHub's file.
func (w *witness) wait(t *testing.T) {
	t.Helper()
	const limit = 5 * time.Minute
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		if answer, err := http.Get(w.prism); err == nil {
			_ = answer.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("prism does not listen after %s", limit)
		}
	}
}

// show sends prism a copy, and keeps what it says against the request.
func (w *witness) show(r *http.Request, body []byte) {
	if slices.ContainsFunc(notShown, func(path string) bool { return strings.HasPrefix(r.URL.Path, path) }) {
		return
	}
	copied, err := http.NewRequestWithContext(r.Context(), r.Method, w.prism+strings.TrimPrefix(r.URL.RequestURI(), w.prefix), bytes.NewReader(body))
	if err != nil {
		w.says(r, err.Error())
		return
	}
	copied.Header = r.Header.Clone()
	copied.Header.Set("Accept", "*/*") // the answer is not what counts
	copied.Header.Del("Accept-Encoding")
	copied.Header.Del("Prefer")
	answer, err := http.DefaultTransport.RoundTrip(copied)
	if err != nil {
		w.says(r, err.Error())
		return
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.says(r, err.Error())
		return
	}
	w.says(r, against(answer, text))
}

// against is what prism says against a request; "" for nothing. It answers a right
// one with an example out of the file, of a status that is no error, and tells of
// what is wrong with that example in the same header.
func against(answer *http.Response, text []byte) string {
	if answer.StatusCode >= 400 && answer.StatusCode < 500 {
		return fmt.Sprintf("%s %.500s", answer.Status, text)
	}
	var all []struct {
		Location []string
		Message  string
	}
	_ = json.Unmarshal([]byte(answer.Header.Get("Sl-Violations")), &all) // without the header there are none
	var said []string
	for _, v := range all {
		if len(v.Location) > 0 && v.Location[0] == "request" {
			said = append(said, strings.Join(v.Location, ".")+": "+v.Message)
		}
	}
	return strings.Join(said, "; ")
}

func (w *witness) says(r *http.Request, against string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.saw++
	if against != "" {
		w.violations = append(w.violations, fmt.Sprintf("%s %s: %s", r.Method, r.URL.Path, against))
	}
}
