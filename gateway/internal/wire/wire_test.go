package wire

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

func TestFraming(t *testing.T) {
	for _, c := range []struct {
		lines string // name:value, joined by |
		want  int64
		bad   bool
	}{
		{"", Unsaid, false},
		{"content-length:0", 0, false},
		{"Content-Length:999999999999999999", 999999999999999999, false},
		{"Transfer-Encoding:CHUNKED", Chunked, false},
		{"Content-Length:1|Content-Length:1", 0, true},
		{"Content-Length:1|Transfer-Encoding:chunked", 0, true},
		{"Transfer-Encoding:chunked|Content-Length:1", 0, true},
		{"Transfer-Encoding:chunked|Transfer-Encoding:chunked", 0, true},
		{"Transfer-Encoding:gzip, chunked", 0, true},
		{"Transfer-Encoding:", 0, true},
		{"Content-Length:", 0, true},
		{"Content-Length:-1", 0, true},
		{"Content-Length:1000000000000000000", 0, true},
	} {
		var headers []request.Header
		for line := range strings.SplitSeq(c.lines, "|") {
			name, value, _ := strings.Cut(line, ":")
			headers = append(headers, request.Header{Name: name, Value: value})
		}
		got, err := Framing(headers)
		if c.bad != (err != nil) || !c.bad && got != c.want {
			t.Errorf("%s: %d %v", c.lines, got, err)
		}
	}
}

func TestReadHead(t *testing.T) {
	long := strings.Repeat("x", MaxHead)
	for _, c := range []struct {
		text, head string
		err        error
	}{
		{"", "", io.EOF},
		{"A\r\n\r\nrest", "A\r\n\r\n", nil},
		{"A\r\nB: c\r\n\r\n\r\n", "A\r\nB: c\r\n\r\n", nil},
		{"A\r\nB", "", io.ErrUnexpectedEOF},
		{"A\r\n" + long + "\r\n\r\n", "", ErrTooLarge},
		{"A\r\n" + long[:MaxHead-7] + "\r\n\r\n", "A\r\n" + long[:MaxHead-7] + "\r\n\r\n", nil},
	} {
		for _, size := range []int{16, 4096, 2 * MaxHead} {
			got, err := ReadHead(bufio.NewReaderSize(strings.NewReader(c.text), size))
			if got != c.head || !errors.Is(err, c.err) {
				t.Errorf("%.20q in a buffer of %d: %.20q %v", c.text, size, got, err)
			}
		}
	}
}

// FuzzReadHead: the head that lies whole in the buffer is read as line by line.
func FuzzReadHead(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nHost: a\r\n\r\nnext")
	f.Add("A\nB\r\n\r\n")
	f.Add("\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		whole := bufio.NewReaderSize(strings.NewReader(text), 2*MaxHead)
		lines := bufio.NewReaderSize(strings.NewReader(text), 16)
		got, err := ReadHead(whole)
		want, lineErr := readLines(lines)
		if got != want || (err == nil) != (lineErr == nil) {
			t.Fatalf("%q: %q %v, line by line %q %v", text, got, err, want, lineErr)
		}
		if err != nil {
			return
		}
		a, _ := io.ReadAll(whole)
		b, _ := io.ReadAll(lines)
		if string(a) != string(b) || got+string(a) != text {
			t.Errorf("%q is left, line by line %q", a, b)
		}
	})
}
