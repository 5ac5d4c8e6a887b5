package harness

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startLimit is how long a broker may take until it is ready.
const startLimit = time.Minute

// process is one run of `seks serve`.
type process struct {
	URL       string   // the first agent listener: "http://127.0.0.1:PORT"
	Listeners []string // all of them, as serve prints them
	Admin     string   // the admin listener

	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended; err says how
	err   error

	mu     sync.Mutex
	stderr bytes.Buffer
}

// Start runs `seks serve` and waits until it is ready.
func (b *Broker) Start() error {
	p := &process{cmd: exec.Command(b.seks, "--config", b.ConfigFile(), "serve"), ended: make(chan struct{})}
	// seks ends with its parent, so that a killed test leaves none behind.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	pipe, err := p.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	b.process, b.running = p, true
	ready := make(chan struct{})
	go p.watch(pipe, ready)
	select {
	case <-ready:
		return nil
	case <-p.ended:
		return fmt.Errorf("seks serve ended: %w: %s", errors.Join(p.err, errNotReady), p.Stderr())
	case <-time.After(startLimit):
		return errors.Join(fmt.Errorf("%w after %s: %s", errNotReady, startLimit, p.Stderr()), b.Kill())
	}
}

var errNotReady = errors.New("seks serve is not ready")

// watch takes the addresses from what serve prints.
func (p *process) watch(pipe io.Reader, ready chan struct{}) {
	lines := bufio.NewReader(pipe)
	for {
		line, err := lines.ReadString('\n')
		p.mu.Lock()
		p.stderr.WriteString(line)
		p.mu.Unlock()
		line = strings.TrimSuffix(line, "\n")
		if at, ok := strings.CutPrefix(line, "seks: listening on "); ok {
			p.Listeners = append(p.Listeners, at)
			p.URL = p.Listeners[0]
		}
		if at, ok := strings.CutPrefix(line, "seks: admin on "); ok {
			p.Admin = at
		}
		if strings.HasPrefix(line, "seks: ready") {
			close(ready)
		}
		if err != nil {
			break
		}
	}
	p.err = p.cmd.Wait()
	close(p.ended)
}

// Stderr is what serve has printed so far.
func (p *process) Stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// PID is the process id.
func (p *process) PID() int { return p.cmd.Process.Pid }

// Signal sends a signal and does not wait.
func (p *process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Ended is closed when the process has ended.
func (p *process) Ended() <-chan struct{} { return p.ended }

// Wait waits for the end; nil is exit status 0.
func (p *process) Wait() error {
	<-p.ended
	return p.err
}

// Running says whether serve was started, and not stopped since.
func (b *Broker) Running() bool { return b.running }

// Stop ends the broker as an operator would, and waits for it.
func (b *Broker) Stop() error {
	if !b.running {
		return nil
	}
	b.running = false
	_ = b.Signal(syscall.SIGTERM) // it may have ended already
	return b.Wait()
}

// Kill ends the broker as a power cut would.
func (b *Broker) Kill() error {
	if !b.running {
		return nil
	}
	b.running = false
	err := b.Signal(syscall.SIGKILL)
	<-b.Ended()
	return err
}
