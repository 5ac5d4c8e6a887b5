package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

const (
	segmentSuffix = ".jsonl.zst"
	frameBytes    = 1 << 20 // uncompressed bytes of whole lines after which a frame ends
)

func segmentName(n int) string { return fmt.Sprintf("%08d%s", n, segmentSuffix) }

// listSegments gives the numbers of the segments in dir, oldest first.
func listSegments(dir string) ([]int, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("access log: its folder can't be read: %w", err)
	}
	var numbers []int
	for _, f := range files {
		digits, ok := strings.CutSuffix(f.Name(), segmentSuffix)
		n, err := strconv.Atoi(digits)
		if ok && err == nil && n > 0 && segmentName(n) == f.Name() {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers) // a name of nine digits sorts before one of eight
	return numbers, nil
}

// appender writes frames at the end of the newest segment, and seals them.
type appender struct {
	dir      string
	limit    int64 // uncompressed bytes after which a segment is finished
	keep     time.Duration
	maxBytes int64
	now      func() time.Time

	number  int      // of the newest segment, 0 before the first
	file    *os.File // nil where the next frame begins a segment
	size    int64    // uncompressed bytes in file
	chain   *chain
	encoder *zstd.Encoder
	plain   []byte
	packed  []byte

	ledger *ledger
	lines  span      // of the segment that the newest line is in
	waits  time.Time // since when lines wait to be sealed; zero where none do
	retire bool      // a segment was finished since the last look at what to keep
	looked time.Time // when that was
}

// span is the lines of one segment so far, up to the newest of the log.
type span struct {
	segment int
	first   int64
	born    time.Time // when the first of them came
}

// openAppender finds the end of the log. The newest segment is written on
// unless something in it can't be read, or lines are missing that a checkpoint
// signs: then it stays as it is.
func openAppender(c Config) (*appender, []Damage, error) {
	tail, err := findTail(c.Dir)
	if err != nil {
		return nil, nil, err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(frameBytes), zstd.WithSingleSegment(true))
	if err != nil {
		return nil, nil, fmt.Errorf("access log: %w", err)
	}
	ledger, damage, err := openLedger(c.Dir, c.Signer, c.Now)
	if err != nil {
		return nil, nil, err
	}
	if damage != nil {
		tail.damage = append(tail.damage, *damage)
	}
	if missing := tail.extend(ledger.newest); missing != nil {
		tail.damage = append(tail.damage, *missing)
	}
	a := &appender{
		dir: c.Dir, limit: c.SegmentBytes, keep: c.Keep, maxBytes: c.MaxBytes, now: c.Now,
		number: tail.number, size: tail.size, chain: newChain(tail.last), encoder: encoder, ledger: ledger, lines: tail.lines,
	}
	if tail.open {
		a.file, err = os.OpenFile(filepath.Join(c.Dir, segmentName(a.number)), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return nil, nil, fmt.Errorf("access log: its newest segment can't be written: %w", err)
		}
	}
	// What a crash left unsealed is sealed now, so that what comes after stands
	// on signed ground.
	if err := a.seal(); err != nil {
		return nil, nil, err
	}
	if err := a.retain(); err != nil {
		return nil, nil, err
	}
	return a, tail.damage, nil
}

// store writes the lines of a batch, each with a line feed and without seq and
// hash, as whole frames, and returns when they are on disk.
func (a *appender) store(batch []byte) error {
	for len(batch) > 0 {
		if err := a.ready(); err != nil {
			return failure(err)
		}
		a.plain = a.plain[:0]
		for len(batch) > 0 && len(a.plain) < frameBytes {
			end := bytes.IndexByte(batch, '\n')
			a.plain = a.chain.appendSealed(a.plain, batch[:end])
			batch = batch[end+1:]
		}
		a.packed = a.encoder.EncodeAll(a.plain, a.packed[:0])
		if _, err := a.file.Write(a.packed); err != nil {
			return failure(err)
		}
		a.size += int64(len(a.plain))
	}
	if err := a.file.Sync(); err != nil {
		return failure(err)
	}
	if a.waits.IsZero() {
		a.waits = a.now()
	}
	return nil
}

// ready has a segment open that takes another frame.
func (a *appender) ready() error {
	if a.file != nil && a.size >= a.limit {
		if err := a.finish(); err != nil {
			return err
		}
	}
	if a.file == nil {
		if err := a.begin(); err != nil {
			return err
		}
	}
	if a.lines.segment != a.number {
		a.lines = span{a.number, a.chain.seq + 1, a.now()}
	}
	return nil
}

// finish syncs the segment, seals it to its last line and closes it.
func (a *appender) finish() error {
	if err := a.file.Sync(); err != nil {
		return err
	}
	if err := a.seal(); err != nil {
		return err
	}
	a.retire = true
	return a.closeFile()
}

// begin makes the next segment. Its name is on disk before a line in it counts
// as written.
func (a *appender) begin() error {
	file, err := os.OpenFile(filepath.Join(a.dir, segmentName(a.number+1)), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	a.file, a.size = file, 0
	a.number++
	return syncDir(a.dir)
}

func (a *appender) close() error { return errors.Join(a.closeFile(), a.ledger.close()) }

func (a *appender) closeFile() error {
	if a.file == nil {
		return nil
	}
	file := a.file
	a.file = nil
	return file.Close()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func failure(err error) error {
	return fmt.Errorf("access log: a line could not be put on disk, and nothing is sent without one: mend that and restart the broker: %w", err)
}
