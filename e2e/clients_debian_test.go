package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// debianClients are programs that Debian 12 has packages of, by their name and
// version in the README's table, with the command that says the version.
var debianClients = map[string][]string{
	"gh (Debian), unix socket 2.23.0": {"gh", "--version"},
	"gh (Debian), GH_HOST 2.23.0":     {"gh", "--version"},
	"curl (Debian) 7.88.1":            {"curl", "--version"},
	"PyGithub (Debian) 1.55":          {"/usr/bin/python3", "-c", `import importlib.metadata as m; print(m.version("PyGithub"))`},
}

// runDebian runs what this machine has of them. Another version than the table's
// is tested too, and not told of there.
func (w *world) runDebian(t *testing.T, passed *tally) {
	enterprise := sync.OnceValues(func() (*enterprise, error) { return newEnterprise(t) })
	for name, run := range map[string]func(t *testing.T, passed *tally, name string){
		"gh (Debian), unix socket 2.23.0": w.runGh,
		"curl (Debian) 7.88.1":            w.runCurl,
		"gh (Debian), GH_HOST 2.23.0": func(t *testing.T, passed *tally, name string) {
			e, err := enterprise()
			if err != nil {
				t.Fatal(err)
			}
			e.runGh(t, passed, name)
		},
		"PyGithub (Debian) 1.55": func(t *testing.T, passed *tally, name string) {
			e, err := enterprise()
			if err != nil {
				t.Fatal(err)
			}
			e.runPyGithub(t, passed, name)
		},
	} {
		t.Run(name, func(t *testing.T) {
			version := debianClients[name]
			out, err := exec.Command(version[0], version[1:]...).Output()
			if err != nil {
				passed.left = append(passed.left, name)
				t.Skipf("it is not tested: %s: %v", strings.Join(version, " "), err)
			}
			if want := name[strings.LastIndex(name, " ")+1:]; !bytes.Contains(out, []byte(want)) {
				passed.left = append(passed.left, name)
				run(t, newTally(t), name)
				return
			}
			run(t, passed, name)
		})
	}
}

// enterprise is a broker for GitHub alone, by a host name of its own and with
// TLS: gh takes one for an Enterprise Server.
type enterprise struct {
	*world
	host, cert string
}

// newEnterprise starts one, which ends with the test. Its double sends no interim
// answers: Python's http.client takes one for the answer.
func newEnterprise(t *testing.T) (*enterprise, error) {
	dir := t.TempDir()
	e := &enterprise{cert: filepath.Join(dir, "cert.pem")}
	key := filepath.Join(dir, "key.pem")
	writeCertificate(t, e.cert, key, 1)
	var err error
	e.world, err = newWorld(worldOptions{only: "github", plain: true, table: "hosts = [\"localhost\"]\n", extra: fmt.Sprintf("[tls]\ncert = %q\nkey = %q\n", e.cert, key)})
	if err != nil {
		return nil, err
	}
	t.Cleanup(e.close)
	e.host = strings.Replace(strings.TrimPrefix(e.URL, "https://"), "127.0.0.1", "localhost", 1)
	return e, nil
}

func (e *enterprise) runPyGithub(t *testing.T, passed *tally, name string) {
	p := e.providers["github"]
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/usr/bin/python3", "debian/pygithub.py")
	cmd.Env = []string{"HOME=" + t.TempDir(), "BASE=" + e.URL, "CERT=" + e.cert, "TOKEN=" + p.token, "READ_ONLY=" + p.readOnly, "GRANTING=" + p.granting}
	judge(t, passed, name, wants{kinds: map[int]string{0: "GithubException"}, upstream: 404}, cmd)
}

// gh is GitHub's own program, and what it is told of where GitHub is.
type gh struct {
	client   string
	env      []string // with tokenIn set to the token
	tokenIn  string
	repo     string // octo/hello, or with the host before it
	download bool
}

