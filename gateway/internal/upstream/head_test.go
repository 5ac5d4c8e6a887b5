package upstream

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/wire"
)

func parse(text string) (head, error) { return readHead(bufio.NewReader(strings.NewReader(text))) }

func TestHeadIsKeptAsSent(t *testing.T) {
	h, err := parse("HTTP/1.1 207 Multi-Status  x\r\nx-lower: a\r\nX-LOWER:b \r\nEmpty:\r\nTab:\ta\tb\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, f := range h.headers {
		got += f.Name + "=" + f.Value + "|"
	}
	if h.status != 207 || h.reason != "Multi-Status  x" || got != "x-lower=a|X-LOWER=b|Empty=|Tab=a\tb|" {
		t.Errorf("got %d %q %q", h.status, h.reason, got)
	}
}

func TestHeadsRefused(t *testing.T) {
	long := strings.Repeat("a", wire.MaxHead)
	for name, text := range map[string]string{
		"bare LF in the status line": "HTTP/1.1 200 OK\nA: b\r\n\r\n",
		"bare LF in a header":        "HTTP/1.1 200 OK\r\nA: b\n\r\n",
		"bare LF at the end":         "HTTP/1.1 200 OK\r\nA: b\r\n\n",
		"folded line":                "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
		"space before the colon":     "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
		"no colon":                   "HTTP/1.1 200 OK\r\nA\r\n\r\n",
		"no name":                    "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
		"NUL in a value":             "HTTP/1.1 200 OK\r\nA: b\x00\r\n\r\n",
		"CR in a value":              "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
		"control in the reason":      "HTTP/1.1 200 O\x01K\r\n\r\n",
		"unknown version":            "HTTP/9.9 200 OK\r\n\r\n",
		"HTTP/2":                     "HTTP/2 200\r\n\r\n",
		"status of two digits":       "HTTP/1.1 20 OK\r\n\r\n",
		"status of letters":          "HTTP/1.1 2xx OK\r\n\r\n",
		"status 600":                 "HTTP/1.1 600 OK\r\n\r\n",
		"an empty line first":        "\r\nHTTP/1.1 200 OK\r\n\r\n",
		"too long":                   "HTTP/1.1 200 OK\r\nA: " + long + "\r\n\r\n",
		"too many":                   "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", wire.MaxHeaders+1) + "\r\n",
		"something else":             "<html>\r\n\r\n",
	} {
		var proto wire.Error
		if _, err := parse(text); !errors.As(err, &proto) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parse(""); err != io.EOF {
		t.Errorf("nothing: %v", err)
	}
	if _, err := parse("HTTP/1.1 200 OK\r\nA: b\r\n"); err != io.ErrUnexpectedEOF {
		t.Errorf("cut: %v", err)
	}
}

func TestFraming(t *testing.T) {
	const refused = -9
	for _, c := range []struct {
		method, head string
		want         int64
	}{
		{"GET", "200 OK\r\nContent-Length: 12", 12},
		{"GET", "200 OK\r\nTransfer-Encoding: Chunked", -1},
		{"GET", "200 OK", -2},
		{"HEAD", "200 OK\r\nContent-Length: 12", 12},
		{"HEAD", "200 OK", -2},
		{"GET", "304 Not Modified\r\nContent-Length: 12", 12},
		{"GET", "204 No Content\r\nContent-Length: 12", 0},
		{"GET", "200 OK\r\nContent-Length: 12\r\nTransfer-Encoding: chunked", refused},
		{"GET", "200 OK\r\nContent-Length: 12\r\nContent-Length: 12", refused},
		{"GET", "200 OK\r\nContent-Length: 12, 12", refused},
		{"GET", "200 OK\r\nContent-Length: +12", refused},
		{"GET", "200 OK\r\nContent-Length: -1", refused},
		{"GET", "200 OK\r\nContent-Length: 0x10", refused},
		{"GET", "200 OK\r\nContent-Length: 9999999999999999999", refused},
		{"GET", "200 OK\r\nContent-Length:", refused},
		{"GET", "200 OK\r\nTransfer-Encoding: gzip, chunked", refused},
		{"GET", "200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", refused},
		{"GET", "200 OK\r\nTransfer-Encoding: identity", refused},
	} {
		h, err := parse("HTTP/1.1 " + c.head + "\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.framing(c.method)
		if err != nil {
			got = refused
		}
		if got != c.want {
			t.Errorf("%s %q: %d, want %d", c.method, c.head, got, c.want)
		}
	}
}

func TestKeeps(t *testing.T) {
	for text, want := range map[string]bool{
		"HTTP/1.1 200 OK\r\n\r\n":                              true,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n":         false,
		"HTTP/1.1 200 OK\r\nconnection: x, Close\r\n\r\n":      false,
		"HTTP/1.0 200 OK\r\n\r\n":                              false,
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n":    false, // not worth the doubt
		"HTTP/1.1 200 OK\r\nConnection: keep-alive, x\r\n\r\n": true,
	} {
		h, err := parse(text)
		if err != nil || h.keeps() != want {
			t.Errorf("%q: %v %v", text, h.keeps(), err)
		}
	}
}

// FuzzHead: whatever is accepted, net/http's reader, which is more lenient,
// reads alike.
func FuzzHead(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\n")
	f.Add("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n")
	f.Add("HTTP/1.0 500 \r\nTransfer-Encoding: chunked\r\n\r\n")
	f.Add("HTTP/1.1 200 OK\r\nA : b\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parse(text)
		if err != nil {
			return
		}
		length, err := h.framing("GET")
		if err != nil {
			return
		}
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), &http.Request{Method: "GET"})
		if err != nil {
			return // it may refuse what we pass on, but must not see another message
		}
		if resp.StatusCode != h.status {
			t.Errorf("status %d, net/http has %d", h.status, resp.StatusCode)
		}
		if length >= 0 && h.status >= 200 && h.status != 204 && h.status != 304 && resp.ContentLength != length {
			t.Errorf("length %d, net/http has %d", length, resp.ContentLength)
		}
	})
}
