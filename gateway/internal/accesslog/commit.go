package accesslog

import "time"

const (
	upkeepEvery = time.Minute

	keepBuffer  = 64 << 10 // a line's buffer above this is not kept for the next
	keepPending = 8 << 20  // the same for the buffers that a commit empties
)

// hand adds a line to what the next commit writes; ends says that the line ends
// its reservation. Where the log takes none any more the result is false, and
// the reservation stays taken: Close counts the line as missing.
func (l *Log) hand(line []byte, ends bool) bool {
	l.pendingMu.Lock()
	if l.closed || l.Err() != nil {
		l.pendingMu.Unlock()
		return false
	}
	first := len(l.pending) == 0
	l.pending = append(l.pending, line...)
	if ends {
		l.ended++
	}
	l.unwritten.Add(int64(len(line)))
	full := len(l.pending) >= hurryBytes || l.ended > l.capacity/2
	l.pendingMu.Unlock()

	if first {
		signal(l.wake)
	}
	if full {
		signal(l.hurry)
	}
	return true
}

// signal wakes the one receiver; a signal already waiting is enough.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run commits at most an interval after the first line that waits. While there
// are none it sleeps, but for the upkeep of what is on disk.
func (l *Log) run() {
	defer close(l.done)
	timer := time.NewTimer(l.interval)
	defer timer.Stop()
	upkeep := time.NewTicker(upkeepEvery)
	defer upkeep.Stop()
	for {
		select {
		case <-l.wake:
		case <-upkeep.C:
			_ = l.upkeep() // kept in l.failed, as below
			continue
		case <-l.stop:
			return
		}
		timer.Reset(l.interval)
		select {
		case <-timer.C:
		case <-l.hurry:
		case <-l.stop:
			return
		}
		_ = l.commit() // kept in l.failed, where Reserve and Err find it
	}
}

// commit writes and syncs the lines that wait. Lines taken by a commit that is
// under way are on disk when it has the lock.
func (l *Log) commit() error {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	batch, ended := l.take()
	if err := l.Err(); err != nil {
		return err
	}
	if len(batch) == 0 {
		return nil
	}
	if err := l.segments.store(batch); err != nil {
		l.fail(err)
		return err
	}
	l.unwritten.Add(-int64(len(batch)))
	l.taken.Add(-ended)
	return nil
}

// take exchanges the pending lines for an empty buffer, and says how many
// reservations end with them. The batch is good until the next take.
func (l *Log) take() (batch []byte, ended int64) {
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	batch, ended = l.pending, l.ended
	l.pending, l.ended = l.spare[:0], 0
	l.spare = batch
	if cap(batch) > keepPending {
		l.spare = nil
	}
	return batch, ended
}

// upkeep seals what has waited long enough for it, and removes what is older,
// or more, than is to be kept.
func (l *Log) upkeep() error {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if err := l.Err(); err != nil {
		return err
	}
	if err := l.segments.upkeep(); err != nil {
		l.fail(err)
		return err
	}
	return nil
}
