package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// lastWindow is how much of the ledger's end is read to find its last line, at
// first: a line has less than 1 KiB.
const lastWindow = 4 << 10

// record is a line of the ledger as it was read.
type record struct {
	Checkpoint
	line []byte
	ok   bool // it is a checkpoint; nothing is said of its signature
}

// readLedger reads all checkpoints in dir, oldest first; torn says that what
// follows the last line feed was left out.
func readLedger(dir string) (records []record, torn bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, ledgerName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, ledgerError(err)
	}
	for line := range bytes.Lines(text) {
		line, whole := bytes.CutSuffix(line, []byte("\n"))
		if !whole {
			return records, true, nil
		}
		r := record{line: line}
		if read, err := ReadCheckpoints(bytes.NewReader(line)); err == nil && len(read) == 1 {
			r.Checkpoint = read[0]
			r.ok = bytes.Equal(r.Line(), line)
		}
		records = append(records, r)
	}
	return records, false, nil
}

// NewestCheckpoint reads the newest checkpoint of the log in dir, whether that
// is open or not. It checks nothing of it. The error is ErrNoCheckpoint where
// there is none.
func NewestCheckpoint(dir string) (Checkpoint, error) {
	file, err := os.Open(filepath.Join(dir, ledgerName))
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, ErrNoCheckpoint
	}
	if err != nil {
		return Checkpoint{}, ledgerError(err)
	}
	defer file.Close()
	line, _, err := lastLine(file)
	if err != nil {
		return Checkpoint{}, ledgerError(err)
	}
	if len(line) == 0 {
		return Checkpoint{}, ErrNoCheckpoint
	}
	read, err := ReadCheckpoints(bytes.NewReader(line))
	if err != nil || len(read) != 1 {
		return Checkpoint{}, fmt.Errorf("access log: the last line of %s is no checkpoint: `seks log verify` says more", ledgerName)
	}
	return read[0], nil
}

// lastLine is the last line that has its line feed, with it, and where it
// begins: nothing at 0 where there is none.
func lastLine(file *os.File) (line []byte, start int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	for window := int64(lastWindow); ; window *= 2 {
		begin := max(0, info.Size()-window)
		text := make([]byte, info.Size()-begin)
		if _, err := file.ReadAt(text, begin); err != nil && err != io.EOF {
			return nil, 0, err
		}
		text = text[:bytes.LastIndexByte(text, '\n')+1]
		at := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n') + 1
		if begin == 0 || at > 0 {
			return text[at:], begin + int64(at), nil
		}
	}
}
