// Package peers runs the gateways that a benchmark compares, and the upstream
// behind them: each a process of its own, a gateway alone on its CPU.
package peers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seksbot/seks-broker/bench/fastupstream"
)

// Subject is the name of the target that a benchmark is about.
const Subject = "seks"

// Direct is the name of the target that is no gateway.
const Direct = "direct"

// Target is where a request can be sent.
type Target struct {
	Name    string
	Address string // host:port
	Prefix  string // before the API's own paths
	Bearer  string // what the Authorization header has
	S3      Pair   // what signs for S3
	Child   *Child // the gateway; nil for the upstream itself
}

// Pair is an access key of S3, and where S3's own paths begin.
type Pair struct{ ID, Secret, Prefix string }

// Request is the head of a request to the target, as an SDK might send it, with
// its body's length, and the body if there is one.
func (t *Target) Request(method, path string, length int64, body string) []byte {
	head := fmt.Sprintf("%s %s%s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\nUser-Agent: OpenAI/JS 7.57.0\r\nAuthorization: Bearer %s\r\n",
		method, t.Prefix, path, t.Address, t.Bearer)
	if method != "GET" {
		head += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", length)
	}
	return []byte(head + "\r\n" + body)
}

// Setup is a running upstream with the gateways in front of it.
type Setup struct {
	Cores    Cores
	Upstream *Child
	Targets  []*Target // the subject comes last
	Absent   []string  // targets that aren't installed here
	others   []*Child
	dir      string
}

// setup is what each target is made from.
type setup struct {
	cores           Cores
	upstream        string // host:port
	key             string // the credential
	token           string // what agents of other gateways have
	absent          []string
	targets         []*Target
	dir, build, own string
}

// Start starts everything in a folder of its own. build holds seks and its
// plugins, and the folder of own the other programs. own is this program, which
// is the upstream when its argument is "upstream", and calls StayAwake when it is
// "awake": one of those for each CPU, if they are to stay so.
func Start(cores Cores, build, own string, awake bool) (*Setup, error) {
	dir, err := os.MkdirTemp("", "seks-bench-")
	if err != nil {
		return nil, err
	}
	s := &setup{
		cores: cores, dir: dir, build: build, own: own,
		key: "sk-bench-" + strings.Repeat("Z9x", 13), token: "seks_openai_" + strings.Repeat("a1B", 17),
	}
	all := &Setup{Cores: cores, dir: dir}
	all.Upstream, err = start(cores.Load, s.command(own, "upstream"), func(line string) bool { return listening(line, &s.upstream) })
	if err == nil {
		err = s.gateways()
	}
	if err == nil && awake {
		all.others, err = s.awake()
	}
	all.Targets, all.Absent = s.targets, s.absent
	if err != nil {
		all.Stop()
		return nil, err
	}
	for _, t := range all.Targets {
		if t.S3.ID == "" { // those that sign nothing anew, and the upstream
			t.S3 = Pair{ID: fastupstream.KeyID, Secret: s.key}
		}
	}
	return all, nil
}

func (s *setup) gateways() error {
	s.targets = append(s.targets, &Target{Name: Direct, Address: s.upstream, Bearer: s.key})
	for _, g := range []struct {
		name string
		make func(dir string) (*Target, error)
	}{
		{"bare", s.bare},
		{"nginx", s.nginx},
		{Subject, func(dir string) (*Target, error) { return s.broker(dir, s.build) }},
	} {
		dir := filepath.Join(s.dir, g.name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		t, err := g.make(dir)
		if errors.Is(err, ErrAbsent) {
			s.absent = append(s.absent, g.name)
			continue
		}
		if t != nil && t.Child != nil {
			s.targets = append(s.targets, t) // to be stopped, at least
		}
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
	}
	return nil
}

func (s *setup) bare(string) (*Target, error) {
	t := &Target{Name: "bare", Bearer: s.token}
	var err error
	t.Child, err = start(s.cores.Gateway, s.command(filepath.Join(filepath.Dir(s.own), "bare"), s.upstream), func(line string) bool { return listening(line, &t.Address) })
	return t, err
}

// command is a program that takes the credential from its environment.
func (s *setup) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = []string{"BENCH_KEY=" + s.key}
	return c
}

func listening(line string, address *string) bool {
	at, ok := strings.CutPrefix(line, "listening on ")
	*address = at
	return ok
}

// Stop ends all that Start started, and removes its folder.
func (s *Setup) Stop() {
	for _, t := range s.Targets {
		if t.Child != nil {
			t.Child.Stop()
		}
	}
	if s.Upstream != nil {
		s.Upstream.Stop()
	}
	for _, c := range s.others {
		c.Stop()
	}
	_ = os.RemoveAll(s.dir)
}
