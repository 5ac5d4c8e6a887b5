package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
)

func TestReadMessage(t *testing.T) {
	for _, c := range []struct {
		in       string
		bodiless bool
		want     Message
	}{
		{"GET /a%2F HTTP/1.1\r\nhOst: x\r\nX-B:  2 \r\nX-A:\r\n\r\nnext", false, Message{First: "GET /a%2F HTTP/1.1", Headers: [][2]string{{"hOst", "x"}, {"X-B", "2"}, {"X-A", ""}}, Framing: "none", Length: -1}},
		{"POST / HTTP/1.1\r\nContent-length: 4\r\n\r\nbodynext", false, Message{First: "POST / HTTP/1.1", Headers: [][2]string{{"Content-length", "4"}}, Framing: "length", Length: 4, Body: []byte("body")}},
		{chunkedHead[:17] + "Transfer-Encoding: chunked\r\n\r\n2;x\r\nbo\r\n2\r\ndy\r\n0\r\nX-T: u\r\n\r\nnext", false, Message{First: "HTTP/1.1 200 OK", Headers: [][2]string{{"Transfer-Encoding", "chunked"}}, Framing: "chunked", Length: -1, Body: []byte("body"), Trailers: [][2]string{{"X-T", "u"}}}},
		{"HTTP/1.1 200 \r\n\r\nbody", false, Message{First: "HTTP/1.1 200 ", Framing: "close", Length: -1, Body: []byte("body")}},
		{"HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\nnext", false, Message{First: "HTTP/1.1 304 ", Headers: [][2]string{{"Content-Length", "9"}}, Framing: "none", Length: 9}},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnext", true, Message{First: "HTTP/1.1 200 OK", Headers: [][2]string{{"Content-Length", "9"}}, Framing: "none", Length: 9}},
	} {
		in := bufio.NewReader(strings.NewReader(c.in))
		got, err := ReadMessage(in, c.bodiless)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q:\n got %+v %v\nwant %+v", c.in, got, err, c.want)
		}
		if rest, _ := io.ReadAll(in); strings.HasSuffix(c.in, "next") != (string(rest) == "next") {
			t.Errorf("%q: it left %q", c.in, rest)
		}
	}
	for in, want := range map[string]error{
		"": io.EOF, "GET / HT": io.ErrUnexpectedEOF, "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nbod": io.ErrUnexpectedEOF,
		chunkedHead + "5\r\nbod": io.ErrUnexpectedEOF, chunkedHead + "3\r\nbod\r\n0\r\n": io.ErrUnexpectedEOF,
	} {
		if m, err := ReadMessage(bufio.NewReader(strings.NewReader(in)), false); !errors.Is(err, want) {
			t.Errorf("%q: %+v %v", in, m, err)
		}
	}
}

// One connection, as long as its answers say how long they are.
func TestScriptedAnswersAsItIsTold(t *testing.T) {
	s, url, err := StartScripted()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const one, two = "HTTP/1.1 103 Soon\r\n\r\nHTTP/1.1 200 Ok then\r\nx-A: b\r\ncontent-length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nto the end"
	s.Answer("one", one)
	s.Answer("two", two)
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, name := range []string{"one", "one", "two"} {
		if _, err := io.WriteString(c, "POST /"+name+" HTTP/1.1\r\nX-Script: "+name+"\r\nContent-Length: 3\r\n\r\nabc"); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := io.ReadAll(c); err != nil || string(got) != one+one+two {
		t.Errorf("%q %v", got, err)
	}
	if got := s.Take("one"); len(got) != 2 || got[0].First != "POST /one HTTP/1.1" || !bytes.Equal(got[1].Body, []byte("abc")) {
		t.Errorf("%+v", got)
	}
	if got := s.Take("one"); got != nil {
		t.Errorf("taken twice: %+v", got)
	}
}
