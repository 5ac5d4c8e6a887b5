package e2e

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-github/v74/github"

	"github.com/seksbot/seks-broker/e2e/harness"
)

// GitHub's clients before gitea, a server of that API which nobody here wrote, and
// which verifies tokens. `make counterparts` builds it.
func TestGitea(t *testing.T) {
	g := startGitea(t)
	b := newBroker(t, harness.Options{Providers: fmt.Sprintf("[providers.github]\nupstream = \"%s/api/v1\"\n[providers.github.upstreams]\nuploads = \"%[1]s/api/v1\"\n", g.url)})
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Kill() })
	p := &provider{name: "github", key: g.token}
	w := &world{Broker: b, providers: map[string]*provider{"github": p}}
	if err := w.credentials(p); err != nil {
		t.Fatal(err)
	}
	g.fill(t, &conn{t.Context(), w.base("github"), p.token, nil})
	client := g.client(t)
	t.Run("google/go-github", func(t *testing.T) { w.runGo(t, newTally(t), client) })
	t.Run("octokit", func(t *testing.T) {
		node := installNode(t)
		w.runSuite(t, newTally(t), node, "octokit, gitea", "octokit", nodeClients["octokit"])
	})
	g.judge(t, p)

	// That it does look at tokens.
	if err := w.Must(strings.Repeat("0123456789", 4), "credential", "rotate", "github-key"); err != nil {
		t.Fatal(err)
	}
	err := client.call(&conn{t.Context(), w.base("github"), p.token, nil})
	if o := client.outcome(stepCall, err); o.Status != 401 || o.Kind != "*github.ErrorResponse" || o.Message != "invalid username, password or token" {
		t.Errorf("with a wrong key: %+v", o)
	}
}

// client is go-github, and what it is asked to do at gitea: what GitHub's API and
// gitea's have in common.
func (g *gitea) client(t *testing.T) goClient {
	c := githubWith(t, "google/go-github", (*conn).github)
	c.graphQL, c.download = nil, nil
	c.pages, c.upload, c.writing = g.issues, g.release, g.issue
	c.more = map[string]func(*conn) error{"contents": g.contents, "moved": g.moved}
	c.granting = func(c *conn) error {
		_, _, err := c.github().Repositories.CreateKey(c, "octo", "hello", &github.Key{Key: github.Ptr(newSSHKey()), Title: github.Ptr("a")})
		return err
	}
	return c
}

// fill makes a repository with five issues, through the broker.
func (g *gitea) fill(t *testing.T, c *conn) {
	t.Helper()
	_, _, err := c.github().Repositories.Create(c, "", &github.Repository{Name: github.Ptr("hello"), AutoInit: github.Ptr(true), DefaultBranch: github.Ptr("main")})
	for range 5 {
		err = errors.Join(err, g.issue(c))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// issue makes one. An issue of gitea's has the owner of its repository as a text,
// which go-github's type for it has not, so its lower calls serve.
func (g *gitea) issue(c *conn) error {
	r, err := c.github().NewRequest("POST", "repos/octo/hello/issues", &github.IssueRequest{Title: github.Ptr("a")})
	if err == nil {
		_, err = c.github().Do(c, r, nil)
	}
	return err
}

// issues lists all, by the pages that the Link header has.
func (g *gitea) issues(c *conn) error {
	n, pages := 0, 0
	for page := 1; page != 0; pages++ {
		r, err := c.github().NewRequest("GET", fmt.Sprintf("repos/octo/hello/issues?page=%d", page), nil)
		if err != nil {
			return err
		}
		var list []struct{ Number int }
		answer, err := c.github().Do(c, r, &list)
		if err != nil {
			return err
		}
		if link := answer.Header.Get("Link"); !strings.Contains(link, "<"+c.base+"/repos/octo/hello/issues?") {
			return fmt.Errorf("the Link header is %q", link)
		}
		n, page = n+len(list), answer.NextPage
	}
	return errors.Join(expect("the number of issues", n, 5), expect("the number of pages", pages, 3))
}

// release makes one, and uploads a file to it; what gitea then gives for the file,
// at an address of its own, is what was sent.
func (g *gitea) release(c *conn) error {
	made, _, err := c.github().Repositories.CreateRelease(c, "octo", "hello", &github.RepositoryRelease{TagName: github.Ptr("v1"), Name: github.Ptr("one")})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "seks-asset")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "a.bin")
	if err := os.WriteFile(file, c.content, 0o600); err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	asset, _, err := c.github().Repositories.UploadReleaseAsset(c, "octo", "hello", made.GetID(), &github.UploadOptions{Name: "a.bin"}, f)
	if err != nil {
		return err
	}
	answer, err := http.Get(asset.GetBrowserDownloadURL())
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return errors.Join(expect("the name", asset.GetName(), "a.bin"), expect("the upload", strings.HasPrefix(made.GetUploadURL(), c.base+"/repos/"), true), same(answer.Body, c.content))
}

