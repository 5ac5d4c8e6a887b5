package accesslog

import "time"

const (
	keepBuffer  = 64 << 10 // a line's buffer above this is not kept for the next
	keepPending = 8 << 20  // the same for the buffers that a commit empties
)

// hand adds a line to what the next commit writes.
func (l *Log) hand(line []byte) {
	l.pendingMu.Lock()
	if l.closed || l.Err() != nil {
		l.pendingMu.Unlock()
		return // the reservation stays taken: Close counts the line as missing
	}
	first := l.lines == 0
	l.pending = append(l.pending, line...)
	l.lines++
	l.unwritten.Add(int64(len(line)))
	full := len(l.pending) >= hurryBytes || l.lines > l.capacity/2
	l.pendingMu.Unlock()

	if first {
		signal(l.wake)
	}
	if full {
		signal(l.hurry)
	}
}

// signal wakes the one receiver; a signal already waiting is enough.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run commits at most an interval after the first line that waits. It sleeps
// while there are none.
func (l *Log) run() {
	defer close(l.done)
	timer := time.NewTimer(l.interval)
	defer timer.Stop()
	for {
		select {
		case <-l.wake:
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
	batch, lines := l.take()
	if err := l.Err(); err != nil {
		return err
	}
	if lines == 0 {
		return nil
	}
	if err := l.segments.store(batch); err != nil {
		l.fail(err)
		return err
	}
	l.unwritten.Add(-int64(len(batch)))
	l.taken.Add(-lines)
	return nil
}

// take exchanges the pending lines for an empty buffer. The result is good
// until the next take.
func (l *Log) take() (batch []byte, lines int64) {
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	batch, lines = l.pending, l.lines
	l.pending, l.lines = l.spare[:0], 0
	l.spare = batch
	if cap(batch) > keepPending {
		l.spare = nil
	}
	return batch, lines
}
