package upstream_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// raw is an upstream that sees and says bytes. serve is called with each
// connection and its number, from 0.
type raw struct {
	net.Listener
	accepted chan int
}

func listen(t testing.TB, serve func(n int, c *wire)) *raw {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	r := &raw{l, make(chan int, 1000)}
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.accepted <- n
			go func() {
				defer c.Close()
				serve(n, &wire{Conn: c, br: bufio.NewReader(c)})
			}()
		}
	}()
	return r
}

func (r *raw) url() string { return "http://" + r.Addr().String() }

// wire is one connection, from the upstream's side.
type wire struct {
	net.Conn
	br *bufio.Reader
}

// head reads a request's head, without the final empty line; "" at the end.
func (w *wire) head() string {
	var b strings.Builder
	for {
		line, err := w.br.ReadString('\n')
		if err != nil {
			return ""
		}
		if line == "\r\n" {
			return b.String()
		}
		b.WriteString(line)
	}
}

// body reads n bytes.
func (w *wire) body(n int) string {
	b := make([]byte, n)
	_, _ = io.ReadFull(w.br, b)
	return string(b)
}

func (w *wire) say(s string) { _, _ = fmt.Fprint(w, s) }

// ok answers each request of a connection with its number there.
func ok(n int, w *wire) {
	for i := 0; ; i++ {
		head := w.head()
		if head == "" {
			return
		}
		if _, length, found := strings.Cut(head, "Content-Length: "); found {
			var size int
			_, _ = fmt.Sscan(length, &size)
			w.body(size)
		}
		answer := fmt.Sprintf("%d.%d", n, i)
		w.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer))
	}
}
