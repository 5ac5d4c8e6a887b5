package scrub

import "sync"

// A Reader begins with a small buffer, in which thousands of event streams
// fit, and takes a large one when reads fill it.
const (
	smallBuffer = 4 << 10
	largeBuffer = 64 << 10
)

var (
	smallBuffers = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

// getBuffer has size bytes, or as many more as a long tail needs to leave half
// of it for reading. Only the two sizes are pooled; secrets of kilobytes are rare.
func getBuffer(size, tail int) []byte {
	switch size = max(size, 2*tail); size {
	case smallBuffer:
		return smallBuffers.Get().(*[smallBuffer]byte)[:]
	case largeBuffer:
		return largeBuffers.Get().(*[largeBuffer]byte)[:]
	}
	return make([]byte, size)
}

// putBuffer clears b, which may hold what was masked on its way out, and the
// beginnings of it.
func putBuffer(b []byte) {
	clear(b)
	switch len(b) {
	case smallBuffer:
		smallBuffers.Put((*[smallBuffer]byte)(b))
	case largeBuffer:
		largeBuffers.Put((*[largeBuffer]byte)(b))
	}
}