// contents writes a file, and reads it back.
func (g *gitea) contents(c *conn) error {
	client, text := c.github(), "any \x00\xff bytes"
	head, _, err := client.Repositories.GetBranch(c, "octo", "hello", "main", 0)
	if err != nil {
		return err
	}
	made, _, err := client.Repositories.CreateFile(c, "octo", "hello", "dir/a file.bin", &github.RepositoryContentFileOptions{
		Message: github.Ptr("a"), Content: []byte(text), Branch: github.Ptr("main"),
	})
	if err != nil {
		return err
	}
	file, _, _, err := client.Repositories.GetContents(c, "octo", "hello", "dir/a file.bin", &github.RepositoryContentGetOptions{Ref: "main"})
	if err != nil {
		return err
	}
	got, err := file.GetContent()
	return errors.Join(err, expect("the file", got, text), expect("another commit", made.Commit.GetSHA() != head.GetCommit().GetSHA(), true))
}

// moved asks for a repository by the name that it had: the answer is a redirect to
// a path, which the client follows.
func (g *gitea) moved(c *conn) error {
	client := c.github()
	_, _, err := client.Repositories.Create(c, "", &github.Repository{Name: github.Ptr("before")})
	if err != nil {
		return err
	}
	if _, _, err = client.Repositories.Edit(c, "octo", "before", &github.Repository{Name: github.Ptr("after")}); err != nil {
		return err
	}
	got, _, err := client.Repositories.Get(c, "octo", "before")
	if err != nil {
		return err
	}
	if _, err := client.Repositories.Delete(c, "octo", "after"); err != nil {
		return err
	}
	return expect("the name", got.GetFullName(), "octo/after")
}

// newSSHKey is a public key that gitea has not seen.
func newSSHKey() string {
	public, _, _ := ed25519.GenerateKey(nil) // never fails
	blob := append([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"), public...)
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob)
}

// gitea is one that runs, with a user "octo" whose token is the real one.
type gitea struct {
	url, token, dir string
}

// startGitea starts it on a port of its own with an empty database; it ends with
// the test. Lists have two items a page, as GitHub's clients can't ask it for.
func startGitea(t *testing.T) *gitea {
	t.Helper()
	program, err := filepath.Abs("../build/counterparts/gitea")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("not tested: gitea is not built; make counterparts does so")
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("not tested: gitea needs git")
	}
	dir, at := t.TempDir(), freeAddress(t)
	g := &gitea{url: "http://" + at, dir: dir}
	host, port, _ := strings.Cut(at, ":")
	ini := fmt.Sprintf(`WORK_PATH = %[1]s
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
HTTP_ADDR = %[2]s
HTTP_PORT = %[3]s
ROOT_URL = http://%[2]s:%[3]s/
STATIC_ROOT_PATH = %[4]s-files
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
[security]
INSTALL_LOCK = true
[api]
DEFAULT_PAGING_NUM = 2
[log]
MODE = console
logger.access.MODE = access
ACCESS_LOG_TEMPLATE = {{.Identity}} {{.Ctx.Req.Method}} {{.Ctx.Req.URL.RequestURI}} {{.Ctx.Req.Header}}
[log.access]
MODE = file
FILE_NAME = %[1]s/access.log
[cron]
ENABLED = false
`, dir, host, port, program)
	config := filepath.Join(dir, "app.ini")
	if err := os.WriteFile(config, []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		c := exec.Command(program, append([]string{"--config", config}, args...)...)
		c.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "USER=octo"}
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return c
	}
	for _, args := range [][]string{
		{"migrate"},
		{"admin", "user", "create", "--username", "octo", "--random-password", "--email", "octo@example.com", "--must-change-password=false", "--access-token"},
	} {
		out, err := command(args...).CombinedOutput()
		if err != nil {
			t.Fatalf("gitea %q: %v\n%s", args, err, out)
		}
		if m := regexp.MustCompile(`created\W+([0-9a-f]{40})\b`).FindSubmatch(out); m != nil {
			g.token = string(m[1])
		}
	}
	if g.token == "" {
		t.Fatal("gitea has made no token")
	}
	var out strings.Builder
	c := command("web")
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("gitea printed:\n%s", out.String())
		}
	})
	eventually(t, "gitea listens", func() bool {
		answer, err := http.Get(g.url + "/api/v1/version")
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		return answer.StatusCode == 200
	})
	return g
}

// judge holds gitea's own log to what it should have seen: each request with the
// real token, of which it knows the user, and none with a proxy token.
func (g *gitea) judge(t *testing.T, p *provider) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(g.dir, "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{p.token, p.readOnly, p.granting} {
		if form := harness.Find(text, token); form != "" {
			t.Errorf("a proxy token has reached gitea (%s)", form)
		}
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		switch words := strings.Fields(line); {
		case len(words) < 3:
			t.Errorf("a line that is none: %q", line)
		case words[2] == "/api/v1/version", strings.HasPrefix(words[2], "/attachments/"): // the test's own
		case strings.HasPrefix(words[2], "/api/internal/"): // gitea's own, from its git hooks
		case words[0] != "octo" || !strings.Contains(line, "Authorization:[Bearer "+g.token+"]"):
			t.Errorf("gitea saw a request without the real token: %s", line)
		default:
			n++
		}
	}
	if n < 20 {
		t.Errorf("gitea saw %d requests with the real token:\n%s", n, text)
	}
	t.Logf("gitea saw %d requests, each with the real token", n)
}
