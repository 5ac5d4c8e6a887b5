package listen

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/wire"
)

func TestHeadsAreKeptAsSent(t *testing.T) {
	m, f := parseHead("GET /a%2Fb?c HTTP/1.1\r\nb: 1\r\nA:2\r\nB:  3 \t\r\na: 4\r\nX_Y: z: z\r\nEmpty:\r\nhost: h\r\n\r\n")
	want := []request.Header{{Name: "b", Value: "1"}, {Name: "A", Value: "2"}, {Name: "B", Value: "3"}, {Name: "a", Value: "4"}, {Name: "X_Y", Value: "z: z"},
		{Name: "Empty"}, {Name: "host", Value: "h"}}
	if f != nil || !slices.Equal(m.Headers, want) || m.Method != "GET" || m.Target != "/a%2Fb?c" || m.Host != "h" || m.Hosts != 1 || m.length != 0 {
		t.Errorf("%+v %v", m, f)
	}
}

// FuzzRequestHead: whatever is accepted, net/http, which is more lenient, reads
// as the same message.
func FuzzRequestHead(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	f.Add("POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
	f.Add("POST * HTTP/1.0\r\nConnection: a, keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		text, err := wire.ReadHead(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return
		}
		m, fault := parseHead(text)
		if fault != nil {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return // it may refuse what the door looks at next, but must not see another message
		}
		if r.Method != m.Method || r.RequestURI != m.Target || r.ContentLength != m.length || r.ProtoAtLeast(1, 1) == m.old {
			t.Errorf("%q: %+v, net/http has %+v", text, m, r)
		}
	})
}

func TestHealth(t *testing.T) {
	f := serve(t, Config{}, nil)
	at := f.on("127.0.0.1:0", "", nil)
	a := f.dial(at)
	for range 2 {
		a.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		if resp, body := a.answer("GET"); resp.StatusCode != 200 || body != "ok\n" {
			t.Errorf("%d %q", resp.StatusCode, body)
		}
	}
	if n := len(f.lines()); n != 0 {
		t.Errorf("%d lines", n)
	}
}

