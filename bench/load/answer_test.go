package load

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWhole(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       bool
		err        string
	}{
		{"half a head", "HTTP/1.1 200 OK\r\nContent-Le", false, ""},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", false, ""},
		{"a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", true, ""},
		{"case and space", "HTTP/1.1 200 OK\r\ncontent-LENGTH:5 \r\n\r\nabcde", true, ""},
		{"no body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true, ""},
		{"chunks without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false, ""},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", true, ""},
		{"refused", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", false, "401"},
		{"two answers", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naH", false, "1 bytes behind"},
		{"no framing", "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", false, "neither"},
		{"no number", "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n", false, "Content-Length"},
	} {
		got, err := whole([]byte(c.text))
		if got != c.want || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

// Wherever a stream is cut, its data come out the same.
func TestDechunkerAtAnySplit(t *testing.T) {
	const text, want = "5\r\nhello\r\n1\r\n\n\r\nA\r\n0123456789\r\n0\r\n\r\n", "hello\n0123456789"
	rapid.Check(t, func(t *rapid.T) {
		var d dechunker
		var got []byte
		for rest := []byte(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			var err error
			if got, err = d.feed(got, rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if string(got) != want || !d.done {
			t.Fatalf("%q, done %v", got, d.done)
		}
	})
}

func TestDechunkerRefuses(t *testing.T) {
	for _, text := range []string{"x\r\n", "-1\r\n", strings.Repeat("0", 100)} {
		var d dechunker
		if _, err := d.feed(nil, []byte(text)); !errors.Is(err, errChunk) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
