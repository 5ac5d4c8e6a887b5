package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
)

// installNode runs npm ci where the clients aren't there, or are others than
// package-lock.json has.
func installNode(t *testing.T) (node string) {
	t.Helper()
	return installNodeIn(t, "node")
}

// installNodeIn installs what the lock file in a folder pins.
func installNodeIn(t *testing.T, dir string) (node string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("the clients from npm are not tested: node is not on the PATH")
	}
	if out, err := exec.Command(node, "-p", "parseInt(process.versions.node) >= 20").Output(); err != nil || string(out) != "true\n" {
		t.Skip("the clients from npm are not tested: they need node 20 or later")
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("the clients from npm are not tested: npm is not on the PATH")
	}
	want, err := os.Stat(dir + "/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.Stat(dir + "/node_modules/.package-lock.json"); err == nil && !have.ModTime().Before(want.ModTime()) {
		return node
	}
	c := exec.Command(npm, "ci", "--no-audit", "--no-fund")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return node
}

// said is a line of node/run.mjs.
type said struct {
	Step, Text, Filename         string
	Events, Size, Status, Models int
	Same                         bool
	Name, Kind, Message, Code    string
	Retry, Broker                string
}

// script is node/run.mjs as it runs.
type script struct {
	t      *testing.T
	lines  *bufio.Scanner
	stdin  io.WriteCloser
	stderr *strings.Builder
}

func (s *script) hear(step string) said {
	s.t.Helper()
	var l said
	if !s.lines.Scan() {
		s.t.Fatalf("the script ended before %q: %v\n%s", step, s.lines.Err(), s.stderr)
	}
	if err := json.Unmarshal(s.lines.Bytes(), &l); err != nil || l.Step != step {
		s.t.Fatalf("the script says %s (%v) instead of %q", s.lines.Bytes(), err, step)
	}
	return l
}

func (s *script) say(line string) {
	s.t.Helper()
	if _, err := io.WriteString(s.stdin, line+"\n"); err != nil {
		s.t.Fatal(err)
	}
}

// npm's clients, unmodified but for their base URL and their key.
func TestNodeClients(t *testing.T) {
	node := installNode(t)
	gate := make(chan struct{})
	overBoth(t, upstream.Options{Gate: gate}, func(t *testing.T, f *front) {
		for client, provider := range map[string]string{"openai": "openai", "@anthropic-ai/sdk 1.x": "anthropic", "@anthropic-ai/sdk 0.x": "anthropic"} {
			t.Run(client, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				token := map[string]string{"openai": f.token, "anthropic": f.anthropic}[provider]
				c := exec.CommandContext(ctx, node, "node/run.mjs")
				c.Env = []string{"HOME=" + t.TempDir(), "CLIENT=" + client, "BASE=" + f.base, "TOKEN=" + token,
					"NARROW=" + f.narrow[provider], "NODE_EXTRA_CA_CERTS=" + f.cert}
				s := &script{t: t, stderr: &strings.Builder{}}
				c.Stderr = s.stderr
				stdout, err := c.StdoutPipe()
				if err == nil {
					s.stdin, err = c.StdinPipe()
				}
				if err == nil {
					err = c.Start()
				}
				if err != nil {
					t.Fatal(err)
				}
				defer c.Wait()
				defer c.Process.Kill()
				s.lines = bufio.NewScanner(stdout)
				f.drive(t, s, gate)
				if seen := f.lastSeen(); strings.Contains(string(seen.Head), token) {
					t.Errorf("the API saw the token: %s", seen.Head)
				}
			})
		}
	})
}

func (f *front) drive(t *testing.T, s *script, gate chan struct{}) {
	if l := s.hear("create"); l.Text != reply {
		t.Errorf("create: %+v", l)
	}
	before := f.double.Events()
	s.hear("first event")
	// The double counts an event once it is written, so it may be read before.
	if sent := f.double.Events() - before; sent > 1 {
		t.Errorf("the API had sent %d events when the first arrived, so they do not arrive one by one", sent)
	}
	s.say("go on")
	release := openGate(gate)
	defer release()
	if l := s.hear("stream"); l.Text != reply || l.Events < 5 {
		t.Errorf("stream: %+v", l)
	}
	release()
	if l := s.hear("upload"); l.Filename != "big.bin" || l.Size != 3_000_000 || !l.Same {
		t.Errorf("another file arrived: %+v", l)
	}
	f.abort(t, s)
	f.nodeErrors(t, s)
}

// openGate lets everything through the gate until it is closed again.
func openGate(gate chan<- struct{}) (closed func()) {
	end := make(chan struct{})
	go func() {
		for {
			select {
			case gate <- struct{}{}:
			case <-end:
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(end) })
}

// An agent that aborts its stream frees the connection to the API within a
// second. A machine may be busy for a second, too, but not three times.
func (f *front) abort(t *testing.T, s *script) {
	const limit, tries = time.Second, 3
	for try := 1; ; try++ {
		s.hear("streaming")
		eventually(t, "the API waits with an open stream", func() bool { return f.double.Waiting() == 1 })
		begun := time.Now()
		s.say("abort")
		s.hear("aborted")
		eventually(t, "the API sees its connection closed", func() bool { return f.double.Waiting() == 0 })
		took := time.Since(begun)
		if took < limit {
			t.Logf("an aborted stream was closed at the API after %s", took.Round(time.Millisecond))
			s.say("enough")
			return
		}
		if try == tries {
			t.Fatalf("an aborted stream was closed at the API after %s", took)
		}
		s.say("again")
	}
}

func (f *front) nodeErrors(t *testing.T, s *script) {
	for _, want := range []said{
		{Name: "bad token", Kind: "AuthenticationError", Status: 401, Code: "token_invalid", Broker: "token_invalid"},
		{Name: "denied", Kind: "PermissionDeniedError", Status: 403, Code: "policy_denied", Broker: "policy_denied"},
		{Name: "upstream 429", Kind: "RateLimitError", Status: 429, Retry: "2"},
		{Name: "upstream 500", Kind: "InternalServerError", Status: 500},
	} {
		got := s.hear("error")
		if got.Name != want.Name || got.Kind != want.Kind || got.Status != want.Status || got.Retry != want.Retry || got.Broker != want.Broker ||
			want.Code != "" && got.Code != want.Code || got.Message == "" {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if l := s.hear("allowed"); l.Models == 0 {
		t.Errorf("what its rules allow: %+v", l)
	}
	s.hear("end")
}