// What can't be read as a request gets the broker's own error, makes a line and
// ends the connection.
func TestMalformedRequests(t *testing.T) {
	f := serve(t, Config{}, func(http.ResponseWriter, *http.Request) { t.Error("it reached the upstream") })
	at := f.on("127.0.0.1:0", "", nil)
	auth := "Authorization: Bearer " + f.token + "\r\n"
	ok := "GET /api/ok/x HTTP/1.1\r\nHost: b\r\n" + auth
	for _, tt := range []struct{ name, say, says string }{
		{"no request at all", "hello\r\n\r\n", ""},
		{"TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", ""},
		{"no version", "GET /api/ok/x\r\nHost: b\r\n" + auth + "\r\n", ""},
		{"another version", "GET /api/ok/x HTTP/9.9\r\nHost: b\r\n" + auth + "\r\n", "HTTP/1"},
		{"two Hosts", ok + "Host: c\r\n\r\n", ""},
		{"no Host", "GET /api/ok/x HTTP/1.1\r\n" + auth + "\r\n", ""},
		{"a space before the colon", ok + "X : y\r\n\r\n", ""},
		{"a folded header", ok + "X: y\r\n z\r\n\r\n", ""},
		{"a line without a colon", ok + "word\r\n\r\n", ""},
		{"a length that is no number", "POST" + ok[3:] + "Content-Length: 1x\r\n\r\nx", ""},
		{"two lengths", "POST" + ok[3:] + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", ""},
		{"length and chunks", "POST" + ok[3:] + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
		{"another coding", "POST" + ok[3:] + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ""},
		{"a head that is too large", ok + "X: " + strings.Repeat("x", wire.MaxHead) + "\r\n\r\n", "more than 64 KiB"},
		{"a target that is too large", "GET /api/ok/" + strings.Repeat("x", wire.MaxHead) + "?" + f.token + " HTTP/1.1\r\nHost: b\r\n\r\n", "more than 64 KiB"},
		{"a NUL in a header", ok + "X: a\x00b\r\n\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			before := len(f.lines())
			a := f.dial(at)
			a.t = t
			a.say(tt.say)
			resp, body := a.answer("GET")
			if resp.StatusCode != 400 || resp.Header.Get("X-Seks-Error") != "bad_request" || !strings.HasPrefix(resp.Header.Get("X-Seks-Request-Id"), "req_") || !strings.Contains(body, "bad_request") {
				t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
			}
			if !strings.Contains(body, tt.says) || strings.Contains(body, f.token) {
				t.Errorf("%s", body)
			}
			all := f.lines()
			if len(all) != before+1 {
				t.Fatalf("%d lines", len(all)-before)
			}
			if l := all[before]; l.Error != "bad_request" || l.Status != 400 || l.ClientIP != "127.0.0.1" || l.Reason == "" {
				t.Errorf("%+v", l)
			}
		})
	}
	f.t = t
	// Nothing of a smuggled request is read from a connection that was refused.
	a := f.dial(at)
	a.say("POST" + ok[3:] + "Content-Length: x\r\n\r\n" + "GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n")
	if resp, _ := a.answer("POST"); resp.StatusCode != 400 || !resp.Close || !a.ended() {
		t.Errorf("%v: the connection goes on", resp)
	}
}

// The heads of answers go out as the pipeline made them, with the framing that
// fits: no body where none may be, no invented header.
func TestAnswersOnTheWire(t *testing.T) {
	f := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		w.Header()["b"], w.Header()["X_y"] = []string{"1", "2"}, []string{"z"}
		switch strings.TrimPrefix(r.URL.Path, "/") {
		case "length":
			w.Header()["Content-Type"] = []string{"t"}
			_, _ = io.WriteString(w, "hello")
		case "untyped":
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "hello")
		case "stream":
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "hello")
			w.(http.Flusher).Flush()
		case "204":
			w.WriteHeader(204)
		case "304":
			w.WriteHeader(304)
		case "304-length":
			// net/http leaves the length out, which RFC 9110 §15.4.5 lets a server send.
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 304 Not Modified\r\nX_y: z\r\nb: 1\r\nb: 2\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
				_ = c.Close()
			}
		case "empty":
			w.Header()["Content-Type"] = nil
		}
	})
	at := f.on("127.0.0.1:0", "", nil)
	a := f.dial(at)
	const own = "X_y: z\r\nb: 1\r\nb: 2\r\n"
	for _, tt := range []struct{ method, path, head, body string }{
		{"GET", "length", "HTTP/1.1 200 OK\r\nContent-Type: t\r\n" + own + "ID\r\nContent-Length: 5\r\n", "hello"},
		{"HEAD", "length", "HTTP/1.1 200 OK\r\nContent-Type: t\r\n" + own + "ID\r\nContent-Length: 5\r\n", ""},
		{"GET", "untyped", "HTTP/1.1 200 OK\r\n" + own + "ID\r\nContent-Length: 5\r\n", "hello"},
		{"GET", "stream", "HTTP/1.1 200 OK\r\n" + own + "ID\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"},
		{"GET", "204", "HTTP/1.1 204 No Content\r\n" + own + "ID\r\n", ""},
		{"GET", "304", "HTTP/1.1 304 Not Modified\r\n" + own + "ID\r\n", ""},
		{"GET", "304-length", "HTTP/1.1 304 Not Modified\r\n" + own + "ID\r\nContent-Length: 5\r\n", ""},
		{"GET", "empty", "HTTP/1.1 200 OK\r\n" + own + "ID\r\nContent-Length: 0\r\n", ""},
		{"GET", "length", "HTTP/1.1 200 OK\r\nContent-Type: t\r\n" + own + "ID\r\nContent-Length: 5\r\n", "hello"},
	} {
		a.say(fmt.Sprintf("%s /api/ok/%s HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer %s\r\n\r\n", tt.method, tt.path, f.token))
		head := a.head()
		var own []string
		for l := range strings.SplitSeq(strings.TrimSuffix(head, "\r\n"), "\r\n") {
			if strings.HasPrefix(l, "X-Seks-Request-Id: req_") {
				l = "ID"
			}
			own = append(own, l)
		}
		status := own[0]
		slices.Sort(own[1:])
		want := strings.Split(strings.TrimSuffix(tt.head, "\r\n"), "\r\n")
		slices.Sort(want[1:])
		if !slices.Equal(own, want) || status != want[0] {
			t.Errorf("%s %s:\n%q\nwant\n%q", tt.method, tt.path, own, want)
		}
		body := make([]byte, len(tt.body))
		if _, err := io.ReadFull(a.br, body); err != nil || string(body) != tt.body {
			t.Errorf("%s %s: body %q, %v", tt.method, tt.path, body, err)
		}
	}
	if n := len(f.lines()); n != 9 {
		t.Errorf("%d lines", n)
	}
}

// Two requests sent at once are answered one after the other.
func TestPipelinedRequests(t *testing.T) {
	f := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	a := f.dial(f.on("127.0.0.1:0", "", nil))
	one := "POST /api/ok/%d HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer " + f.token + "\r\nContent-Length: 1\r\n\r\nx"
	a.say(fmt.Sprintf(one, 1) + fmt.Sprintf(one, 2) + "GET /api/ok/3 HTTP/1.1\r\nHost: b\r\n\r\n")
	for i := range 2 {
		if resp, body := a.answer("POST"); resp.StatusCode != 200 || body != fmt.Sprintf("/%d", i+1) {
			t.Errorf("%d %q", resp.StatusCode, body)
		}
	}
	if resp, _ := a.answer("GET"); resp.StatusCode != 401 || resp.Header.Get("X-Seks-Error") != "token_missing" {
		t.Errorf("%v", resp)
	}
}

