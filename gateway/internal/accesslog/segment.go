package accesslog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

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

// appender writes frames at the end of the newest segment.
type appender struct {
	dir     string
	limit   int64
	number  int      // of the newest segment, 0 before the first
	file    *os.File // nil where the next frame begins a segment
	size    int64    // uncompressed bytes in file
	chain   *chain
	encoder *zstd.Encoder
	plain   []byte
	packed  []byte
}

// openAppender finds the end of the log. The newest segment is written on
// unless something in it can't be read: then it stays as it is.
func openAppender(dir string, limit int64) (*appender, []Damage, error) {
	tail, err := findTail(dir)
	if err != nil {
		return nil, nil, err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(frameBytes), zstd.WithSingleSegment(true))
	if err != nil {
		return nil, nil, fmt.Errorf("access log: %w", err)
	}
	a := &appender{dir: dir, limit: limit, number: tail.number, chain: newChain(tail.hash), encoder: encoder}
	if tail.number == 0 || tail.damage != nil {
		return a, tail.damage, nil
	}
	a.file, err = os.OpenFile(filepath.Join(dir, segmentName(a.number)), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("access log: its newest segment can't be written: %w", err)
	}
	a.size = tail.size
	return a, nil, nil
}

// store writes the lines of a batch, each with a line feed and without hash,
// as whole frames, and returns when they are on disk.
func (a *appender) store(batch []byte) error {
	for len(batch) > 0 {
		if a.file == nil || a.size >= a.limit {
			if err := a.begin(); err != nil {
				return failure(err)
			}
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
	return nil
}

// begin syncs and closes the segment and makes the next one. Its name is on
// disk before a line in it counts as written.
func (a *appender) begin() error {
	if a.file != nil {
		if err := a.file.Sync(); err != nil {
			return err
		}
		if err := a.close(); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(filepath.Join(a.dir, segmentName(a.number+1)), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	a.file, a.size = file, 0
	a.number++
	return syncDir(a.dir)
}

func (a *appender) close() error {
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
