package accesslog

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

// The child of TestKilledInTheMiddleOfLoad, by these variables: it writes until
// it is killed and says each line that it was promised.
const (
	childDir  = "SEKS_TEST_LOG_CHILD"
	childSync = "SEKS_TEST_LOG_SYNC"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir, os.Getenv(childSync) != "", os.Args[len(os.Args)-1])
	}
	os.Exit(m.Run())
}

// child prints an id once the log has promised its line: after Intend in a sync
// log, after Flush in a batch log.
func child(dir string, durable bool, round string) {
	l, err := Open(Config{Dir: dir, Sync: durable, Signer: newSigner(1), SegmentBytes: 20_000, Interval: time.Millisecond})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var print sync.Mutex
	for agent := range 4 {
		go func() {
			for i := 0; ; i++ {
				x := &exchange.Exchange{ID: fmt.Sprintf("%s-%d-%d", round, agent, i), UserAgent: strings.Repeat("u", i%300)}
				s, err := l.Reserve()
				if err == nil {
					err = s.Intend(x)
				}
				if err == nil && !durable {
					s.Write(x)
					err = l.Flush()
				}
				print.Lock()
				if err != nil {
					fmt.Println("error", err)
				}
				fmt.Println(x.ID)
				print.Unlock()
				s.Write(x)
				if i%7 == agent {
					_, _ = l.Checkpoint()
				}
			}
		}()
	}
	select {}
}

func TestKilledInTheMiddleOfLoad(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	for _, mode := range []string{"batch", "sync"} {
		t.Run(mode, func(t *testing.T) {
			dir := t.TempDir()
			var promised []string
			var held []Checkpoint
			for round := range 20 {
				env := append(os.Environ(), childDir+"="+dir)
				if mode == "sync" {
					env = append(env, childSync+"=1")
				}
				got := runAndKill(t, exec.Command(self, fmt.Sprint(round)), env, 1+round*13%97)
				promised = append(promised, got...)
				checkAfterKill(t, dir, promised, held)
				l := open(t, Config{Dir: dir, Signer: newSigner(1)})
				for _, d := range l.Found() {
					if !d.Torn {
						t.Errorf("round %d: %v", round, d)
					}
				}
				c, err := l.Checkpoint()
				if err != nil {
					t.Fatal(err)
				}
				held = append(held, c)
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				checkAfterKill(t, dir, promised, held)
			}
			if segments, _ := listSegments(dir); len(segments) < 3 {
				t.Errorf("only %d segments: the load was too small", len(segments))
			}
		})
	}
}

// runAndKill kills the child once it has printed n lines, and gives all that it
// printed until then.
func runAndKill(t *testing.T, c *exec.Cmd, env []string, n int) (lines []string) {
	t.Helper()
	c.Env = env
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF {
			break // a line cut by the kill was not said
		}
		if err != nil {
			t.Fatal(err)
		}
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "error") {
			t.Error(line)
		}
		if lines = append(lines, line); len(lines) == n {
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait() // killed
	if len(lines) < n {
		t.Fatalf("the child ended after %d lines of %d", len(lines), n)
	}
	return lines
}

func checkAfterKill(t *testing.T, dir string, promised []string, held []Checkpoint) {
	t.Helper()
	r := verifyLog(t, dir, held...)
	if !r.Whole() {
		t.Fatalf("found %s", found(r))
	}
	ids, damage := readIDsOf(t, dir, Filter{})
	for _, d := range damage {
		if !d.Torn {
			t.Error(d)
		}
	}
	slices.Sort(ids)
	for _, id := range promised {
		if _, ok := slices.BinarySearch(ids, id); !ok {
			t.Fatalf("%s was promised and is not there", id)
		}
	}
}
