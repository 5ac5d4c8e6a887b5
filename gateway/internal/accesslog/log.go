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
	Sync         bool          // Intend puts a line on disk before it returns; without it, it does nothing

	Signer   *Signer       // of the checkpoints; without one there are none, and nothing is ever removed
	Keep     time.Duration // lines are kept at least that long, and at most a day longer; 0: for good
	MaxBytes int64         // bytes of all segments on disk above which the oldest go; 0: without bound
	Now      func() time.Time
}

// Log is an open access log. Its methods may be called from any goroutine. One
// directory has one Log at a time (the store's lock sees to that).
type Log struct {
	interval time.Duration
	capacity int64
	sync     bool
	found    []Damage

	taken     atomic.Int64 // lines reserved, or written but not yet on disk
	unwritten atomic.Int64 // bytes of lines not yet on disk
	failed    atomic.Pointer[error]
	buffers   sync.Pool // *[]byte: lines being encoded

	pendingMu sync.Mutex // held for a copy at the longest, never over I/O
	pending   []byte     // lines without their seq and hash, each with a line feed
	ended     int64      // lines in pending that end a reservation
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
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("access log: its folder can't be made: %w", err)
	}
	segments, found, err := openAppender(c)
	if err != nil {
		return nil, err
	}
	l := &Log{
		interval: c.Interval,
		capacity: int64(c.Capacity),
		sync:     c.Sync,
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

// Checkpoint signs every line written before the call and gives the newest
// checkpoint, which is on disk. The error is ErrNoCheckpoint where there are no
// lines, or no signer, else what failed the log.
func (l *Log) Checkpoint() (Checkpoint, error) {
	if err := l.commit(); err != nil {
		return Checkpoint{}, err
	}
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if err := l.Err(); err != nil {
		return Checkpoint{}, err
	}
	if err := l.segments.seal(); err != nil {
		l.fail(err)
		return Checkpoint{}, err
	}
	if newest := l.segments.ledger.newest; newest.Signature != "" {
		return newest, nil
	}
	return Checkpoint{}, ErrNoCheckpoint
}

// Close puts what was written on disk, signs it and closes the log. Slots still out lose
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
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if err == nil {
		err = l.segments.seal()
	}
	l.fail(errClosed)
	if cerr := l.segments.close(); err == nil {
		err = cerr
	}
	if n := l.taken.Load(); err == nil && n > 0 {
		err = fmt.Errorf("access log: closed while %d exchanges were under way: their lines are missing", n)
	}
	return err
}

func (l *Log) fail(err error) { l.failed.CompareAndSwap(nil, &err) }
