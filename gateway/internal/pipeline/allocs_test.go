package pipeline_test

import (
	"io"
	"net"
	"strings"
	"testing"
)

// quick is an upstream that allocates next to nothing: it answers each read
// with the same bytes.
func quick(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 23 Nov 2026 00:00:00 GMT\r\nContent-Length: 16\r\n\r\n{\"answer\":\"yes\"}")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for buf := make([]byte, 64<<10); ; {
					if _, err := c.Read(buf); err != nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

const chat = `{"model":"m","messages":[{"role":"user","content":"hello"}]}`

// exchange runs one small request with the headers that an SDK sends.
func (r *rooms) exchange(post bool) {
	in := r.get("p", "/things/1", "Accept: application/json", "Content-Type: application/json", "User-Agent: SDK/Go 3.0", "Accept-Encoding: gzip", "X-Stainless-Lang: go", "X-Stainless-Os: Linux")
	if post {
		in.Method, in.Body, in.Length = "POST", strings.NewReader(chat), len(chat)
	}
	reply := r.Serve(in)
	n, err := io.Copy(io.Discard, struct{ io.Reader }{reply.Body})
	if err != nil || n != 16 || reply.Status != 200 {
		r.t.Fatalf("%d, %d bytes, %v", reply.Status, n, err)
	}
	_ = reply.Body.Close()
}

// maxAllocs is what a small exchange may allocate, the making of the request in
// this test and some slack included. It is there to catch a leap.
const maxAllocs = 90

func TestAllocsOfASmallExchange(t *testing.T) {
	r := &rooms{t: t, dir: t.TempDir(), tokens: map[string]string{}}
	r.wire(quick(t), nil)
	for _, post := range []bool{false, true} {
		r.exchange(post)
		n := testing.AllocsPerRun(200, func() { r.exchange(post) })
		t.Logf("post %v: %.0f allocations", post, n)
		if n > maxAllocs {
			t.Errorf("post %v: %.0f allocations, more than %d", post, n, maxAllocs)
		}
	}
}

func BenchmarkExchange(b *testing.B) {
	for name, post := range map[string]bool{"get": false, "post": true} {
		b.Run(name, func(b *testing.B) {
			r := &rooms{t: b, dir: b.TempDir(), tokens: map[string]string{}}
			r.wire(quick(b), nil)
			b.ReportAllocs()
			for b.Loop() {
				r.exchange(post)
			}
		})
	}
}

// BenchmarkRefusal is what a flood of requests without a token costs.
func BenchmarkRefusal(b *testing.B) {
	r := &rooms{t: b, dir: b.TempDir(), tokens: map[string]string{}}
	r.wire("http://127.0.0.1:1", nil)
	in := incoming("GET", "/api/p/x")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = read(b, r.Serve(in))
	}
}
