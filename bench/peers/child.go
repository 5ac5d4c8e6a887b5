package peers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// startLimit is how long a child may take until it is ready.
const startLimit = 30 * time.Second

// Child is a process of ours. It ends with us, however we end.
type Child struct {
	cmd   *exec.Cmd
	ended chan struct{}

	mu   sync.Mutex
	said strings.Builder
}

// start runs cmd on cpus, with one thread for Go code. Each line that it prints
// goes to line, until that says that the child is ready; nil is for a child
// whose readiness is seen otherwise.
func start(cpus unix.CPUSet, cmd *exec.Cmd, line func(string) (ready bool)) (*Child, error) {
	c := &Child{cmd: cmd, ended: make(chan struct{})}
	cmd.Env = append(cmd.Env, "GOMAXPROCS=1", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := on(cpus, cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	ready := make(chan struct{})
	if line == nil {
		close(ready)
	}
	go c.listen(r, line, ready)
	go func() {
		_ = cmd.Wait() // how it ended is in what it said
		_ = w.Close()
		close(c.ended)
	}()
	select {
	case <-ready:
		return c, nil
	case <-c.ended:
		return nil, fmt.Errorf("%s ended: %s", cmd.Path, c.Said())
	case <-time.After(startLimit):
		c.Stop()
		return nil, fmt.Errorf("%s is not ready after %s: %s", cmd.Path, startLimit, c.Said())
	}
}

func (c *Child) listen(r io.Reader, line func(string) bool, ready chan<- struct{}) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		c.mu.Lock()
		if c.said.Len() < 64<<10 {
			c.said.WriteString(lines.Text() + "\n")
		}
		c.mu.Unlock()
		if line != nil && line(lines.Text()) {
			close(ready)
			line = nil
		}
	}
}

// Said is what it has printed.
func (c *Child) Said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said.String()
}

// PID is its process id.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Stop ends it and waits until it has ended.
func (c *Child) Stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-c.ended:
	case <-time.After(5 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// Ended says whether it has ended, and is an error if so.
func (c *Child) Ended() error {
	select {
	case <-c.ended:
		return errors.New(c.cmd.Path + " has ended: " + c.Said())
	default:
		return nil
	}
}
