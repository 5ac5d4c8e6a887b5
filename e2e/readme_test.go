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
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)<!-- This block is run by a test[^\n]*-->\n```sh\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("README.md has no block that is marked to be run")
	}
	key := newKey()
	double := upstream.New(upstream.Options{Key: key})
	api, err := double.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer double.Close()

	dir := t.TempDir()
	bin, err := filepath.Abs(build)
	if err != nil {
		t.Fatal(err)
	}
	sample, err := os.ReadFile("../broker.toml")
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	config := strings.NewReplacer(
		`upstream = ""`, `upstream = "`+api+`"`,
		`"127.0.0.1:8080"`, `"127.0.0.1:`+port+`"`,
		`"127.0.0.1:8081"`, `"127.0.0.1:0"`,
		`"build/plugins"`, `"`+filepath.Join(bin, "plugins")+`"`,
	).Replace(string(sample))
	if err := os.WriteFile(filepath.Join(dir, "broker.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	// A person waits until serve has said that it is ready; so does the script.
	script := strings.ReplaceAll(string(block[1]), "127.0.0.1:8080", "127.0.0.1:"+port)
	script = strings.Replace(script, "seks serve &\n", "seks serve & until curl -sf http://127.0.0.1:"+port+"/healthz >/dev/null; do kill -0 $! || exit 1; sleep 0.05; done\n", 1)
	script = "set -e\ntrap 'kill $(jobs -p)' EXIT\n" + script

	c := exec.Command("bash", "-c", script)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "OPENAI_API_KEY="+key)
	c.WaitDelay = 30 * time.Second
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), errs.String())
	}
	for _, want := range []string{`"object":"list"`, "models.list", "my-openai"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in what the README's steps print:\n%s\n%s", want, out.String(), errs.String())
		}
	}
	if strings.Contains(out.String()+errs.String(), key) {
		t.Error("the README's steps print the real key")
	}
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
