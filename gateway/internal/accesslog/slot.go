package accesslog

import (
	"sync/atomic"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

// Slot is the right to one line. Only Reserve makes one; the zero Slot is
// invalid. It is used once, by Write or by Release: whatever is done with it
// or a copy of it after that does nothing.
type Slot struct {
	r *reservation
}

type reservation struct {
	log      *Log
	used     atomic.Bool
	intended atomic.Bool
}

// Valid tells whether the slot came from Reserve and is not used yet.
func (s Slot) Valid() bool { return s.r != nil && !s.r.used.Load() }

// Write encodes the line of x and hands it to the writer. It takes no part of
// x along and does not wait for the disk. Where the log has failed since the
// slot was reserved, the line is lost: Err tells.
func (s Slot) Write(x *exchange.Exchange) {
	if s.r == nil || s.r.used.Swap(true) {
		return
	}
	s.r.log.encode(x, true)
}

func (l *Log) encode(x *exchange.Exchange, ends bool) bool {
	buffer := l.buffers.Get().(*[]byte)
	line := append(appendLine((*buffer)[:0], x), '\n')
	taken := l.hand(line, ends)
	if cap(line) <= keepBuffer {
		*buffer = line
		l.buffers.Put(buffer)
	}
	return taken
}

// Release gives the slot back unused: only where nothing happened that would
// have to be logged.
func (s Slot) Release() {
	if s.r == nil || s.r.used.Swap(true) {
		return
	}
	s.r.log.taken.Add(-1)
}
