package peers

import (
	"fmt"
	"math"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// StayAwake never returns, and uses the CPU only when nobody else wants it: a
// CPU that has gone to sleep takes long to wake (on a virtual machine, 50 µs and
// more), and a benchmark would time that. Divisions that wait for one another
// leave nearly all of the core to a sibling thread. On a busy machine it does
// harm: a session's share of a CPU is used up by it too.
func StayAwake() error {
	runtime.LockOSThread()
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return fmt.Errorf("run at idle priority: %w", err)
	}
	fmt.Println("awake")
	for x := uint64(math.MaxUint64); ; {
		x = math.MaxUint64 / (x | 1)
	}
}

// awake starts one StayAwake on each CPU.
func (s *setup) awake() (children []*Child, err error) {
	for _, cpus := range []unix.CPUSet{s.cores.Gateway, s.cores.Load} {
		for cpu := range len(cpus) * 64 {
			if !cpus.IsSet(cpu) {
				continue
			}
			var one unix.CPUSet
			one.Set(cpu)
			c, err := start(one, exec.Command(s.own, "awake"), func(line string) bool { return line == "awake" })
			if err != nil {
				return children, err
			}
			children = append(children, c)
		}
		if s.cores.Shared {
			break // both are the same CPU
		}
	}
	return children, nil
}
