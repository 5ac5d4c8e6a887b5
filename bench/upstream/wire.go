package upstream

import (
	"bytes"
	"strconv"
	"strings"
)

const maxHead = 1 << 20 // bytes; net/http refuses a head of that size itself

type wireState int

const (
	inHead wireState = iota
	inBody
	inChunkSize
	inChunk
	inChunkEnd
	inTrailer
	lost // what comes is no HTTP/1.1 that we can follow
)

// wire follows the framing of one connection's requests (RFC 9112 sections 6
// and 7) to cut out their heads as they are on the wire, which net/http does
// not show.
type wire struct {
	state wireState
	part  []byte // of the head, or of the line, that is being read
	left  int64  // bytes of the body or chunk still to come
	heads [][]byte
}

// feed takes the next bytes of the connection.
func (p *wire) feed(b []byte) {
	for len(b) > 0 && p.state != lost {
		switch p.state {
		case inHead:
			b = p.feedHead(b)
		case inBody:
			b = p.skip(b, inHead)
		case inChunk:
			b = p.skip(b, inChunkEnd)
		default:
			b = p.feedLine(b)
		}
	}
}

// skip passes over what is left of a body or chunk; then follows the state then.
func (p *wire) skip(b []byte, then wireState) []byte {
	n := min(p.left, int64(len(b)))
	if p.left -= n; p.left == 0 {
		p.state = then
	}
	return b[n:]
}

// feedHead reads up to and with the empty line that ends the head.
func (p *wire) feedHead(b []byte) []byte {
	for i, c := range b {
		p.part = append(p.part, c)
		if c == '\n' && (bytes.HasSuffix(p.part, []byte("\n\r\n")) || bytes.HasSuffix(p.part, []byte("\n\n"))) {
			head := bytes.Clone(p.part)
			p.heads = append(p.heads, head)
			p.part = p.part[:0]
			p.afterHead(head)
			return b[i+1:]
		}
	}
	if len(p.part) > maxHead {
		p.state = lost
	}
	return nil
}

// afterHead tells from the head what follows it.
func (p *wire) afterHead(head []byte) {
	p.state, p.left = inHead, 0
	for _, h := range headerLines(head) {
		switch strings.ToLower(h[0]) {
		case "transfer-encoding":
			p.state = inChunkSize
			return
		case "content-length":
			n, err := strconv.ParseInt(h[1], 10, 64)
			if err != nil || n < 0 {
				p.state = lost
				return
			}
			if p.left = n; n > 0 {
				p.state = inBody
			}
		}
	}
}

// feedLine reads a line of the chunked coding.
func (p *wire) feedLine(b []byte) []byte {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		if p.part = append(p.part, b...); len(p.part) > maxHead {
			p.state = lost
		}
		return nil
	}
	line := strings.TrimRight(string(append(p.part, b[:end]...)), "\r")
	p.part = p.part[:0]
	switch p.state {
	case inChunkEnd:
		p.state = inChunkSize
	case inChunkSize:
		digits, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 16, 64)
		switch {
		case err != nil || n < 0:
			p.state = lost
		case n == 0:
			p.state = inTrailer
		default:
			p.state, p.left = inChunk, n
		}
	case inTrailer:
		if line == "" {
			p.state = inHead
		}
	}
	return b[end+1:]
}

// next gives the oldest head that was not asked for yet, nil where there is none.
func (p *wire) next() []byte {
	if len(p.heads) == 0 {
		return nil
	}
	head := p.heads[0]
	p.heads = p.heads[1:]
	return head
}

// headerLines splits a head into names and values, in order, as they are on the
// wire but for the space around a value.
func headerLines(head []byte) [][2]string {
	var lines [][2]string
	for i, line := range strings.Split(string(head), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && i > 0 {
			lines = append(lines, [2]string{name, strings.TrimSpace(value)})
		}
	}
	return lines
}
