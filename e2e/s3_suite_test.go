package e2e

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// verdict is a line of the suite: how a case ended, its name, and why it failed.
var (
	verdict  = regexp.MustCompile(`^(?:\x1b\[\d+m)?(PASS|FAIL|SKIP) *(?:\x1b\[0m)? *(\w+):? ?(.*)$`)
	caseName = regexp.MustCompile("`(\\w+_\\w+|Router\\w+)`")
)

// versitygw's own suite, straight at one server and through the broker to another:
// what passes there and not here are the cases that plugins/s3/SUITE.md explains,
// no more and no fewer. It takes minutes, and so runs by make suite alone.
func TestS3Suite(t *testing.T) {
	if os.Getenv("SEKS_SUITE") == "" {
		t.Skip("it takes minutes: make suite")
	}
	direct := runSuite(t, "http://"+startVersity(t, "us-east-1"), rootID, rootSecret)
	w := newS3(t, false, "us-east-1")
	agent := w.issue("--allow-grant")
	through := runSuite(t, w.base(), agent.ID, agent.Secret)
	w.clean(t)

	page, err := os.ReadFile("../plugins/s3/SUITE.md")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, m := range caseName.FindAllStringSubmatch(string(page), -1) {
		explained[m[1]] = true
	}
	passed := func(run map[string]string) (n int) {
		for _, why := range run {
			if why == "" {
				n++
			}
		}
		return n
	}
	t.Logf("straight at the server %d of %d cases pass, through the broker %d of %d", passed(direct), len(direct), passed(through), len(through))
	var names []string
	for name, why := range direct {
		if why == "" && through[name] != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		t.Logf("%s: %s", name, through[name])
		if !explained[name] {
			t.Errorf("%s passes straight at the server and not through the broker, and SUITE.md does not say why", name)
		}
	}
	for name := range explained {
		if !slices.Contains(names, name) {
			t.Errorf("SUITE.md explains %s, which passes, or fails at the server too (%s)", name, direct[name])
		}
	}
	if len(direct) < 600 || len(through) != len(direct) {
		t.Errorf("%d and %d cases ran", len(direct), len(through))
	}
}

// runSuite gives why each case failed, "" for one that passed.
func runSuite(t *testing.T, endpoint, id, secret string) map[string]string {
	t.Helper()
	path, err := versitygw()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, path, "test", "--access", id, "--secret", secret, "--endpoint", endpoint, "full-flow")
	c.Dir = filepath.Dir(path) // it calls itself as ./versitygw
	c.Env = append(os.Environ(), "AWS_CA_BUNDLE=")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	run := map[string]string{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		switch m := verdict.FindStringSubmatch(lines.Text()); {
		case m == nil:
		case m[1] == "PASS":
			run[m[2]] = ""
		case m[1] == "FAIL":
			run[m[2]] = strings.TrimSpace(m[3]) + " "
		}
	}
	_ = c.Wait() // its exit status is that of the cases
	return run
}
