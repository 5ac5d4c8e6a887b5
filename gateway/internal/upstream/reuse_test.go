package upstream_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

func get(t *testing.T, c *upstream.Client, m *mint, credential string) upstream.Answer {
	t.Helper()
	a, err := c.Do(m.injected(credential, "GET", "/x"), upstream.Body{}, upstream.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConnectionsAreKeptAfterAWholeAnswer(t *testing.T) {
	r := listen(t, ok)
	m, c := newMint(t, r.url()), client(t, upstream.Origin{})
	for i := range 3 {
		if body, err := whole(t, get(t, c, m, "a")); err != nil || body != fmt.Sprintf("0.%d", i) {
			t.Errorf("%q %v", body, err)
		}
	}
	a := get(t, c, m, "a") // 0.3
	if _, err := a.Body.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	_ = a.Close()
	_ = a.Close()
	if body, err := whole(t, get(t, c, m, "a")); err != nil || body != "1.0" {
		t.Errorf("after an answer read in part: %q %v", body, err)
	}
}

// What comes behind an answer belongs to nobody's request.
func TestUnaskedBytesEndAConnection(t *testing.T) {
	r := listen(t, func(n int, w *wire) {
		for w.head() != "" {
			w.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%dHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil!", n))
		}
	})
	m, c := newMint(t, r.url()), client(t, upstream.Origin{})
	for i := range 3 {
		if body, err := whole(t, get(t, c, m, "a")); err != nil || body != fmt.Sprint(i) {
			t.Errorf("%q %v", body, err)
		}
	}
}

func TestWhatForbidsReuse(t *testing.T) {
	for _, say := range []string{
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
	} {
		r := listen(t, func(_ int, w *wire) {
			for w.head() != "" {
				w.say(say)
			}
		})
		m, c := newMint(t, r.url()), client(t, upstream.Origin{})
		for range 2 {
			if _, err := whole(t, get(t, c, m, "a")); err != nil {
				t.Error(err)
			}
		}
		if n := len(r.accepted); n != 2 {
			t.Errorf("%q: %d connections", say, n)
		}
	}
}

// A connection belongs to one credential: nothing that an upstream keeps for a
// connection can pass from one agent's key to another's.
func TestCredentialsShareNoConnection(t *testing.T) {
	r := listen(t, ok)
	m, c := newMint(t, r.url()), client(t, upstream.Origin{})
	for _, want := range []struct{ credential, body string }{{"a", "0.0"}, {"b", "1.0"}, {"a", "0.1"}, {"b", "1.1"}} {
		if body, err := whole(t, get(t, c, m, want.credential)); err != nil || body != want.body {
			t.Errorf("%+v: %q %v", want, body, err)
		}
	}
}

// closer answers once on each connection, and closes it when the next request
// has come, before a byte of an answer; from the connection number good on, it
// serves. It counts the requests.
func closer(t *testing.T, good int) (r *raw, seen *atomic.Int64) {
	seen = &atomic.Int64{}
	return listen(t, func(n int, w *wire) {
		for i := 0; ; i++ {
			head := w.head()
			if head == "" {
				return
			}
			seen.Add(1)
			if strings.Contains(head, "Content-Length: 5") {
				w.body(5)
			}
			if i > 0 && n < good {
				return
			}
			w.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	}), seen
}

func TestOnlySafeRequestsGoTwice(t *testing.T) {
	for _, tt := range []struct {
		method string
		body   upstream.Body
		again  bool
	}{
		{"GET", upstream.Body{}, true}, {"HEAD", upstream.Body{}, true},
		{"POST", upstream.Body{}, false}, {"POST", text("hello"), false}, {"PUT", text("hello"), false}, {"DELETE", upstream.Body{}, false},
		{"GET", text("hello"), false},
	} {
		r, seen := closer(t, 1)
		m, c := newMint(t, r.url()), client(t, upstream.Origin{})
		if _, err := whole(t, get(t, c, m, "a")); err != nil {
			t.Fatal(err)
		}
		a, err := c.Do(m.injected("a", tt.method, "/x"), tt.body, upstream.Hooks{})
		if err == nil {
			_, err = whole(t, a)
		}
		want := int64(2)
		if tt.again {
			want = 3
		}
		if (err == nil) != tt.again || seen.Load() != want {
			t.Errorf("%s: %v, %d requests seen", tt.method, err, seen.Load())
		}
		if !tt.again && fault.From(err).Code != fault.UpstreamUnreachable {
			t.Errorf("%s: %v", tt.method, err)
		}
	}
}

// A new connection that closes without an answer has seen the request.
func TestANewConnectionIsNotTriedTwice(t *testing.T) {
	var seen atomic.Int64
	r := listen(t, func(_ int, w *wire) {
		if w.head() != "" {
			seen.Add(1)
		}
	})
	m, c := newMint(t, r.url()), client(t, upstream.Origin{})
	if _, err := c.Do(m.injected("a", "GET", "/x"), upstream.Body{}, upstream.Hooks{}); err == nil || seen.Load() != 1 {
		t.Errorf("%v, %d requests seen", err, seen.Load())
	}
}

// A byte of an answer is an answer that has begun.
func TestHalfAnAnswerIsNotTriedTwice(t *testing.T) {
	var seen atomic.Int64
	r := listen(t, func(_ int, w *wire) {
		for i := 0; w.head() != ""; i++ {
			seen.Add(1)
			if i > 0 {
				w.say("HTTP/1.1 2")
				return
			}
			w.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	m, c := newMint(t, r.url()), client(t, upstream.Origin{})
	if _, err := whole(t, get(t, c, m, "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(m.injected("a", "GET", "/x"), upstream.Body{}, upstream.Hooks{}); err == nil || seen.Load() != 2 {
		t.Errorf("%v, %d requests seen", err, seen.Load())
	}
}

func TestAbortCutsAndMakesNoMore(t *testing.T) {
	waiting := make(chan struct{}, 10)
	r := listen(t, func(n int, w *wire) {
		for i := 0; w.head() != ""; i++ {
			switch {
			case n == 0 && i == 0: // one to keep
				w.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			case n == 0: // waits for its answer for ever
				waiting <- struct{}{}
			default: // streams for ever
				w.say("HTTP/1.1 200 OK\r\n\r\nx")
			}
		}
	})
	m, c := newMint(t, r.url()), client(t, upstream.Origin{})
	if _, err := whole(t, get(t, c, m, "a")); err != nil {
		t.Fatal(err)
	}
	asks := make(chan error, 1)
	pending := m.injected("a", "GET", "/x")
	go func() {
		_, err := c.Do(pending, upstream.Body{}, upstream.Hooks{})
		asks <- err
	}()
	<-waiting
	streaming := get(t, c, m, "b")
	if _, err := streaming.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	c.Abort()
	if err := <-asks; err == nil {
		t.Error("a request that waited got an answer")
	}
	if _, err := streaming.Body.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a stream that was cut ended well: %v", err)
	}
	_ = streaming.Close()
	if _, err := c.Do(m.injected("a", "GET", "/x"), upstream.Body{}, upstream.Hooks{}); err == nil {
		t.Error("a connection was made after Abort")
	}
}
