package upstream

import (
	"bytes"
	"strconv"
	"strings"
)

// interims are answers before the real one (RFC 9110 section 15.2) that mean
// nothing to a client which did not ask for them.
var interims = []string{
	"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
	"HTTP/1.1 102 Processing\r\n\r\n",
	"HTTP/1.1 103\r\n\r\n",
}

// loudHead is an answer's head, with interim answers before it and its names in
// other cases of letters.
func (n *noise) loudHead(head string, request []byte) string {
	if !n.loud {
		return head
	}
	first, _, _ := bytes.Cut(request, []byte("\r\n"))
	var b strings.Builder
	if !n.noInterim && bytes.HasSuffix(first, []byte(" HTTP/1.1")) { // 1.0 knows none
		for n.chance() && b.Len() < 400 {
			b.WriteString(interims[n.rng.IntN(len(interims))])
		}
	}
	lines := strings.SplitAfter(head, "\n")
	b.WriteString(lines[0])
	recase := n.chance()
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if ok && recase {
			name = n.recased(name)
		}
		b.WriteString(name)
		if ok {
			b.WriteString(":" + value)
		}
	}
	return b.String()
}

func (n *noise) recased(name string) string {
	b := []byte(strings.ToLower(name))
	for i, c := range b {
		if c >= 'a' && c <= 'z' && n.chance() {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// extensions are chunk extensions (RFC 9112 section 7.1.1), which every
// recipient ignores.
var extensions = []string{"", "", ";noise", ";a=b", `;q="x;y\"z"`, ";a=1;b=2"}

// chunks sends data as chunks of its own: of any size in a noisy answer.
func (n *noise) chunks(data []byte, out *[]byte) {
	for len(data) > 0 {
		size, extension, digits := len(data), "", strconv.FormatInt(int64(len(data)), 16)
		if n.loud && n.budget > 0 {
			if n.chance() {
				size = 1 + n.rng.IntN(min(size, 300))
			}
			digits = strconv.FormatInt(int64(size), 16)
			if n.chance() {
				digits = strings.Repeat("0", n.rng.IntN(4)) + strings.ToUpper(digits)
			}
			extension = extensions[n.rng.IntN(len(extensions))]
			n.budget--
		}
		*out = append(*out, digits+extension+"\r\n"...)
		*out = append(append(*out, data[:size]...), "\r\n"...)
		data = data[size:]
	}
}

// feedLine reads a line of net/http's own chunks, and drops it: chunks and
// trailers are written anew.
func (n *noise) feedLine(p []byte, out *[]byte) []byte {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		n.part = append(n.part, p...)
		return nil
	}
	line := strings.TrimSuffix(string(append(n.part, p[:end]...)), "\r")
	n.part = n.part[:0]
	switch n.state {
	case inChunkEnd:
		n.state = inChunkSize
	case inChunkSize:
		n.left, _ = strconv.ParseInt(line, 16, 64) // net/http wrote it
		if n.state = inChunk; n.left == 0 {
			n.state = inTrailer
			n.lastChunk(out)
		}
	case inTrailer:
		*out = append(*out, line+"\r\n"...)
		if line == "" {
			n.state = inHead
		}
	}
	return p[end+1:]
}

func (n *noise) lastChunk(out *[]byte) {
	if !n.loud || !n.chance() {
		*out = append(*out, "0\r\n"...)
		return
	}
	*out = append(*out, "000"+extensions[n.rng.IntN(len(extensions))]+"\r\nX-Noise: nobody announced this\r\n"...)
}
