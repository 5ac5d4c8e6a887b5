package wire

import (
	"bufio"
	"io"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// Body reads a body of one framing, and knows when it has read all of it.
type Body interface {
	io.Reader
	Whole() bool // read to its proper end
}

// Fixed is a body of a known length.
type Fixed struct {
	br   *bufio.Reader
	left int64
}

// NewFixed is the body of length bytes that comes next from br.
func NewFixed(br *bufio.Reader, length int64) *Fixed { return &Fixed{br: br, left: length} }

func (f *Fixed) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	n, err := f.br.Read(p[:min(int64(len(p)), f.left)])
	f.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (f *Fixed) Whole() bool { return f.left == 0 }

// UntilClose is a body that ends with its connection.
type UntilClose struct{ *bufio.Reader }

func (u UntilClose) Whole() bool { return false } // the connection is used up

// ChunkedBody is a body in chunks (RFC 9112 §7.1). Extensions are dropped;
// trailers are kept for when it has ended.
type ChunkedBody struct {
	br       *bufio.Reader
	left     int64 // of this chunk's data
	begun    bool  // a chunk's data was read, so its CRLF comes next
	done     bool
	trailers []request.Header
}

const maxChunkLine = 4 << 10

// NewChunked is the chunked body that comes next from br.
func NewChunked(br *bufio.Reader) *ChunkedBody { return &ChunkedBody{br: br} }

// Trailers are those behind the body, once it was read to its end.
func (c *ChunkedBody) Trailers() []request.Header {
	if !c.done {
		return nil
	}
	return c.trailers
}

func (c *ChunkedBody) Read(p []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := c.next(); err != nil {
			if err == io.EOF && !c.done {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
	}
	n, err := c.br.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next begins the next chunk; it is io.EOF, with done set, after the last.
func (c *ChunkedBody) next() error {
	if c.begun {
		if err := c.crlf(); err != nil {
			return err
		}
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	if c.left, err = chunkSize(line); err != nil {
		return err
	}
	c.begun = true
	if c.left > 0 {
		return nil
	}
	if err := c.readTrailers(); err != nil {
		return err
	}
	c.done = true
	return io.EOF
}

func (c *ChunkedBody) crlf() error {
	var end [2]byte
	if _, err := io.ReadFull(c.br, end[:]); err != nil {
		return err
	}
	if end != [2]byte{'\r', '\n'} {
		return Errorf("a chunk is longer than it says")
	}
	return nil
}

func (c *ChunkedBody) line() ([]byte, error) {
	line, err := c.br.ReadSlice('\n')
	if err == bufio.ErrBufferFull || len(line) > maxChunkLine {
		return nil, Errorf("a chunk's size line is too long")
	}
	if err != nil {
		return nil, err
	}
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return nil, Errorf("a chunk's size line ends in LF alone")
	}
	return line[:len(line)-2], nil
}

// chunkSize reads 1*HEXDIG, then nothing or an extension.
func chunkSize(line []byte) (int64, error) {
	var size int64
	for i, ch := range line {
		switch {
		case digit(ch):
			size = size<<4 | int64(ch-'0')
		case ch|0x20 >= 'a' && ch|0x20 <= 'f':
			size = size<<4 | int64(ch|0x20-'a'+10)
		case i > 0 && (ch == ';' || ch == ' ' || ch == '\t'):
			return size, nil
		default:
			return 0, Errorf("a chunk's size is no number")
		}
		if i == 15 {
			return 0, Errorf("a chunk's size is too large")
		}
	}
	if len(line) == 0 {
		return 0, Errorf("a chunk has no size")
	}
	return size, nil
}

func (c *ChunkedBody) readTrailers() error {
	if b, err := c.br.Peek(2); err == nil && b[0] == '\r' && b[1] == '\n' {
		_, err = c.br.Discard(2)
		return err
	}
	text, err := readLines(c.br)
	if err != nil {
		return err
	}
	c.trailers, err = ParseHeaders(text)
	return err
}

func (c *ChunkedBody) Whole() bool { return c.done }
