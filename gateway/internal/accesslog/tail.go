package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Damage is a part of the log that can't be read, or is not there. The lines
// around it are delivered all the same.
type Damage struct {
	Segment string // file name
	Offset  int64
	Bytes   int64
	Torn    bool  // a frame cut by the end of the file: as a crash leaves it, or one that is just being written
	Missing int64 // lines that a checkpoint signs and that are not at the log's end; the other numbers are 0 then
}

// String is a sentence for the operator.
func (d Damage) String() string {
	switch {
	case d.Missing > 0:
		return fmt.Sprintf("access log: its newest checkpoint signs %d lines more than are there: somebody cut %s, or its disk lost them; `seks log verify` names them", d.Missing, d.Segment)
	case d.Torn:
		return fmt.Sprintf("access log: %s ends with %d bytes of a group commit that was cut off; its lines had not been synced", d.Segment, d.Bytes)
	}
	return fmt.Sprintf("access log: %d bytes of %s from byte %d on can't be read: the disk is damaged, or somebody changed the file", d.Bytes, d.Segment, d.Offset)
}

// tail is the end of a log.
type tail struct {
	number int   // of the newest segment, 0 where there is none
	open   bool  // that segment may be written on
	size   int64 // uncompressed bytes in it
	last   place // of the last line that can be read
	lines  span  // of the segment with that line
	damage []Damage
}

// findTail looks at the newest segment, and further back only where that has
// no line that can be read.
func findTail(dir string) (tail, error) {
	t := tail{last: genesis}
	numbers, err := listSegments(dir)
	if err != nil {
		return t, err
	}
	for i := len(numbers) - 1; i >= 0; i-- {
		end, err := inspect(dir, numbers[i])
		if err != nil {
			return t, fmt.Errorf("access log: its end can't be read: %w", err)
		}
		if i == len(numbers)-1 {
			t.number, t.size, t.open = numbers[i], end.size, end.damage == nil
		}
		if end.damage != nil {
			t.damage = append(t.damage, *end.damage)
		}
		if end.last.seq > 0 {
			t.last, t.lines = end.last, span{numbers[i], end.first, end.born}
			return t, nil
		}
	}
	return t, nil
}

// extend puts the tail where the newest checkpoint says that the log ends, if
// that is further on: numbers that were signed are not given again, so Verify
// can name what is missing.
func (t *tail) extend(newest Checkpoint) *Damage {
	here := t.last.seq
	if newest.Segment > t.number {
		t.number, t.open = newest.Segment, false
	}
	if newest.Last <= here {
		return nil
	}
	t.open = false
	t.last = place{newest.Last, newest.Hash}
	t.lines = span{}
	if missing := newest.Last - max(here, newest.Removed); missing > 0 {
		return &Damage{Segment: segmentName(newest.Segment), Missing: missing}
	}
	return nil
}

// ending is what inspect finds in a segment. Without a line that can be read,
// all but size and damage are zero.
type ending struct {
	size   int64 // uncompressed bytes
	first  int64 // number of its first line
	born   time.Time
	last   place
	time   time.Time // of its last line
	damage *Damage   // what can't be read after the last line
}

// inspect finds where a segment begins and ends. Only the frames at both ends
// are decoded, the others are counted by their headers.
func inspect(dir string, number int) (e ending, err error) {
	file, err := os.Open(filepath.Join(dir, segmentName(number)))
	if err != nil {
		return e, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return e, err
	}
	walk := newFrames(file, 0)
	starts := []int64{0} // of each whole frame, and where the last one ends
	for err == nil {
		if _, err = walk.next(); err == nil {
			e.size += walk.size
			starts = append(starts, walk.offset)
		}
	}
	torn := errors.Is(err, errTorn)
	if !torn && err != io.EOF && !errors.Is(err, errNotFrame) {
		return e, err
	}
	end, err := e.readEnds(file, starts)
	if rest := info.Size() - end; rest > 0 && err == nil {
		wholeButBad := end != starts[len(starts)-1]
		e.damage = &Damage{Segment: segmentName(number), Offset: end, Bytes: rest, Torn: torn && !wholeButBad}
	}
	return e, err
}

// readEnds decodes frames from the last one back to the first that can be read
// and ends with a line, says where that frame ends, and then looks for the first
// line from the other side.
func (e *ending) readEnds(file io.ReaderAt, starts []int64) (end int64, err error) {
	decoder, err := newDecoder()
	if err != nil {
		return 0, err
	}
	frame := func(i int) ([]byte, error) { // nil where it can't be decoded
		raw := make([]byte, starts[i+1]-starts[i])
		if _, err := file.ReadAt(raw, starts[i]); err != nil {
			return nil, err
		}
		plain, err := decoder.DecodeAll(raw, nil)
		if err != nil {
			return nil, nil
		}
		return bytes.TrimSuffix(plain, []byte("\n")), nil
	}
	for i := len(starts) - 2; i >= 0 && e.last.seq == 0; i-- {
		plain, err := frame(i)
		if err != nil {
			return 0, err
		}
		line := plain[bytes.LastIndexByte(plain, '\n')+1:]
		if p, ok := placeOf(line); ok {
			e.last, e.time, end = p, timeOf(line), starts[i+1]
		}
	}
	for i := 0; i < len(starts)-1 && e.last.seq > 0 && e.first == 0; i++ {
		plain, err := frame(i)
		if err != nil {
			return 0, err
		}
		line, _, _ := bytes.Cut(plain, []byte("\n"))
		if p, ok := placeOf(line); ok {
			e.first, e.born = p.seq, timeOf(line)
		}
	}
	return end, nil
}

// The time of a line stands at a fixed place.
const (
	timeStart = len(`{"time":"`)
	timeEnd   = timeStart + len("2006-01-02T15:04:05.000000Z")
)

// timeOf is the time of a line; the zero time, which is older than all that is
// kept, where it has none.
func timeOf(line []byte) time.Time {
	if len(line) < timeEnd {
		return time.Time{}
	}
	t, err := time.Parse(timeFormat, string(line[timeStart:timeEnd]))
	if err != nil {
		return time.Time{}
	}
	return t
}
