package accesslog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Entry is what a line says, as far as filters and the table need it.
type Entry struct {
	Time       time.Time `json:"time"`
	ID         string    `json:"id"`
	Agent      string    `json:"agent"`
	TokenID    string    `json:"token_id"`
	Provider   string    `json:"provider"`
	Credential string    `json:"credential"`
	Operation  string    `json:"operation"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	Status     int       `json:"status"`
	Seq        int64     `json:"seq"`
	Error      string    `json:"error"`
	Decision   string    `json:"decision"`
	Reason     string    `json:"reason"`
	TotalMS    float64   `json:"total_ms"`
	Scrubbed   int       `json:"scrubbed"`
}

// Read calls fn for every line in dir that f wants, oldest first; lines of
// intent come last, and only where there is no outcome. The line is as it was
// written, without line feed, and good until fn returns. It may be called while
// a Log appends. What can't be read is passed over and returned as Damage; an
// error is one of the disk, of f, or fn's own, which ends it.
func Read(dir string, f Filter, fn func(line []byte, e Entry) error) ([]Damage, error) {
	r, err := NewReader(dir, f)
	if err != nil {
		return nil, err
	}
	damage, err := r.Next(fn)
	if err != nil {
		return damage, err
	}
	return damage, r.Open(fn)
}

// Reader reads a log that may still be growing.
type Reader struct {
	dir     string
	match   matcher
	decoder *zstd.Decoder
	plain   []byte
	segment int   // where the next frame is
	offset  int64 // in it
	damage  []Damage
	told    Damage // the last one returned, so that a torn tail is told once
	intents map[string]intent
}

// intent is a line of intent whose outcome has not come yet.
type intent struct {
	line  []byte
	entry Entry
}

// NewReader reads the log in dir from its first line.
func NewReader(dir string, f Filter) (*Reader, error) {
	match, err := newMatcher(f)
	if err != nil {
		return nil, err
	}
	decoder, err := newDecoder()
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	return &Reader{dir: dir, match: match, decoder: decoder, intents: map[string]intent{}}, nil
}

// Next is as Read, for what has come since the call before, and without lines
// of intent: those are for Open. A torn frame at the
// end of the newest segment may be one that is being written: the next call
// tries it again. After an error, lines may be delivered twice.
func (r *Reader) Next(fn func(line []byte, e Entry) error) ([]Damage, error) {
	numbers, err := listSegments(r.dir)
	if err != nil {
		return nil, err
	}
	r.damage = nil
	for i, n := range numbers {
		if n < r.segment {
			continue
		}
		if n > r.segment {
			r.segment, r.offset = n, 0
		}
		if err := r.readSegment(fn, i == len(numbers)-1); err != nil {
			return r.damage, err
		}
	}
	return r.damage, nil
}

func (r *Reader) readSegment(fn func([]byte, Entry) error, newest bool) error {
	file, err := os.Open(filepath.Join(r.dir, segmentName(r.segment)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // retention has just taken it
	}
	if err != nil {
		return fmt.Errorf("access log: a segment can't be read: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(r.offset, io.SeekStart); err != nil {
		return fmt.Errorf("access log: a segment can't be read: %w", err)
	}
	walk := newFrames(file, r.offset)
	for {
		raw, err := walk.next()
		switch {
		case err == nil:
		case err == io.EOF:
			return nil
		case errors.Is(err, errTorn), errors.Is(err, errNotFrame):
			return r.passRest(file, errors.Is(err, errTorn), newest)
		default:
			return fmt.Errorf("access log: a segment can't be read: %w", err)
		}
		if err := r.readFrame(raw, fn); err != nil {
			return err
		}
		r.offset = walk.offset
	}
}

// passRest reports what follows the last whole frame. In the newest segment a
// torn frame is left for the next call.
func (r *Reader) passRest(file *os.File, torn, newest bool) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("access log: a segment can't be read: %w", err)
	}
	rest := max(info.Size()-r.offset, 0)
	r.report(Damage{Segment: segmentName(r.segment), Offset: r.offset, Bytes: rest, Torn: torn})
	if !torn || !newest {
		r.offset += rest
	}
	return nil
}

func (r *Reader) report(d Damage) {
	if d != r.told {
		r.damage = append(r.damage, d)
		r.told = d
	}
}

// readFrame delivers the lines of one frame that are wanted.
func (r *Reader) readFrame(raw []byte, fn func([]byte, Entry) error) error {
	plain, err := r.decoder.DecodeAll(raw, r.plain[:0])
	if err != nil {
		r.report(Damage{Segment: segmentName(r.segment), Offset: r.offset, Bytes: int64(len(raw))})
		return nil
	}
	r.plain = plain
	for line := range bytes.Lines(plain) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if r.match.tooOld(line) {
			continue
		}
		var e Entry
		if json.Unmarshal(line, &e) != nil {
			r.report(Damage{Segment: segmentName(r.segment), Offset: r.offset, Bytes: int64(len(raw))})
			continue
		}
		if e.Decision == Intent {
			if r.match.wants(&e) {
				r.intents[e.ID] = intent{bytes.Clone(line), e}
			}
			continue
		}
		delete(r.intents, e.ID)
		if !r.match.wants(&e) {
			continue
		}
		if err := fn(slices.Clip(line), e); err != nil {
			return err
		}
	}
	return nil
}

// Open calls fn, in their order, for the lines of intent among those read so
// far whose outcome is not: the exchange runs still, or the broker was killed
// while it ran.
func (r *Reader) Open(fn func(line []byte, e Entry) error) error {
	open := slices.SortedFunc(maps.Values(r.intents), func(a, b intent) int { return cmp.Compare(a.entry.Seq, b.entry.Seq) })
	for _, i := range open {
		if err := fn(i.line, i.entry); err != nil {
			return err
		}
	}
	return nil
}
