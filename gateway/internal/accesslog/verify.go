package accesslog

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// Report is what Verify found.
type Report struct {
	Lines       int64       `json:"lines"`    // that can be read
	Segments    int         `json:"segments"` // files
	Removed     int64       `json:"removed"`  // lines before the first that are gone by retention, as a checkpoint signs
	Last        int64       `json:"last"`     // number of the newest line
	Hash        string      `json:"hash"`     // and its hash
	Checkpoints int         `json:"checkpoints"`
	Newest      *Checkpoint `json:"newest_checkpoint"` // nil where none is good
	Unsealed    int64       `json:"unsealed"`          // lines after it: chained, but not signed yet
	Key         string      `json:"key"`               // the name of the key that signed them
	Findings    []Finding   `json:"findings"`          // each one that is not as it was written
	More        int         `json:"more_findings"`     // above what Findings holds
	Notes       []string    `json:"notes"`             // what is worth knowing and no tampering
}

// Whole says that nothing was found.
func (r *Report) Whole() bool { return len(r.Findings) == 0 }

// verifyTries is how often a log is read again that retention shortened in the
// meantime.
const verifyTries = 5

var errShortened = errors.New("a segment was removed while the log was read")

// Verify reads the whole log in dir, recomputes its chain and checks it against
// its checkpoints and those held elsewhere. key nil is the one beside the log.
// It may be called while a Log appends. An error means that it could not be
// done; what is wrong with the log is in the Report.
func Verify(dir string, key ed25519.PublicKey, held ...Checkpoint) (*Report, error) {
	for try := 1; ; try++ {
		r, err := verify(dir, key, held)
		if errors.Is(err, errShortened) && try < verifyTries {
			continue
		}
		return r, err
	}
}

func verify(dir string, key ed25519.PublicKey, held []Checkpoint) (*Report, error) {
	// In this order: a segment that is finished after the listing has its
	// checkpoint by the time these are read.
	numbers, err := listSegments(dir)
	if err != nil {
		return nil, err
	}
	records, torn, err := readLedger(dir)
	if err != nil {
		return nil, err
	}
	if key == nil && len(records)+len(held) > 0 {
		if key, err = ReadKey(filepath.Join(dir, publicName)); err != nil {
			return nil, fmt.Errorf("%w: give the key with --key", err)
		}
	}
	decoder, err := newDecoder()
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	v := &verifier{
		report: &Report{Findings: []Finding{}, Notes: []string{}}, dir: dir, key: key, decoder: decoder,
		chain: newChain(genesis), signed: map[int64][]signed{}, want: 1, last: genesis.hash,
	}
	if key != nil {
		v.report.Key = KeyName(key)
	}
	if torn {
		v.note("%s ends in a line that was cut off, as a crash leaves it", ledgerName)
	}
	v.checkRecords(records)
	v.checkHeld(held)
	if err := v.readSegments(numbers); err != nil {
		return nil, err
	}
	v.conclude(numbers)
	return v.report, nil
}

// signed is a checkpoint whose signature is good.
type signed struct {
	Checkpoint
	held bool // by the verifier, and not beside the log
}

// verifier is one pass over a log.
type verifier struct {
	report  *Report
	dir     string
	key     ed25519.PublicKey
	decoder *zstd.Decoder
	plain   []byte
	chain   *chain             // for its digest
	signed  map[int64][]signed // by the line that they sign up to

	begins  int64   // number of the last line that retention removed
	want    int64   // number of the next line
	last    string  // hash of the line before that, "" where it isn't known
	good    int64   // newest line that was held against a checkpoint
	gaps    []gap   // numbers passed over, oldest first
	damage  *Damage // since the last line
	waiting *numbered
	spare   []byte
	ends    map[int]int64 // the newest line of each segment
}

// readSegments gives every line to the judge. A segment number that is missing
// is a finding of its own.
func (v *verifier) readSegments(numbers []int) error {
	v.ends = map[int]int64{}
	next := 1
	if n := v.report.Newest; n != nil {
		next = n.RemovedSegment + 1
	}
	for _, n := range numbers {
		if n < next {
			v.note("%s is older than what retention left and not yet removed: it was not read", segmentName(n))
			continue
		}
		if next < n {
			v.find(Finding{Kind: NoSegment, Segment: segmentName(next),
				Detail: fmt.Sprintf("not there: %d files before %s were removed or renamed", n-next, segmentName(n))})
		}
		next = n + 1
		if err := v.readSegment(n); err != nil {
			return err
		}
		v.report.Segments++
	}
	v.settle()
	return nil
}

func (v *verifier) readSegment(n int) error {
	file, err := os.Open(filepath.Join(v.dir, segmentName(n)))
	if errors.Is(err, fs.ErrNotExist) {
		return errShortened
	}
	if err != nil {
		return fmt.Errorf("access log: a segment can't be read: %w", err)
	}
	defer file.Close()
	walk := newFrames(file, 0)
	for {
		start := walk.offset
		raw, err := walk.next()
		if errors.Is(err, errTorn) || errors.Is(err, errNotFrame) {
			info, serr := file.Stat()
			if serr != nil {
				return serr
			}
			v.damaged(Damage{Segment: segmentName(n), Offset: start, Bytes: info.Size() - start, Torn: errors.Is(err, errTorn)})
			return nil
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("access log: a segment can't be read: %w", err)
		}
		plain, err := v.decoder.DecodeAll(raw, v.plain[:0])
		if err != nil {
			v.damaged(Damage{Segment: segmentName(n), Offset: start, Bytes: int64(len(raw))})
			continue
		}
		v.plain = plain
		for line := range bytes.Lines(plain) {
			v.push(n, bytes.TrimSuffix(line, []byte("\n")))
		}
	}
}
