package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

const commandLimit = 10 * time.Second

// fromCommand runs line in dir. What it prints on standard error goes to ours,
// for the operator; it is given no standard input, so one that asks a question
// ends instead of hanging.
func fromCommand(line, dir string, limit time.Duration) (secret.Bytes, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	out := &capped{max: maxMasterText}
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, os.Stderr
	// A group of its own, so that what sh started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // a grandchild that left the group may hold the pipe
	err := cmd.Run()
	defer clear(out.buf.Bytes())
	switch {
	case ctx.Err() != nil:
		return secret.Bytes{}, fmt.Errorf("the master key command did not end within %s: %s", limit, asked)
	case err != nil:
		return secret.Bytes{}, fmt.Errorf("the master key command failed (%w): %s", err, asked)
	}
	return decodeMaster(out.buf.Bytes(), "the output of the master key command")
}

const asked = "run the one in [master_key] source by hand; it must print the key and nothing else, and ask nothing"

// capped takes the output of a command, and ends it when it is no key.
type capped struct {
	buf bytes.Buffer
	max int
}

var errTooMuch = errors.New("it printed far more than a key")

func (c *capped) Write(p []byte) (int, error) {
	if c.buf.Len()+len(p) > c.max {
		return 0, errTooMuch
	}
	return c.buf.Write(p)
}
