package limit

import "sync"

// Lease is the leave to send one request upstream. Only Acquire makes one; the
// zero Lease gives no leave. Copies of it are the same Lease.
type Lease struct {
	slot *slot
	turn uint64
}

// slot is one of the requests that may run at once. It is used again and again,
// so that a Lease needs no memory of its own; turn tells the Leases that it
// served apart.
type slot struct {
	slots *slots
	turn  uint64 // guarded by slots.mu, as is next
	next  *slot
}

// slots are made when they are first needed, and kept.
type slots struct {
	mu   sync.Mutex
	free *slot
	left int // that may still be made
}

func (s *slots) acquire() (Lease, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.free
	switch {
	case one != nil:
		s.free, one.next = one.next, nil
	case s.left > 0:
		s.left--
		one = &slot{slots: s, turn: 1}
	default:
		return Lease{}, false
	}
	return Lease{one, one.turn}, true
}

// Valid is false for the zero Lease, and for one that was released.
func (l Lease) Valid() bool {
	if l.slot == nil {
		return false
	}
	l.slot.slots.mu.Lock()
	defer l.slot.slots.mu.Unlock()
	return l.slot.turn == l.turn
}

// Release makes room for another request. Called again, on any copy, or on the
// zero Lease, it does nothing.
func (l Lease) Release() {
	if l.slot == nil {
		return
	}
	s := l.slot.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.slot.turn != l.turn {
		return
	}
	l.slot.turn++
	l.slot.next, s.free = s.free, l.slot
}