// runGh has gh go over the broker's socket, where it names api.github.com. A signed
// download is at another host, for which it dials the same socket: that can't work.
func (w *world) runGh(t *testing.T, passed *tally, name string) {
	config := t.TempDir()
	if err := os.WriteFile(filepath.Join(config, "config.yml"), []byte("http_unix_socket: "+w.socket+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gh{client: name, env: []string{"GH_CONFIG_DIR=" + config}, tokenIn: "GH_TOKEN", repo: "octo/hello"}.run(t, passed, w.providers["github"])
}

func (e *enterprise) runGh(t *testing.T, passed *tally, name string) {
	gh{client: name, env: []string{"GH_CONFIG_DIR=" + t.TempDir(), "GH_HOST=" + e.host, "SSL_CERT_FILE=" + e.cert}, tokenIn: "GH_ENTERPRISE_TOKEN",
		repo: e.host + "/octo/hello", download: true}.run(t, passed, e.providers["github"])
}

func (g gh) run(t *testing.T, passed *tally, p *provider) {
	file := filepath.Join(t.TempDir(), "a.bin")
	if err := os.WriteFile(file, content(), 0o600); err != nil {
		t.Fatal(err)
	}
	issue := []string{"api", "repos/octo/hello/issues", "-f", "title=a"}
	key := []string{"api", "repos/octo/hello/keys", "-f", "title=a", "-f", "key=ssh-ed25519 AAAA"}
	pages := []string{"api", "--paginate", "repos/octo/hello/issues?per_page=2", "--jq", ".[].number"}
	const five = "1\n2\n3\n4\n5\n"
	wants := wants{kinds: map[int]string{0: "gh"}, upstream: 404}
	step := func(name, token, prints string, args ...string) {
		t.Run(name, func(t *testing.T) {
			wants.check(t, g.do(t, name, token, prints, args))
			if !t.Failed() {
				passed.pass(g.client, name)
			}
		})
	}
	step(stepCall, p.token, "octo/hello\n", "api", "repos/octo/hello", "--jq", ".full_name")
	step(stepPages, p.token, five, pages...)
	step(stepUpload, p.token, "", "release", "upload", "v1", file, "-R", g.repo)
	if g.download {
		step(stepDownload, p.token, `archive; token "SIGNED"`, "api", "repos/octo/hello/zipball/main")
	}
	step(stepGraphQL, p.token, "octo\n", "api", "graphql", "-f", "query=query { viewer { login } }", "--jq", ".data.viewer.login")
	step(stepUpstream, p.token, "", "api", "repos/octo/missing")
	step(stepBadToken, p.token[:len(p.token)-1]+"_", "", "api", "user")
	step(stepReads, p.readOnly, five, pages...)
	step(stepWrites, p.readOnly, "", issue...)
	step(stepGrant, p.token, "", key...)
	step(stepGrantGood, p.granting, strings.Repeat("*", 40)+"\n", "api", "-X", "POST", "app/installations/1/access_tokens", "--jq", ".token[0:40]")
}

var ghStatus = regexp.MustCompile(`gh: (?s:(.*)) \(HTTP (\d+)\)`)

// do runs gh once. Where it does well, what it prints is to begin as said.
func (g gh) do(t *testing.T, step, token, prints string, args []string) outcome {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "gh", args...)
	cmd.Env = append([]string{"HOME=" + t.TempDir(), "GH_NO_UPDATE_NOTIFIER=1", "GH_PROMPT_DISABLED=1", "PATH=" + os.Getenv("PATH"), g.tokenIn + "=" + token}, g.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	o := outcome{Step: step}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		o.Kind, o.Message = "gh", stderr.String()
		if m := ghStatus.FindStringSubmatch(o.Message); m != nil {
			o.Message = m[1]
			o.Status, _ = strconv.Atoi(m[2])
		}
	case err != nil:
		t.Fatal(err)
	case !strings.HasPrefix(string(out), prints):
		o.Kind, o.Message = "another answer", fmt.Sprintf("%q instead of %q; %s", out, prints, stderr.Bytes())
	}
	return o
}
