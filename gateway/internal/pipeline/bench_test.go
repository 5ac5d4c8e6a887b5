package pipeline_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
)

// BenchmarkServe is the whole life of a request but for the listener, against an
// upstream on loopback: with -cpuprofile, and without what the upstream's
// goroutines take (go tool pprof -tagignore role:upstream), a profile by stage.
// bench/profile.sh makes one of the whole program under load.
func BenchmarkServe(b *testing.B) {
	const question = `{"model":"bench","messages":[{"role":"user","content":"Say hello."}]}`
	answer := func(size int) string {
		return fmt.Sprintf(`{"object":"bench","note":"%s"}`, strings.Repeat("x", size-28))
	}
	// Text as APIs send it: what it costs to search depends on what it looks like.
	item := `{"id":"item-0001","object":"bench.item","note":"The quick brown fox jumps over the lazy dog.","n":12345},` + "\n"
	large := strings.Repeat(item, 1<<20/len(item))
	event := `data: {"id":"chatcmpl-0123456789","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" word"}}]}` + "\n\n"
	for _, c := range []struct{ name, body, kind, answer string }{
		{"GET", "", "application/json", lengthy(answer(110))},
		{"GET-1000", "", "application/json", lengthy(answer(1000))},
		{"POST", question, "application/json", lengthy(answer(110))},
		{"Download", "", "application/octet-stream", lengthy(large)},
		{"Events", question, "text/event-stream", "Transfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", len(event), event), 1000) + "0\r\n\r\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := &rooms{t: b, dir: b.TempDir(), tokens: map[string]string{}}
			r.wire("http://"+canned(b, "HTTP/1.1 200 OK\r\nContent-Type: "+c.kind+"\r\n"+c.answer), nil)
			headers := []string{"Accept: application/json", "User-Agent: OpenAI/JS 7.57.0", "Content-Type: application/json"}
			in := r.get("p", "/things/1", headers...)
			var body *bytes.Reader
			if c.body != "" {
				in = r.post("p", "/things", c.body, headers...)
				body = bytes.NewReader([]byte(c.body))
				in.Body = body
			}
			once := func() int64 {
				if body != nil {
					_, _ = body.Seek(0, io.SeekStart) // a bytes.Reader can
				}
				return consume(b, r.Serve(in))
			}
			b.SetBytes(once())
			b.ReportAllocs()
			for b.Loop() {
				once()
			}
		})
	}
}

func lengthy(body string) string {
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// consume takes a reply to its end, as the listener does, and gives its size.
func consume(b *testing.B, reply pipeline.Reply) int64 {
	n, err := io.Copy(io.Discard, reply.Body)
	if cerr := reply.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil || reply.Status != 200 {
		b.Fatalf("status %d, %v", reply.Status, err)
	}
	return n
}

// canned is an upstream that gives every request the same answer, at the least
// cost. It ends with the benchmark.
func canned(b *testing.B, answer string) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go pprof.Do(context.Background(), pprof.Labels("role", "upstream"), func(context.Context) {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				for r := bufio.NewReader(c); skip(r) == nil; {
					if _, err := io.WriteString(c, answer); err != nil {
						return
					}
				}
			}()
		}
	})
	return l.Addr().String()
}

// skip reads one request.
func skip(r *bufio.Reader) error {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			_, err = r.Discard(length)
			return err
		}
		if value, ok := bytes.CutPrefix(bytes.ToLower(line), []byte("content-length: ")); ok {
			if _, err := fmt.Sscan(string(value), &length); err != nil {
				return err
			}
		}
	}
}
