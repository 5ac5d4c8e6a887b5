package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Damage is a part of a segment that can't be read. The lines around it are
// delivered all the same.
type Damage struct {
	Segment string // file name
	Offset  int64
	Bytes   int64
	Torn    bool // a frame cut by the end of the file: as a crash leaves it, or one that is just being written
}

// String is a sentence for the operator.
func (d Damage) String() string {
	if d.Torn {
		return fmt.Sprintf("access log: %s ends with %d bytes of a group commit that was cut off; its lines had not been synced", d.Segment, d.Bytes)
	}
	return fmt.Sprintf("access log: %d bytes of %s from byte %d on can't be read: the disk is damaged, or somebody changed the file", d.Bytes, d.Segment, d.Offset)
}

// tail is the end of a log.
type tail struct {
	number int    // of the newest segment, 0 where there is none
	size   int64  // uncompressed bytes in it
	hash   string // of the last line that can be read
	damage []Damage
}

// findTail looks at the newest segment, and further back only where that has
// no line that can be read.
func findTail(dir string) (tail, error) {
	t := tail{hash: genesis}
	numbers, err := listSegments(dir)
	if err != nil {
		return t, err
	}
	for i := len(numbers) - 1; i >= 0; i-- {
		hash, size, damage, err := inspect(dir, numbers[i])
		if err != nil {
			return t, fmt.Errorf("access log: its end can't be read: %w", err)
		}
		if i == len(numbers)-1 {
			t.number, t.size = numbers[i], size
		}
		if damage != nil {
			t.damage = append(t.damage, *damage)
		}
		if hash != "" {
			t.hash = hash
			return t, nil
		}
	}
	return t, nil
}

// inspect gives the hash of the segment's last readable line ("" without one)
// and what can't be read after it. Only the frames at the end are decoded, the
// ones before are counted by their headers.
func inspect(dir string, number int) (hash string, size int64, damage *Damage, err error) {
	file, err := os.Open(filepath.Join(dir, segmentName(number)))
	if err != nil {
		return "", 0, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", 0, nil, err
	}
	walk := newFrames(file, 0)
	starts := []int64{0} // of each whole frame, and where the last one ends
	for err == nil {
		if _, err = walk.next(); err == nil {
			size += walk.size
			starts = append(starts, walk.offset)
		}
	}
	torn := errors.Is(err, errTorn)
	if !torn && err != io.EOF && !errors.Is(err, errNotFrame) {
		return "", 0, nil, err
	}
	hash, end, err := lastHash(file, starts)
	if rest := info.Size() - end; rest > 0 && err == nil {
		wholeButBad := end != starts[len(starts)-1]
		damage = &Damage{Segment: segmentName(number), Offset: end, Bytes: rest, Torn: torn && !wholeButBad}
	}
	return hash, size, damage, err
}

// lastHash decodes frames from the last one back to the first that can be read
// and ends with a hash, and says where that frame ends.
func lastHash(file io.ReaderAt, starts []int64) (hash string, end int64, err error) {
	decoder, err := newDecoder()
	if err != nil {
		return "", 0, err
	}
	for i := len(starts) - 1; i > 0; i-- {
		raw := make([]byte, starts[i]-starts[i-1])
		if _, err := file.ReadAt(raw, starts[i-1]); err != nil {
			return "", 0, err
		}
		plain, err := decoder.DecodeAll(raw, nil)
		if err != nil {
			continue
		}
		last := bytes.TrimSuffix(plain, []byte("\n"))
		if hash, ok := hashOf(last[bytes.LastIndexByte(last, '\n')+1:]); ok {
			return hash, starts[i], nil
		}
	}
	return "", 0, nil
}
