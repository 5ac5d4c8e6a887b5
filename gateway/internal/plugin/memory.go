package plugin

import (
	"fmt"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"
)

// memory is the linear memory of one instance: addresses for all that a guest
// may have, of which it takes up what it has touched. In place of one in Go's
// heap it grows where it is, so that a long body leaves no outgrown copies to the
// collector, and what the guests hold does not count double in the collector's
// goal. It ends with release, and not with its module: an engine that closes ends
// calls that are still in it.
type memory struct{ room []byte }

func newMemory() (*memory, error) {
	room, err := unix.Mmap(-1, 0, memoryPages<<16, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("there is no memory for it: %w", err)
	}
	return &memory{room}, nil
}

// Allocate makes it the memory of the module that is being instantiated: a module
// has one at most.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate makes it size bytes long, which wazero has held to the limit. It
// never shrinks, so what is new is zero.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.room)) {
		return nil
	}
	return m.room[:size]
}

// Free does nothing: see release.
func (m *memory) Free() {}

// release gives the memory back. Nobody is in a call or reads its result: only
// who holds the instance closes it.
func (m *memory) release() {
	if m.room != nil {
		_ = unix.Munmap(m.room)
		m.room = nil
	}
}
