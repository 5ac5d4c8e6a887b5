package e2e

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
)

// The README's first steps, run as they stand. Only what a test can't have is
// changed: the port is one that is free, and the API is the double.
func TestReadmeFirstUse(t *testing.T) {
	d := newDoc(t, "../README.md")
	d.env = []string{"OPENAI_API_KEY=" + d.key}
	// A person waits until serve has said that it is ready; so does the script.
	out := d.run(strings.Replace(d.blocks[0], "seks serve &\n", "seks serve & "+d.ready(), 1), "")
	for _, want := range []string{`"object":"list"`, "models.list", "my-openai"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in what the README's steps print:\n%s", want, out)
		}
	}
}

// doc is a page whose commands are run, in a folder of its own with a broker.toml.
type doc struct {
	t      *testing.T
	blocks []string // all that stand after the page's mark
	dir    string
	key    string // the double's
	double *upstream.Server
	port   string
	env    []string
}

func newDoc(t *testing.T, page string) *doc {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	mark := regexp.MustCompile("<!-- (This block is|These blocks are) run by a test[^\n]*-->\n").FindIndex(text)
	if mark == nil {
		t.Fatalf("%s has no block that is marked to be run", page)
	}
	d := &doc{t: t, dir: t.TempDir(), key: newKey(), port: freePort(t)}
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text[mark[1]:], -1) {
		d.blocks = append(d.blocks, string(m[1]))
	}
	d.double = upstream.New(upstream.Options{Key: d.key})
	api, err := d.double.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.double.Close() })
	sample, err := os.ReadFile("../broker.toml")
	if err != nil {
		t.Fatal(err)
	}
	plugins := filepath.Join(d.dir, "plugins")
	if err := os.CopyFS(plugins, os.DirFS(filepath.Join(build, "plugins"))); err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer(
		`upstream = ""`, `upstream = "`+api+`"`,
		`"127.0.0.1:8080"`, `"127.0.0.1:`+d.port+`"`,
		`"127.0.0.1:8081"`, `"127.0.0.1:0"`,
		`"build/plugins"`, `"plugins"`,
		"[providers.anthropic]", "[providers.acme]\nupstream = \""+api+"\"",
	).Replace(string(sample))
	if err := os.WriteFile(filepath.Join(d.dir, "broker.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// ready waits for the job that was begun last to serve.
func (d *doc) ready() string {
	return "until curl -sf http://127.0.0.1:" + d.port + "/healthz >/dev/null; do kill -0 $! || exit 1; sleep 0.05; done\n"
}

// run gives what a script printed. It has seks on its PATH, and its jobs end
// with it; it must not print the real key.
func (d *doc) run(script, stdin string) string {
	d.t.Helper()
	bin, err := filepath.Abs(build)
	if err != nil {
		d.t.Fatal(err)
	}
	script = "set -e\ntrap 'kill $(jobs -p)' EXIT\n" + strings.ReplaceAll(script, "127.0.0.1:8080", "127.0.0.1:"+d.port)
	c := exec.Command("bash", "-c", script)
	c.Dir = d.dir
	c.Env = append(append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")), d.env...)
	c.Stdin = strings.NewReader(stdin)
	c.WaitDelay = 30 * time.Second
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		d.t.Fatalf("%v\n%s\n%s", err, out.String(), errs.String())
	}
	if strings.Contains(out.String()+errs.String(), d.key) {
		d.t.Error("the steps print the real key")
	}
	return out.String() + errs.String()
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
