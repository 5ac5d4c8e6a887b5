// Package wire reads and writes HTTP/1.1 messages as RFC 9112 has them, for both
// sides of the broker: one strict reader, so that an agent's request and an API's
// answer are held to the same rules. Whatever two programs could read in two ways
// is an Error; nothing is repaired.
package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// Bounds of a head.
const (
	MaxHead    = 64 << 10 // bytes
	MaxHeaders = 256      // lines
)

// Error is what no strict reader accepts. Reading on would be guessing where the
// message ends, and the next one begins. Its text repeats nothing of what came.
type Error struct{ what string }

func (e Error) Error() string { return "not HTTP/1.1 as RFC 9112 has it: " + e.what }

// Errorf makes an Error that completes "not HTTP/1.1 as RFC 9112 has it: …".
func Errorf(format string, args ...any) error { return Error{fmt.Sprintf(format, args...)} }

// ErrTooLarge is what ReadHead returns for a head of more than MaxHead bytes.
var ErrTooLarge = Errorf("its head has more than %d KiB", MaxHead>>10)

var end = []byte("\r\n\r\n")

// ReadHead reads a start line and header lines, with the empty line behind them,
// as one string. io.EOF means that nothing came at all. Most heads lie whole in
// br's buffer, and are copied once.
func ReadHead(br *bufio.Reader) (string, error) {
	if _, err := br.Peek(1); err != nil {
		return "", err
	}
	if b, err := br.Peek(br.Buffered()); err == nil {
		if i := bytes.Index(b, end); i >= 0 && i+len(end) <= MaxHead && cleanLines(b[:i]) {
			text := string(b[:i+len(end)])
			_, err := br.Discard(len(text))
			return text, err
		}
	}
	return readLines(br)
}

// cleanLines: every line of b, which has no empty one, ends in CRLF, so that none
// can end the head before the empty line that was found.
func cleanLines(b []byte) bool {
	if len(b) == 0 || bytes.HasPrefix(b, end[:2]) {
		return false
	}
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return true
		}
		if i == 0 || b[i-1] != '\r' {
			return false
		}
		b = b[i+1:]
	}
}

// readLines reads line by line, however small the buffer is.
func readLines(br *bufio.Reader) (string, error) {
	var all []byte
	for lineStart := 0; ; {
		part, err := br.ReadSlice('\n')
		all = append(all, part...)
		if len(all) > MaxHead {
			return "", ErrTooLarge
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			if errors.Is(err, io.EOF) && len(all) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		if n := len(all); n < lineStart+2 || all[n-2] != '\r' {
			return "", Errorf("a line ends in LF alone")
		}
		if len(all) == lineStart+2 {
			if lineStart == 0 {
				return "", Errorf("it begins with an empty line")
			}
			return string(all), nil
		}
		lineStart = len(all)
	}
}

// ParseHeaders takes lines that end in CRLF, up to the empty one. The headers
// share the text's memory.
func ParseHeaders(text string) ([]request.Header, error) {
	list := make([]request.Header, 0, 16)
	for {
		line, rest, ok := strings.Cut(text, "\r\n")
		if line == "" || !ok {
			return list, nil
		}
		text = rest
		name, value, found := strings.Cut(line, ":")
		switch {
		case line[0] == ' ' || line[0] == '\t':
			return nil, Errorf("a folded header line")
		case !found || !request.Token(name):
			return nil, Errorf("a header line without a proper name")
		case !Visible(value):
			return nil, Errorf("a control character in the value of a header")
		case len(list) == MaxHeaders:
			return nil, Errorf("more than %d header lines", MaxHeaders)
		}
		list = append(list, request.Header{Name: name, Value: strings.Trim(value, " \t")})
	}
}

// Visible is RFC 9110 §5.5: no control character but tab.
func Visible(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// Framing is how long the headers say that a body is: its length, Chunked, or
// Unsaid.
func Framing(headers []request.Header) (int64, error) {
	length := int64(Unsaid)
	for i := range headers {
		h := &headers[i]
		switch {
		case len(h.Name) == len("Content-Length") && strings.EqualFold(h.Name, "Content-Length"):
			n, err := parseLength(h.Value)
			if err != nil || length >= 0 {
				return 0, Errorf("its Content-Length is not one number")
			}
			if length == Chunked {
				return 0, errBoth
			}
			length = n
		case len(h.Name) == len("Transfer-Encoding") && strings.EqualFold(h.Name, "Transfer-Encoding"):
			if length >= 0 {
				return 0, errBoth
			}
			if length == Chunked || !strings.EqualFold(h.Value, "chunked") {
				return 0, Errorf("its Transfer-Encoding is not chunked alone")
			}
			length = Chunked
		}
	}
	return length, nil
}

var errBoth = Errorf("it has both Content-Length and Transfer-Encoding")

// What Framing can say besides a length.
const (
	Chunked = -1
	Unsaid  = -2
)

func parseLength(s string) (int64, error) {
	if s == "" || len(s) > 18 {
		return 0, errors.New("no length")
	}
	var n int64
	for i := range len(s) {
		if !digit(s[i]) {
			return 0, errors.New("no length")
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, nil
}

// Options says whether a Connection header names an option, such as close.
func Options(headers []request.Header, option string) bool {
	for i := range headers {
		h := &headers[i]
		if len(h.Name) != len("Connection") || !strings.EqualFold(h.Name, "Connection") {
			continue
		}
		for o := range strings.SplitSeq(h.Value, ",") {
			if strings.EqualFold(strings.Trim(o, " \t"), option) {
				return true
			}
		}
	}
	return false
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
