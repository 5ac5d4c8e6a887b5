package upstream

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"time"
)

const chunkedHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"

// measured is an answer that says its body has n bytes, whatever it has.
func measured(n int, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", n, body)
}

func chunk(data string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(data), data) }

func coded(coding, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", coding, len(body), body)
}

func fill(n int) string { return strings.Repeat("x", n) }

func redirect(status int) func(*taken) {
	return func(t *taken) {
		t.send(fmt.Sprintf("HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: %d\r\n\r\n%s", status, t.query("to"), len(Own), Own))
	}
}

// lateAnswer answers, and once that answer is sure to have been read sends
// another one, which nobody asked for. Ran counts it as ended when the client
// has closed the connection.
func lateAnswer(t *taken) {
	t.send(measured(len(Own), Own))
	const idle = 50 * time.Millisecond // until it is back in a pool
	time.Sleep(idle)
	t.send(measured(len(Stray), Stray))
	t.s.tally.add("late-answer-sent", 1, 1)
	t.untilGone()
}

// reset sends the first bytes of a good answer, then resets the connection.
func reset(t *taken) {
	answer := measured(8192, fill(8192))
	t.send(answer[:min(t.number("at"), len(answer))])
	// A reset throws away what the client has not read yet: give it the time.
	time.Sleep(20 * time.Millisecond)
	t.reset()
}

// early answers as soon as the first bytes of the body are there, and never
// reads it to its end.
func early(status, headers string) func(*taken) {
	return func(t *taken) {
		if _, err := t.in.Peek(1); err != nil {
			return
		}
		t.send(fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", status, headers, len(Own), Own))
		if headers != "" {
			t.linger()
			return
		}
		t.untilGone()
	}
}

const bombSize = 80 << 20

// gzipBomb is a body of 80 MiB in some hundred bytes: gzip over gzip.
func gzipBomb(t *taken) {
	var inner, outer bytes.Buffer
	z := gzip.NewWriter(&inner)
	_, _ = io.CopyN(z, zeros{}, bombSize) // a bytes.Buffer always writes
	_ = z.Close()
	z = gzip.NewWriter(&outer)
	_, _ = z.Write(inner.Bytes())
	_ = z.Close()
	t.send(coded("gzip, gzip", outer.String()))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// gzipTruncated is framed as a whole body, but its coding isn't at its end.
func gzipTruncated(t *taken) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.Copy(z, Content(64<<10)) // a bytes.Buffer always writes
	_ = z.Close()
	t.send(coded("gzip", b.String()[:b.Len()/2]))
}
