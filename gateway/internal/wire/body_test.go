package wire

import (
	"bufio"
	"io"
	"net/http/httputil"
	"strings"
	"testing"
	"testing/iotest"
)

func readChunked(text string) (string, *ChunkedBody, error) {
	c := NewChunked(bufio.NewReader(strings.NewReader(text)))
	got, err := io.ReadAll(c)
	return string(got), c, err
}

func TestChunked(t *testing.T) {
	text := "5\r\nhello\r\n00a;name=\"v\"\r\n, big wide\r\n1 \r\n!\r\n0\r\nX-One: 1\r\nx-two: 2\r\n\r\nnext"
	got, c, err := readChunked(text)
	if err != nil || got != "hello, big wide!" || !c.Whole() {
		t.Fatalf("%q %v", got, err)
	}
	if len(c.trailers) != 2 || c.trailers[1].Name != "x-two" || c.trailers[1].Value != "2" {
		t.Errorf("trailers %v", c.trailers)
	}
	if rest, _ := io.ReadAll(c.br); string(rest) != "next" {
		t.Errorf("it read into what comes behind: %q is left", rest)
	}
	one := NewChunked(bufio.NewReader(iotest.OneByteReader(strings.NewReader(text))))
	if b, err := io.ReadAll(iotest.OneByteReader(one)); err != nil || string(b) != got {
		t.Errorf("a byte at a time: %q %v", b, err)
	}
}

func TestChunkedRefused(t *testing.T) {
	for name, text := range map[string]string{
		"cut in the size":     "5",
		"cut in the data":     "5\r\nhel",
		"cut behind the data": "5\r\nhello",
		"no last chunk":       "5\r\nhello\r\n",
		"no end of trailers":  "0\r\nA: b\r\n",
		"longer than it says": "5\r\nhello!\r\n0\r\n\r\n",
		"bare LF":             "5\nhello\r\n0\r\n\r\n",
		"no size":             "\r\nhello\r\n0\r\n\r\n",
		"an extension alone":  ";x\r\nhello\r\n0\r\n\r\n",
		"a sign":              "+5\r\nhello\r\n0\r\n\r\n",
		"0x":                  "0x5\r\nhello\r\n0\r\n\r\n",
		"2^63":                "8000000000000000\r\nhello\r\n0\r\n\r\n",
		"a long size line":    "5;" + strings.Repeat("x", maxChunkLine) + "\r\nhello\r\n0\r\n\r\n",
		"a bad trailer":       "0\r\nA b\r\n\r\n",
	} {
		if got, c, err := readChunked(text); err == nil || c.Whole() {
			t.Errorf("%s was read as %q", name, got)
		}
	}
}

func TestFixedCutIsAnError(t *testing.T) {
	f := NewFixed(bufio.NewReader(strings.NewReader("abc")), 4)
	if _, err := io.ReadAll(f); err != io.ErrUnexpectedEOF || f.Whole() {
		t.Errorf("%v", err)
	}
}

// FuzzChunked: what we accept, the standard library's reader takes as the same
// bytes.
func FuzzChunked(f *testing.F) {
	f.Add("5\r\nhello\r\n0\r\n\r\n")
	f.Add("5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n")
	f.Add("ffffffffffffffff\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, _, err := readChunked(text)
		if err != nil {
			return
		}
		want, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(text)))
		if err == nil && string(want) != got {
			t.Errorf("%q, the standard library has %q", got, want)
		}
	})
}
