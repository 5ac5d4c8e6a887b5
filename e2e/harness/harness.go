// Package harness runs the real build/seks for a test or a demonstration: in a
// folder of its own, with its own store, on ports of the system's choice.
package harness

import (
	"bufio"
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
	"sync"
	"syscall"
	"time"
)

// Broker is a folder with a broker.toml, and the seks that runs in it.
type Broker struct {
	Dir   string // holds broker.toml and data/
	URL   string // the agent listener, once it runs
	Admin string // the admin listener

	seks string
	cmd  *exec.Cmd
	done chan error

	mu     sync.Mutex
	stderr bytes.Buffer
}

// Options say how the broker is set up.
type Options struct {
	Dir      string // an empty folder
	Upstream string // what [providers.openai] sends to
	Extra    string // more of broker.toml, after its plain keys
}

// New sets up a folder: broker.toml, the master key and the store. build is the
// folder with seks and plugins/.
func New(build string, o Options) (*Broker, error) {
	build, err := filepath.Abs(build)
	if err != nil {
		return nil, err
	}
	b := &Broker{Dir: o.Dir, seks: filepath.Join(build, "seks")}
	if _, err := os.Stat(b.seks); err != nil {
		return nil, fmt.Errorf("%w: run `make build` first", err)
	}
	toml := fmt.Sprintf("listen = \"127.0.0.1:0\"\nplugins_dir = %q\n%s\n[admin]\nlisten = \"127.0.0.1:0\"\n[providers.openai]\nupstream = %q\n",
		filepath.Join(build, "plugins"), o.Extra, o.Upstream)
	if err := os.WriteFile(b.ConfigFile(), []byte(toml), 0o600); err != nil {
		return nil, err
	}
	return b, b.Must("", "init")
}

// ConfigFile is the path of broker.toml.
func (b *Broker) ConfigFile() string { return filepath.Join(b.Dir, "broker.toml") }

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
		return "", "", fmt.Errorf("token issue: exit %d: %s%s", r.Status, r.Out, r.Err)
	}
	return t.ID, t.Token, nil
}

// Start runs `seks serve` and waits until it is ready.
func (b *Broker) Start() error {
	b.cmd = exec.Command(b.seks, "--config", b.ConfigFile(), "serve")
	// seks ends with its parent, so that a killed test leaves none behind.
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	pipe, err := b.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := b.cmd.Start(); err != nil {
		return err
	}
	ready := make(chan struct{})
	b.done = make(chan error, 1)
	go b.watch(pipe, ready)
	select {
	case <-ready:
		return nil
	case err := <-b.done:
		b.done <- err
		return fmt.Errorf("seks serve ended: %w: %s", err, b.Stderr())
	case <-time.After(time.Minute):
		return fmt.Errorf("seks serve is not ready after a minute: %s", b.Stderr())
	}
}

// watch takes the addresses from what serve prints.
func (b *Broker) watch(pipe io.Reader, ready chan struct{}) {
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		line := lines.Text()
		b.mu.Lock()
		b.stderr.WriteString(line + "\n")
		b.mu.Unlock()
		if at, ok := strings.CutPrefix(line, "seks: listening on "); ok && b.URL == "" {
			b.URL = at
		}
		if at, ok := strings.CutPrefix(line, "seks: admin on "); ok {
			b.Admin = at
		}
		if strings.HasPrefix(line, "seks: ready") {
			close(ready)
		}
	}
	b.done <- b.cmd.Wait()
}

// Stderr is what serve has printed so far.
func (b *Broker) Stderr() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stderr.String()
}

// PID is the process id of the running broker.
func (b *Broker) PID() int { return b.cmd.Process.Pid }

// Stop ends the broker as an operator would, and waits for it.
func (b *Broker) Stop() error {
	if b.cmd == nil {
		return nil
	}
	_ = b.cmd.Process.Signal(syscall.SIGTERM)
	err := <-b.done
	b.cmd = nil
	b.URL = ""
	return err
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
