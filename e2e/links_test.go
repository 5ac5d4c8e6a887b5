package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/e2e/harness"
)

// An API below a base path, as an Enterprise Server's: what its links name there
// is reached at the broker without that path, and comes to the same place.
func TestLinksBelowABasePath(t *testing.T) {
	var api *httptest.Server
	api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/base/v1/repos/octo/moved":
			w.Header().Set("Location", r.URL.Query().Get("to"))
			w.WriteHeader(http.StatusMovedPermanently)
		case "/base/v1/repos/octo/hello":
			w.Header().Set("Link", fmt.Sprintf(`<%s/base/v1/repos/octo/hello?page=2>; rel="next", <%[1]s/elsewhere>; rel="last"`, api.URL))
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"url":"%s/base/v1/repos/octo/hello","html_url":"%[1]s/octo/hello","page":%q}`, api.URL, r.URL.Query().Get("page"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(api.Close)
	b := newBroker(t, harness.Options{Providers: fmt.Sprintf("[providers.github]\nupstream = \"%s/base/v1\"\n", api.URL)})
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Kill() })
	w := &world{Broker: b}
	p := &provider{name: "github", key: newKey()}
	if err := w.credentials(p); err != nil {
		t.Fatal(err)
	}
	public := w.base("github")
	get := func(url string) (head http.Header, body string) {
		t.Helper()
		return w.get(t, url, p.token)
	}
	head, body := get(public + "/repos/octo/hello")
	if want := fmt.Sprintf(`<%s/repos/octo/hello?page=2>; rel="next", <%s/elsewhere>; rel="last"`, public, api.URL); head.Get("Link") != want {
		t.Errorf("Link is %s, want %s", head.Get("Link"), want)
	}
	if want := fmt.Sprintf(`{"url":"%s/repos/octo/hello","html_url":"%s/octo/hello","page":""}`, public, api.URL); body != want {
		t.Errorf("the answer is %s, want %s", body, want)
	}
	for to, want := range map[string]string{
		api.URL + "/base/v1/repos/octo/hello?page=3": public + "/repos/octo/hello?page=3",
		"/base/v1/repos/octo/hello?page=3":           public + "/repos/octo/hello?page=3",
		api.URL + "/archive/1":                       api.URL + "/archive/1",
		"//evil.example/base/v1/x":                   "//evil.example/base/v1/x",
	} {
		head, _ := get(public + "/repos/octo/moved?to=" + to)
		if got := head.Get("Location"); got != want {
			t.Errorf("a Location of %s is %s, want %s", to, got, want)
		} else if want == public+"/repos/octo/hello?page=3" {
			if _, body := get(got); body != fmt.Sprintf(`{"url":"%s/repos/octo/hello","html_url":"%s/octo/hello","page":"3"}`, public, api.URL) {
				t.Errorf("%s leads to %s", got, body)
			}
		}
	}
}

// A redirect to a file store's signed URL passes as it came, as SECURITY.md says:
// it holds the file's own signature, and nothing of the credential.
func TestSignedDownloadsPass(t *testing.T) {
	w := theWorld(t)
	p := w.providers["github"]
	head, _ := w.get(t, w.base("github")+"/repos/octo/hello/zipball/main", p.token)
	location := head.Get("Location")
	if !strings.HasPrefix(location, w.elsewhere.URL+"/") || !strings.Contains(location, "token=SIGNED") {
		t.Errorf("Location: %s", location)
	}
	for _, secret := range []string{p.key, p.token} {
		if form := harness.Find([]byte(location), secret); form != "" {
			t.Errorf("Location %s has a secret in it (%s)", location, form)
		}
	}
}
