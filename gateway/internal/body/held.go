package body

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// Memory bounds what all requests together hold back of their bodies. A request
// takes of it what it has received, so an agent that sends nothing holds nothing.
type Memory struct{ left atomic.Int64 }

// NewMemory has size bytes.
func NewMemory(size int64) *Memory {
	m := new(Memory)
	m.left.Store(size)
	return m
}

func (m *Memory) take(n int) bool {
	if m.left.Add(-int64(n)) < 0 {
		m.left.Add(int64(n))
		return false
	}
	return true
}

// Held is the beginning of a request body, held back from the upstream. It is
// not safe for concurrent use.
type Held struct {
	memory *Memory
	body   io.Reader
	length int // of the body; -1 where it isn't known
	b      []byte
	whole  bool
	read   int // of b, by Read
}

// Hold begins to hold a body of that length, -1 where it isn't known.
func (m *Memory) Hold(body io.Reader, length int) *Held {
	return &Held{memory: m, body: body, length: length}
}

// firstRoom is what the first bytes of a body get, in bytes.
const firstRoom = 2 << 10

// Fill reads until limit bytes are held or the body has ended, and says whether
// it has: then Bytes is all of it. An error is the agent's, or a fault
// overloaded where there is no memory for it.
func (h *Held) Fill(limit int) (whole bool, err error) {
	for !h.whole && len(h.b) <= limit {
		if h.length >= 0 && len(h.b) == h.length {
			h.whole = true
			break
		}
		if err := h.room(limit); err != nil {
			return false, err
		}
		n, err := h.body.Read(h.b[len(h.b):cap(h.b)])
		h.b = h.b[:len(h.b)+n]
		switch {
		case err == io.EOF && (h.length < 0 || len(h.b) == h.length):
			h.whole = true
		case err == io.EOF:
			return false, io.ErrUnexpectedEOF
		case err != nil:
			return false, err
		}
	}
	return h.whole && len(h.b) <= limit, nil
}

// room makes place for at least one more byte, and for no more than one behind
// limit or length: that tells a body of limit bytes from a longer one.
func (h *Held) room(limit int) error {
	if len(h.b) < cap(h.b) {
		return nil
	}
	size := min(max(firstRoom, 2*cap(h.b)), limit+1)
	if h.length >= 0 {
		size = min(size, h.length)
	}
	if !h.memory.take(size - cap(h.b)) {
		f := fault.Newf(fault.Overloaded, "the broker holds back as many request bodies as it has memory for: wait and try again")
		f.RetryAfter = time.Second
		return f
	}
	h.b = append(make([]byte, 0, size), h.b...)
	return nil
}

// Bytes is what is held. It must not be changed.
func (h *Held) Bytes() []byte { return h.b }

// Read gives the whole body: what was held, and then what still comes.
func (h *Held) Read(p []byte) (int, error) {
	if h.read < len(h.b) {
		n := copy(p, h.b[h.read:])
		h.read += n
		return n, nil
	}
	if h.whole {
		return 0, io.EOF
	}
	h.Release()
	return h.body.Read(p)
}

// Release gives the memory back. What was not read of it is gone. It may be
// called again.
func (h *Held) Release() {
	h.memory.left.Add(int64(cap(h.b)))
	h.b, h.read = nil, 0
}
