// Package accesslog keeps one line for every exchange: JSON Lines in zstd
// frames, which `zstd -dc DIR/*.zst | jq` reads.
//
// # Reserve before, write after
//
// A caller takes a Slot before it does anything worth logging and fills it when
// the exchange has ended. A log that can't take a line hands out no slot, so
// nothing happens that would not be logged. The first I/O error fails the log
// for good: from then on it denies.
//
// # Files
//
// Segments are named 00000001.jsonl.zst, 00000002.jsonl.zst and so on. Each
// group commit appends whole zstd frames of whole lines (one, unless it is
// larger than a frame may be) and syncs the file. A file is only appended to. One
// that ends in a frame cut by a crash stays as it is, and a new segment begins.
//
// # Lines
//
// A line is one JSON object with every key always there, in this order: time,
// id, tenant, agent, token_id, provider, credential, credential_version,
// operation, method, path, query_keys, status, error, decision, reason,
// client_ip, user_agent, bytes_in, bytes_out, upstream_host, upstream_ms,
// total_ms, scrubbed, hash. It holds no character that a terminal would act on.
//
// # Chain
//
// The last member of line n is ,"hash":"H(n)" where
//
//	H(n) = lower-case hex of SHA-256( H(n-1) ‖ B(n) )
//
// H(n-1) is the 64 hex digits of the line before, in the same segment or an
// earlier one, and 64 times "0" for the first line of a log. B(n) is the line's
// bytes without the line feed and without the hash member: its last 75 bytes
// (,"hash":"…64 digits…"}) are replaced by one "}". The chain goes on over
// segments and restarts: Open takes it up from the last line that can be read.
package accesslog

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

const (
	defaultSegmentBytes = 64 << 20
	defaultInterval     = 100 * time.Millisecond
	defaultCapacity     = 65536

	maxUnwritten = 64 << 20 // bytes of lines waiting for the disk; above, no slot is given
	hurryBytes   = 1 << 20  // bytes of lines that don't wait for the interval
)

var (
	errFull   = errors.New("access log: as many lines are under way as it holds: the disk it is on is too slow for so many requests at once")
	errClosed = errors.New("access log: closed")
)

// Config says where the log is and how it commits. Zero fields other than Dir
// take their defaults.
type Config struct {
	Dir          string        // made with mode 0700 where it isn't there
	SegmentBytes int64         // uncompressed bytes after which a new segment begins; 64 MiB
	Interval     time.Duration // the longest that a line waits for its group commit; 100 ms
	Capacity     int           // lines reserved, or written but not yet on disk; 65536
}

// Log is an open access log. Its methods may be called from any goroutine. One
// directory has one Log at a time (the store's lock sees to that).
type Log struct {
	interval time.Duration
	capacity int64
	found    []Damage

	taken     atomic.Int64 // lines reserved, or written but not yet on disk
	unwritten atomic.Int64 // bytes of lines not yet on disk
	failed    atomic.Pointer[error]
	buffers   sync.Pool // *[]byte: lines being encoded

	pendingMu sync.Mutex // held for a copy at the longest, never over I/O
	pending   []byte     // lines without their hash, each with a line feed
	lines     int64      // in pending
	closed    bool

	commitMu sync.Mutex // the writer's side: one commit at a time
	spare    []byte     // the buffer that pending is exchanged for
	segments *appender

	wake, hurry, stop, done chan struct{}
}

// Open opens the log in c.Dir, or begins one, and takes up its chain.
func Open(c Config) (*Log, error) {
	if c.SegmentBytes <= 0 {
		c.SegmentBytes = defaultSegmentBytes
	}
	if c.Interval <= 0 {
		c.Interval = defaultInterval
	}
	if c.Capacity <= 0 {
		c.Capacity = defaultCapacity
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("access log: its folder can't be made: %w", err)
	}
	segments, found, err := openAppender(c.Dir, c.SegmentBytes)
	if err != nil {
		return nil, err
	}
	l := &Log{
		interval: c.Interval,
		capacity: int64(c.Capacity),
		found:    found,
		segments: segments,
		wake:     make(chan struct{}, 1),
		hurry:    make(chan struct{}, 1),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
	}
	l.buffers.New = func() any { return new([]byte) }
	go l.run()
	return l, nil
}

// Found is what Open could not read at the end of the log: most often the
// frame that was being written when the process or the machine stopped.
func (l *Log) Found() []Damage { return l.found }

// Err is nil while the log takes lines, else why it doesn't. Once set it stays.
func (l *Log) Err() error {
	if p := l.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// Reserve takes the place of one line, or denies with fault.AuditUnavailable:
// the log has failed or is closed, or too many lines are under way.
func (l *Log) Reserve() (Slot, error) {
	if err := l.Err(); err != nil {
		return Slot{}, fault.New(fault.AuditUnavailable).Because(err)
	}
	if l.taken.Add(1) > l.capacity || l.unwritten.Load() > maxUnwritten {
		l.taken.Add(-1)
		return Slot{}, fault.New(fault.AuditUnavailable).Because(errFull)
	}
	return Slot{&reservation{log: l}}, nil
}

// Flush returns when every line written before the call is on disk, or with
// the error that failed the log.
func (l *Log) Flush() error { return l.commit() }

// Close puts what was written on disk and closes the log. Slots still out lose
// their lines, which is an error, as is a log that failed before.
func (l *Log) Close() error {
	l.pendingMu.Lock()
	again := l.closed
	l.closed = true
	l.pendingMu.Unlock()
	if again {
		return nil
	}
	close(l.stop)
	<-l.done
	err := l.commit()
	l.fail(errClosed)
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if cerr := l.segments.close(); err == nil {
		err = cerr
	}
	if n := l.taken.Load(); err == nil && n > 0 {
		err = fmt.Errorf("access log: closed while %d exchanges were under way: their lines are missing", n)
	}
	return err
}

func (l *Log) fail(err error) { l.failed.CompareAndSwap(nil, &err) }
