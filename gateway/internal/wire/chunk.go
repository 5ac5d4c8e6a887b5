package wire

import "strconv"

// Chunk is a buffer that becomes a chunk in its place: what was read into Room
// leaves with its size and CRLF around it in one write, so that what came is on
// its way at once.
type Chunk struct{ buf []byte }

const (
	sizeRoom = 18 // for a size line: 16 digits and CRLF
	// LastChunk begins the end of a chunked body; trailers and an empty line follow.
	LastChunk = "0\r\n"
)

// NewChunk makes a chunk of buf, which has room for some framing besides.
func NewChunk(buf []byte) Chunk { return Chunk{buf} }

// Room is where the chunk's data goes.
func (c Chunk) Room() []byte { return c.buf[sizeRoom : len(c.buf)-2] }

// Framed is the chunk of the first n bytes in Room; n is not 0, which would end
// the body. It lies in the same buffer.
func (c Chunk) Framed(n int) []byte {
	var digits [16]byte
	size := strconv.AppendUint(digits[:0], uint64(n), 16)
	start := sizeRoom - len(size) - 2
	copy(c.buf[start:], size)
	copy(c.buf[start+len(size):], "\r\n")
	stop := sizeRoom + n + copy(c.buf[sizeRoom+n:], "\r\n")
	return c.buf[start:stop]
}
