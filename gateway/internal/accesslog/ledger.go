package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	ledgerName = "checkpoints.jsonl"
	publicName = "log.pub"
)

// ErrNoCheckpoint means that nothing in the log is signed yet.
var ErrNoCheckpoint = errors.New("access log: there is no checkpoint yet: the first is made soon after the first line")

// ledger is the file of checkpoints, at its end. Without a signer it takes none.
type ledger struct {
	dir    string
	signer *Signer
	now    func() time.Time
	file   *os.File
	newest Checkpoint // zero before the first, or where that could not be trusted
	prev   string     // what the next one's Prev is
}

// openLedger finds the newest checkpoint. A line cut by a crash is taken away:
// its checkpoint was never given to anybody.
func openLedger(dir string, s *Signer, now func() time.Time) (*ledger, *Damage, error) {
	l := &ledger{dir: dir, signer: s, now: now, prev: genesis.hash}
	if s == nil {
		return l, nil, nil
	}
	if err := publish(dir, s); err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, ledgerName), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, ledgerError(err)
	}
	l.file = file
	line, start, err := lastLine(file)
	if err == nil {
		err = file.Truncate(start + int64(len(line)))
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, nil, errors.Join(ledgerError(err), file.Close())
	}
	if len(line) == 0 {
		return l, nil, nil
	}
	damage, err := l.takeUp(bytes.TrimSuffix(line, []byte("\n")), start)
	return l, damage, err
}

// takeUp goes on after the line. One that is not this key's is damage: it stays
// where it is, for Verify to name, and what is known is from the one before.
func (l *ledger) takeUp(line []byte, start int64) (*Damage, error) {
	l.prev = digestOf(line)
	if read, err := ReadCheckpoints(bytes.NewReader(line)); err == nil && len(read) == 1 && read[0].Check(l.signer.Key) == nil {
		l.newest = read[0]
		return nil, nil
	}
	records, _, err := readLedger(l.dir)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Backward(records) {
		if r.ok && r.Check(l.signer.Key) == nil {
			l.newest = r.Checkpoint
			break
		}
	}
	return &Damage{Segment: ledgerName, Offset: start, Bytes: int64(len(line))}, nil
}

// publish puts the public key beside the log. The log of another key is not
// gone on with: nobody could prove both halves.
func publish(dir string, s *Signer) error {
	path := filepath.Join(dir, publicName)
	text, err := encodeKey(s.Key)
	if err != nil {
		return ledgerError(err)
	}
	there, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := writeSynced(path, text); err != nil {
			return ledgerError(err)
		}
		return nil
	case err != nil:
		return ledgerError(err)
	case !bytes.Equal(there, text):
		return fmt.Errorf("access log: %s is not this store's key (%s): the log in that folder is another store's, or somebody changed the file: move the folder to where it is kept as evidence, and a new log begins", path, KeyName(s.Key))
	}
	return nil
}

// add signs c after the checkpoint before it and puts it on disk.
func (l *ledger) add(c Checkpoint) error {
	c = l.next(c)
	if _, err := l.file.Write(append(c.Line(), '\n')); err != nil {
		return ledgerError(err)
	}
	if err := l.file.Sync(); err != nil {
		return ledgerError(err)
	}
	l.newest, l.prev = c, c.digest()
	return nil
}

// next is c, signed, as the checkpoint after the newest.
func (l *ledger) next(c Checkpoint) Checkpoint {
	c.Time = l.now().UTC().Truncate(time.Microsecond)
	c.Removed, c.RemovedSegment, c.RemovedHash = l.removed(c)
	c.Prev = l.prev
	return c.signed(l.signer)
}

// removed is what c says of it, or else what the newest checkpoint says.
func (l *ledger) removed(c Checkpoint) (int64, int, string) {
	switch {
	case c.RemovedHash != "":
		return c.Removed, c.RemovedSegment, c.RemovedHash
	case l.newest.RemovedHash != "":
		return l.newest.Removed, l.newest.RemovedSegment, l.newest.RemovedHash
	}
	return 0, 0, genesis.hash
}

// replace puts c in a new ledger, after those of the old one that speak of
// lines still there, and exchanges the files at once.
func (l *ledger) replace(c Checkpoint) error {
	c = l.next(c)
	records, _, err := readLedger(l.dir)
	if err != nil {
		return err
	}
	var text []byte
	for _, r := range records {
		if len(text) > 0 || !r.ok || r.Last > c.Removed {
			text = append(append(text, r.line...), '\n')
		}
	}
	text = append(append(text, c.Line()...), '\n')
	path := filepath.Join(l.dir, ledgerName)
	if err := writeSynced(path, text); err != nil {
		return ledgerError(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return ledgerError(err)
	}
	old := l.file
	l.file, l.newest, l.prev = file, c, c.digest()
	return old.Close()
}

func (l *ledger) close() error {
	if l.file == nil {
		return nil
	}
	file := l.file
	l.file = nil
	return file.Close()
}

// writeSynced puts text at path in one step: there it is the old file or the
// whole new one, whenever the machine stops.
func writeSynced(path string, text []byte) error {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func ledgerError(err error) error {
	return fmt.Errorf("access log: its checkpoints can't be kept: %w", err)
}
