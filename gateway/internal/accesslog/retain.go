package accesslog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// sealAfter bounds what somebody who can write the files could make anew
	// unseen. Shorter would show nothing earlier: only a checkpoint that was
	// fetched proves, and fetching makes one.
	sealAfter = 5 * time.Minute

	// segmentAge is after how long a segment is finished where lines are kept for
	// a time: so one goes at most that much later than its oldest line may.
	segmentAge = 24 * time.Hour

	retainEvery = time.Hour // where no segment was finished
)

// seal signs what is not signed yet. The lines are on disk.
func (a *appender) seal() error {
	a.waits = time.Time{}
	if a.ledger.signer == nil || a.chain.seq <= a.ledger.newest.Last {
		return nil
	}
	return a.ledger.add(Checkpoint{Segment: a.lines.segment, First: a.lines.first, Last: a.chain.seq, Hash: a.chain.place().hash})
}

// upkeep is what time brings about, without a line being written.
func (a *appender) upkeep() error {
	now := a.now()
	if a.keep > 0 && a.file != nil && a.size > 0 && now.Sub(a.lines.born) >= segmentAge {
		if err := a.finish(); err != nil {
			return failure(err)
		}
	}
	if !a.waits.IsZero() && now.Sub(a.waits) >= sealAfter {
		if err := a.seal(); err != nil {
			return err
		}
	}
	if !a.retire && now.Sub(a.looked) < retainEvery {
		return nil
	}
	return a.retain()
}

// retain removes the oldest finished segments where they are older, or all
// together more, than is to be kept. What they held is signed first: the place
// in the chain where the rest begins.
func (a *appender) retain() error {
	a.retire, a.looked = false, a.now()
	if a.ledger.signer == nil {
		return nil
	}
	numbers, err := listSegments(a.dir)
	if err != nil {
		return err
	}
	cut, last, err := a.expired(numbers)
	if err != nil {
		return fmt.Errorf("access log: its oldest segments can't be looked at: %w", err)
	}
	if cut > 0 {
		c := a.ledger.newest
		c.Removed, c.RemovedSegment, c.RemovedHash = last.seq, cut, last.hash
		if err := a.ledger.replace(c); err != nil {
			return err
		}
	}
	// Also those that a crash left after an earlier replace.
	for _, n := range numbers {
		if n > a.ledger.newest.RemovedSegment {
			break
		}
		if err := os.Remove(filepath.Join(a.dir, segmentName(n))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("access log: a segment that is too old can't be removed: %w", err)
		}
	}
	return nil
}

// expired gives the newest segment that is to go (0 for none), and its last
// line's place. The one being written stays. One that can't be read goes with
// one after it.
func (a *appender) expired(numbers []int) (cut int, last place, err error) {
	var total int64
	sizes := make([]int64, len(numbers))
	if a.maxBytes > 0 {
		for i, n := range numbers {
			info, err := os.Stat(filepath.Join(a.dir, segmentName(n)))
			if err != nil {
				return 0, place{}, err
			}
			sizes[i] = info.Size()
			total += sizes[i]
		}
	}
	for i, n := range numbers {
		tooMuch := a.maxBytes > 0 && total > a.maxBytes
		if n == a.number && a.file != nil || !tooMuch && a.keep <= 0 {
			break
		}
		end, err := inspect(a.dir, n)
		if err != nil {
			return 0, place{}, err
		}
		readable := end.last.seq > a.ledger.newest.Removed
		if readable && !tooMuch && a.now().Sub(end.time) < a.keep {
			break
		}
		total -= sizes[i]
		if readable {
			cut, last = n, end.last
		}
	}
	return cut, last, nil
}
