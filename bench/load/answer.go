// Package load makes load, and measures what comes back. It speaks just as much
// HTTP/1.1 as it needs, on bare sockets: a client that cost more than a gateway
// does would measure itself.
package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

var (
	headEnd    = []byte("\r\n\r\n")
	lastChunk  = []byte("0\r\n\r\n")
	okay       = []byte("HTTP/1.1 200")
	lengthLine = []byte("\r\ncontent-length:")
	chunkLine  = []byte("\r\ntransfer-encoding: chunked")
)

// head is what an answer's head says of its body.
type head struct {
	size   int   // of the head itself; 0 while it isn't whole
	length int64 // of the body; -1 for chunked
}

// errNotOK is an answer that no benchmark counts.
type errNotOK struct{ line string }

func (e errNotOK) Error() string { return "the answer is " + strconv.Quote(e.line) }

// readHead looks at the start of an answer. A zero head asks for more bytes.
func readHead(b []byte) (head, error) {
	end := bytes.Index(b, headEnd)
	if end < 0 {
		return head{}, nil
	}
	if !bytes.HasPrefix(b, okay) {
		return head{}, errNotOK{string(b)}
	}
	h := head{size: end + len(headEnd)}
	lower := bytes.ToLower(b[:end+2])
	if at := bytes.Index(lower, lengthLine); at >= 0 {
		value, _, _ := bytes.Cut(lower[at+len(lengthLine):], headEnd[:2])
		n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		if err != nil {
			return head{}, fmt.Errorf("its Content-Length: %w", err)
		}
		h.length = n
		return h, nil
	}
	if bytes.Contains(lower, chunkLine) {
		h.length = -1
		return h, nil
	}
	return head{}, errors.New("the answer has neither a length nor chunks")
}

// whole says whether b is one answer to its end. Of a chunked one it looks only
// at the end, which is enough where the body is known to hold no last chunk.
func whole(b []byte) (bool, error) {
	h, err := readHead(b)
	if err != nil || h.size == 0 {
		return false, err
	}
	if h.length < 0 {
		return bytes.HasSuffix(b, lastChunk), nil
	}
	switch rest := int64(len(b) - h.size); {
	case rest > h.length:
		return false, fmt.Errorf("%d bytes behind the answer", rest-h.length)
	default:
		return rest == h.length, nil
	}
}

// dechunker takes the chunk framing out of a body as it arrives.
type dechunker struct {
	left int64  // of this chunk's data
	line []byte // of framing, so far
	done bool
}

var errChunk = errors.New("a chunk of no proper size")

// feed appends to dst what of p is data.
func (d *dechunker) feed(dst, p []byte) ([]byte, error) {
	for len(p) > 0 && !d.done {
		if d.left > 0 {
			n := min(d.left, int64(len(p)))
			dst = append(dst, p[:n]...)
			d.left -= n
			p = p[n:]
			continue
		}
		c := p[0]
		p = p[1:]
		if c != '\n' {
			if d.line = append(d.line, c); len(d.line) > 64 {
				return dst, errChunk
			}
			continue
		}
		text := bytes.TrimSpace(d.line)
		d.line = d.line[:0]
		if len(text) == 0 {
			continue // the CRLF behind a chunk's data
		}
		n, err := strconv.ParseInt(string(text), 16, 64)
		if err != nil || n < 0 {
			return dst, errChunk
		}
		d.left, d.done = n, n == 0
	}
	return dst, nil
}
