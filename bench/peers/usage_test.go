package peers

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestParseStat(t *testing.T) {
	const fields = " S 1 2 3 4 5 6 7 8 9 10 150 25 13 14 20 0"
	for _, name := range []string{"seks", "a b", "x) S 1 (y"} {
		got, err := parseStat([]byte("42 (" + name + ")" + fields))
		if err != nil || got != 1750*time.Millisecond {
			t.Errorf("%q: %v, %v", name, got, err)
		}
	}
	for _, bad := range []string{"", "42 (x) S 1 2", "42 (x) S 1 2 3 4 5 6 7 8 9 10 a b c d", "no name at all"} {
		if _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestParseStatus(t *testing.T) {
	const text = "Name:\tseks\nVmPeak:\t  999 kB\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n"
	for key, want := range map[string]int64{"VmHWM": 2 << 20, "VmRSS": 1 << 20} {
		if got, err := parseStatus([]byte(text), key); err != nil || got != want {
			t.Errorf("%s: %d, %v", key, got, err)
		}
	}
	if _, err := parseStatus([]byte(text), "VmSwap"); err == nil {
		t.Error("a line that isn't there was read")
	}
}

func TestOwnUsage(t *testing.T) {
	if _, err := CPU(os.Getpid()); err != nil {
		t.Error(err)
	}
	now, peak, err := Memory(os.Getpid())
	if err != nil || now <= 0 || peak < now {
		t.Errorf("%d now, %d at most, %v", now, peak, err)
	}
}

func TestSplit(t *testing.T) {
	set := func(cpus ...int) (s unix.CPUSet) {
		for _, c := range cpus {
			s.Set(c)
		}
		return s
	}
	for _, c := range []struct {
		all, gateway, load unix.CPUSet
		shared             bool
	}{
		{set(0, 1), set(0), set(1), false},
		{set(2, 5, 7), set(2), set(5, 7), false},
		{set(3), set(3), set(3), true},
	} {
		got := split(c.all)
		if got.Gateway != c.gateway || got.Load != c.load || got.Shared != c.shared {
			t.Errorf("%v: %+v", c.all, got)
		}
	}
}

// A child is bound to its CPU, says when it is ready, and ends when told to.
func TestChild(t *testing.T) {
	cores, err := Split()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	c, err := start(cores.Gateway, exec.Command("/bin/sh", "-c", "echo one; echo ready; exec sleep 60"), func(line string) bool {
		lines = append(lines, line)
		return line == "ready"
	})
	if err != nil {
		t.Fatal(err)
	}
	var bound unix.CPUSet
	if err := unix.SchedGetaffinity(c.PID(), &bound); err != nil || bound != cores.Gateway {
		t.Errorf("bound to %v, want %v: %v", bound, cores.Gateway, err)
	}
	if err := c.Ended(); err != nil {
		t.Error(err)
	}
	c.Stop()
	if c.Ended() == nil {
		t.Error("it has not ended")
	}
	if len(lines) != 2 || !strings.Contains(c.Said(), "one\n") {
		t.Errorf("lines %q, said %q", lines, c.Said())
	}
	if _, err := start(cores.Gateway, exec.Command("/bin/sh", "-c", "echo broken; exit 3"), func(string) bool { return false }); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("a child that ended counts as started: %v", err)
	}
}