// A refusal does not wait for the body, and what the agent still sends of it is
// never taken for a request.
func TestRefusalsDoNotWaitForTheBody(t *testing.T) {
	f := serve(t, Config{}, func(http.ResponseWriter, *http.Request) { t.Error("it reached the upstream") })
	a := f.dial(f.on("127.0.0.1:0", "", nil))
	a.say("POST /api/ok/x HTTP/1.1\r\nHost: b\r\nContent-Length: 1000000000\r\n\r\n" + strings.Repeat("GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n", 500))
	resp, body := a.answer("POST")
	if resp.StatusCode != 401 || resp.Header.Get("X-Seks-Error") != "token_missing" {
		t.Errorf("%v %s", resp, body)
	}
	if _, err := io.Copy(io.Discard, a.br); isTimeout(err) {
		t.Error("the connection goes on")
	}
	if n := len(f.lines()); n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestUploads(t *testing.T) {
	f := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(w, len(b), " ", r.ContentLength, " ", err)
	})
	a := f.dial(f.on("127.0.0.1:0", "", nil))
	long := strings.Repeat("x", 100000)
	for _, tt := range []struct{ framing, body, want string }{
		{"Content-Length: 0", "", "0 0 <nil>"},
		{"Content-Length: 5", "hello", "5 5 <nil>"},
		{"Content-Length: 100000", long, "100000 100000 <nil>"},
		{"Transfer-Encoding: chunked", "5\r\nhello\r\n186a0\r\n" + long + "\r\n0\r\n\r\n", "100005 -1 <nil>"},
		{"transfer-encoding: Chunked", "0\r\n\r\n", "0 -1 <nil>"},
	} {
		a.say("POST /api/ok/x HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer " + f.token + "\r\n" + tt.framing + "\r\n\r\n" + tt.body)
		if resp, body := a.answer("POST"); resp.StatusCode != 200 || body != tt.want {
			t.Errorf("%s: %d %q", tt.framing, resp.StatusCode, body)
		}
	}
}

// A head of nearly 64 KiB passes, beside ones that lie in the buffer, and whatever
// pieces it comes in.
func TestLongHeads(t *testing.T) {
	f := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(w, len(r.Header.Get("X-Long")), " ", string(b))
	})
	a := f.dial(f.on("127.0.0.1:0", "", nil))
	for _, size := range []int{10, 4000, 4096, 5000, 60000} {
		text := "POST /api/ok/x HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer " + f.token + "\r\nContent-Length: 2\r\nX-Long: " + strings.Repeat("y", size) + "\r\n\r\nhi"
		for text != "" {
			n := min(len(text), 1500)
			a.say(text[:n])
			text = text[n:]
		}
		if resp, body := a.answer("POST"); resp.StatusCode != 200 || body != fmt.Sprint(size, " hi") {
			t.Errorf("%d: %d %q", size, resp.StatusCode, body)
		}
	}
}

// An agent of HTTP/1.0 gets no chunks, and its connection goes on only if it asks.
func TestOldAgents(t *testing.T) {
	f := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "hello")
		if r.URL.Path == "/stream" {
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, ", you")
		}
	})
	at := f.on("127.0.0.1:0", "", nil)
	ask := func(a *agent, path, more string) {
		a.say("GET /api/ok/" + path + " HTTP/1.0\r\nHost: b\r\nAuthorization: Bearer " + f.token + "\r\n" + more + "\r\n")
	}
	a := f.dial(at)
	for range 2 {
		ask(a, "x", "Connection: keep-alive\r\n")
		if head := a.head(); !strings.Contains(head, "Connection: keep-alive\r\n") || !strings.Contains(head, "Content-Length: 5\r\n") {
			t.Errorf("%q", head)
		}
		body := make([]byte, 5)
		if _, err := io.ReadFull(a.br, body); err != nil || string(body) != "hello" {
			t.Errorf("%q %v", body, err)
		}
	}
	ask(a, "stream", "Connection: keep-alive\r\n")
	if head := a.head(); strings.Contains(head, "chunked") || !strings.Contains(head, "Connection: close\r\n") {
		t.Errorf("%q", head)
	}
	if rest, err := io.ReadAll(a.br); err != nil || string(rest) != "hello, you" {
		t.Errorf("%q %v", rest, err)
	}
	a = f.dial(at)
	ask(a, "x", "")
	if rest, err := io.ReadAll(a.br); err != nil || !strings.HasSuffix(string(rest), "\r\n\r\nhello") {
		t.Errorf("%q %v", rest, err)
	}
}

// A small body that nobody wanted is read away, and the connection goes on.
func TestARefusedSmallBodyKeepsTheConnection(t *testing.T) {
	f := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {})
	a := f.dial(f.on("127.0.0.1:0", "", nil))
	for range 3 {
		a.say("POST /api/ok/x HTTP/1.1\r\nHost: b\r\nContent-Length: 10000\r\n\r\n" + strings.Repeat("z", 10000))
		if resp, _ := a.answer("POST"); resp.StatusCode != 401 || resp.Close {
			t.Errorf("%+v", resp)
		}
	}
}
