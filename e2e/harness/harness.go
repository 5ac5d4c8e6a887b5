// Package harness runs the real build/seks for a test or a demonstration: in a
// folder of its own, with its own store, on ports of the system's choice.
package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Broker is a folder with a broker.toml, and the seks that runs in it.
type Broker struct {
	Dir      string // holds broker.toml and data/
	*process        // the run of now, or the last one
	running  bool
	seks     string
	plugins  string
}

// Options say how the broker is set up.
type Options struct {
	Dir       string   // an empty folder
	From      string   // the data folder of a broker that has ended: this one begins as a copy of it
	Upstream  string   // what [providers.openai] and [providers.anthropic] send to
	Providers string   // the tables of providers, where they are others than these two
	Plugins   string   // plugins_dir; that of the build
	Listen    []string // the agent listeners; one on loopback
	Extra     string   // more of broker.toml: plain keys first, then tables
}

// New sets up a folder: broker.toml, the master key and the store. build is the
// folder with seks and plugins/.
func New(build string, o Options) (*Broker, error) {
	build, err := filepath.Abs(build)
	if err != nil {
		return nil, err
	}
	b := &Broker{Dir: o.Dir, seks: filepath.Join(build, "seks"), plugins: filepath.Join(build, "plugins")}
	if _, err := os.Stat(b.seks); err != nil {
		return nil, fmt.Errorf("%w: run `make build` first", err)
	}
	if err := b.Configure(o); err != nil {
		return nil, err
	}
	if o.From != "" {
		if out, err := exec.Command("cp", "-a", o.From, b.DataDir()).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("copy %s: %w: %s", o.From, err, out)
		}
	}
	return b, b.Must("", "init")
}

// Configure writes broker.toml anew; a running broker goes on with the old one.
func (b *Broker) Configure(o Options) error {
	if o.Plugins == "" {
		o.Plugins = b.plugins
	}
	if o.Listen == nil {
		o.Listen = []string{"127.0.0.1:0"}
	}
	listen, err := json.Marshal(o.Listen) // a list of texts is the same in TOML
	if err != nil {
		return err
	}
	if o.Providers == "" {
		o.Providers = fmt.Sprintf("[providers.openai]\nupstream = %q\n[providers.anthropic]\nupstream = %[1]q\n", o.Upstream)
	}
	toml := fmt.Sprintf("listen = %s\nplugins_dir = %q\n%s\n[admin]\nlisten = \"127.0.0.1:0\"\n%s", listen, o.Plugins, o.Extra, o.Providers)
	return os.WriteFile(b.ConfigFile(), []byte(toml), 0o600)
}

// ConfigFile is the path of broker.toml.
func (b *Broker) ConfigFile() string { return filepath.Join(b.Dir, "broker.toml") }

// DataDir is the path of data/.
func (b *Broker) DataDir() string { return filepath.Join(b.Dir, "data") }

// Result is what a command printed, and its exit status.
type Result struct {
	Out, Err string
	Status   int
}

// Run runs one command to its end.
func (b *Broker) Run(stdin string, args ...string) (Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, b.seks, append([]string{"--config", b.ConfigFile()}, args...)...)
	c.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Result{}, err
	}
	return Result{out.String(), errs.String(), c.ProcessState.ExitCode()}, nil
}

// Must runs a command that has to succeed.
func (b *Broker) Must(stdin string, args ...string) error {
	r, err := b.Run(stdin, args...)
	if err == nil && r.Status != 0 {
		err = fmt.Errorf("seks %s: exit %d: %s", strings.Join(args, " "), r.Status, r.Err)
	}
	return err
}

// Issue makes a token, with more flags as given.
func (b *Broker) Issue(agent, credential string, flags ...string) (id, token string, err error) {
	args := append([]string{"token", "issue", "--json", "--agent", agent, "--credential", credential}, flags...)
	r, err := b.Run("", args...)
	if err != nil {
		return "", "", err
	}
	var t struct{ ID, Token string }
	if r.Status != 0 || json.Unmarshal([]byte(r.Out), &t) != nil {
		return "", "", fmt.Errorf("token issue: exit %d: %s", r.Status, r.Err)
	}
	return t.ID, t.Token, nil
}

// Log is the access log, one decoded line each.
func (b *Broker) Log(flags ...string) ([]map[string]any, error) {
	r, err := b.Run("", append([]string{"log", "--json"}, flags...)...)
	if err != nil {
		return nil, err
	}
	if r.Status != 0 {
		return nil, fmt.Errorf("log: exit %d: %s", r.Status, r.Err)
	}
	var lines []map[string]any
	for d := json.NewDecoder(strings.NewReader(r.Out)); ; {
		var line map[string]any
		if err := d.Decode(&line); errors.Is(err, io.EOF) {
			return lines, nil
		} else if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
}
