package peers

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Cores says which CPUs run what: a gateway has one for itself, the load and
// the upstream have the others.
type Cores struct {
	Gateway unix.CPUSet
	Load    unix.CPUSet
	Shared  bool // there is one CPU only: figures then say little
}

// Split divides the CPUs that this process may use.
func Split() (Cores, error) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return Cores{}, fmt.Errorf("which CPUs there are: %w", err)
	}
	return split(all), nil
}

func split(all unix.CPUSet) Cores {
	c := Cores{Load: all, Shared: all.Count() < 2}
	for cpu := 0; ; cpu++ {
		if all.IsSet(cpu) {
			c.Gateway.Set(cpu)
			if !c.Shared {
				c.Load.Clear(cpu)
			}
			return c
		}
	}
}

// Pin binds this process, its threads of now and later ones, to cpus.
func Pin(cpus unix.CPUSet) error {
	// A thread inherits its CPUs from the one that starts it. One may be started
	// by a thread that is not bound yet, so a second look follows the first.
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil {
				return err
			}
			if err := unix.SchedSetaffinity(id, &cpus); err != nil && err != unix.ESRCH {
				return fmt.Errorf("bind to a CPU: %w", err)
			}
		}
	}
	return nil
}

// on runs f on a thread that is bound to cpus: a process that f starts is, too.
func on(cpus unix.CPUSet, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := unix.SchedSetaffinity(0, &cpus); err != nil {
		return fmt.Errorf("bind to a CPU: %w", err)
	}
	err := f()
	if back := unix.SchedSetaffinity(0, &before); err == nil {
		err = back
	}
	return err
}
