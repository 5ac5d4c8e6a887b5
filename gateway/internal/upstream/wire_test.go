package upstream_test

import (
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

// The whole head on the wire, byte for byte: nothing is added, dropped, sorted,
// folded or spelt anew but Host and the framing.
func TestTheHeadGoesAsItStands(t *testing.T) {
	heads := make(chan string, 1)
	r := listen(t, func(_ int, w *wire) {
		for {
			head := w.head()
			if head == "" {
				return
			}
			if strings.Contains(head, "Content-Length: 5") {
				head += w.body(5)
			} else if strings.Contains(head, "chunked") {
				head += w.body(len("5\r\nhello\r\n0\r\n\r\n"))
			}
			heads <- head
			w.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	m, c := newMint(t, r.url()), client(t, upstream.Origin{})
	host := "Host: " + m.origin.Host + "\r\n"
	key := "x-key: key-of-a-0123456789\r\n"
	for _, tt := range []struct {
		method, target string
		lines          []string
		body           upstream.Body
		want           string
	}{
		{"GET", "/", nil, upstream.Body{}, "GET / HTTP/1.1\r\n" + host + key},
		{"GET", "/a//b/%2F;v=1:x@y,z%20%C3%A9/?q=a%2fb&&c=+;d#", nil, upstream.Body{}, "GET /a//b/%2F;v=1:x@y,z%20%C3%A9/?q=a%2fb&&c=+;d# HTTP/1.1\r\n" + host + key},
		{"GET", "/x", []string{"b: 1", "A: 2", "B: 3", "a: 4", "X_Y: 5", "Cookie: a=b", "cookie: c=d", "Empty: ", "user-agent: u", "content-TYPE: t", "Accept-Encoding: gzip"}, upstream.Body{},
			"GET /x HTTP/1.1\r\n" + host + "b: 1\r\nA: 2\r\nB: 3\r\na: 4\r\nX_Y: 5\r\nCookie: a=b\r\ncookie: c=d\r\nEmpty: \r\nuser-agent: u\r\ncontent-TYPE: t\r\nAccept-Encoding: gzip\r\n" + key},
		{"GET", "/x", []string{"a: 1", "X-Key: agent", "b: 2", "X-KEY: again"}, upstream.Body{}, "GET /x HTTP/1.1\r\n" + host + "a: 1\r\nX-Key: key-of-a-0123456789\r\nb: 2\r\n"},
		{"POST", "/x", []string{"a: 1"}, text("hello"), "POST /x HTTP/1.1\r\n" + host + "a: 1\r\n" + key + "Content-Length: 5\r\nhello"},
		{"POST", "/x", nil, chunks("hello"), "POST /x HTTP/1.1\r\n" + host + key + "Transfer-Encoding: chunked\r\n5\r\nhello\r\n0\r\n\r\n"},
		{"POST", "/x", nil, upstream.Body{}, "POST /x HTTP/1.1\r\n" + host + key + "Content-Length: 0\r\n"},
		{"PUT", "/x", nil, text(""), "PUT /x HTTP/1.1\r\n" + host + key + "Content-Length: 0\r\n"},
		{"DELETE", "/x", nil, upstream.Body{}, "DELETE /x HTTP/1.1\r\n" + host + key},
		{"GET", "/x", nil, text("hello"), "GET /x HTTP/1.1\r\n" + host + key + "Content-Length: 5\r\nhello"},
		{"M-SEARCH", "/x", nil, upstream.Body{}, "M-SEARCH /x HTTP/1.1\r\n" + host + key},
	} {
		a, err := c.Do(m.injected("a", tt.method, tt.target, tt.lines...), tt.body, upstream.Hooks{})
		if err != nil {
			t.Fatalf("%s %s: %v", tt.method, tt.target, err)
		}
		if _, err := whole(t, a); err != nil {
			t.Error(err)
		}
		if got := <-heads; got != tt.want {
			t.Errorf("got\n%q\nwant\n%q", got, tt.want)
		}
	}
}

// What comes back, and how its end is told.
func TestAnswers(t *testing.T) {
	const cut = "a body that is cut"
	for _, tt := range []struct {
		name, method, say string
		status, length    int
		bodiless          bool
		body              string
		err               string // of reading the body
	}{
		{"a length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, 5, false, "hello", ""},
		{"no length", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", 200, -1, false, "hello", ""},
		{"chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", 200, -1, false, "hello", ""},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, 5, true, "", ""},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, 0, true, "", ""},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, 5, true, "", ""},
		{"304 without a length", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n", 304, -1, true, "", ""},
		{"an empty body", "GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, 0, false, "", ""},
		{"interim answers first", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, 1, false, "x", ""},
		{"a redirect is not followed", "GET", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, 0, false, "", ""},
		{cut, "GET", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", 200, 10, false, "hello", "unexpected EOF"},
		{"chunks without an end", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 200, -1, false, "hello", "unexpected EOF"},
		{"a chunk that is cut", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", 200, -1, false, "hello", "unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := listen(t, func(_ int, w *wire) { w.head(); w.say(tt.say) })
			m, c := newMint(t, r.url()), client(t, upstream.Origin{})
			a, err := c.Do(m.injected("a", tt.method, "/x"), upstream.Body{}, upstream.Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			if a.Status != tt.status || a.Length != tt.length || (a.Body == nil) != tt.bodiless {
				t.Errorf("%d, %d long, body %v", a.Status, a.Length, a.Body)
			}
			body, err := whole(t, a)
			if body != tt.body || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q %v", body, err)
			}
		})
	}
}

func TestAnswerHeadsAreKept(t *testing.T) {
	r := listen(t, func(_ int, w *wire) {
		w.head()
		w.say("HTTP/1.1 299 So so\r\nb: 1\r\nA:2\r\nB:  3 \r\nSet-Cookie: x\r\nset-cookie: y\r\nContent-Type: t\r\nContent-Length: 0\r\nEmpty:\r\n\r\n")
	})
	m, c := newMint(t, r.url()), client(t, upstream.Origin{})
	a, err := c.Do(m.injected("a", "GET", "/x"), upstream.Body{}, upstream.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var got []string
	for _, h := range a.Headers {
		got = append(got, h.Name+"="+h.Value)
	}
	if want := "b=1 A=2 B=3 Set-Cookie=x set-cookie=y Content-Type=t Content-Length=0 Empty="; strings.Join(got, " ") != want || a.Reason != "So so" {
		t.Errorf("%q %q", a.Reason, got)
	}
}

func TestFailures(t *testing.T) {
	garbage := func(say string) string { return listen(t, func(_ int, w *wire) { w.head(); w.say(say) }).url() }
	plain := listen(t, func(_ int, w *wire) { w.say("220 hello\r\n") }).url()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	for _, tt := range []struct {
		name, url string
		roots     *x509.CertPool
		code      fault.Code
	}{
		{"nobody there", "http://127.0.0.1:1", nil, fault.UpstreamUnreachable},
		{"no such name", "http://seks.invalid", nil, fault.UpstreamUnreachable},
		{"an unknown issuer", secure.URL, nil, fault.UpstreamUnreachable},
		{"a certificate for another name", strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), roots, fault.UpstreamUnreachable},
		{"TLS where there is none", strings.Replace(plain, "http:", "https:", 1), nil, fault.UpstreamUnreachable},
		{"closed at once", garbage(""), nil, fault.UpstreamUnreachable},
		{"half a head", garbage("HTTP/1.1 200 OK\r\nContent-"), nil, fault.UpstreamUnreachable},
		{"no HTTP", garbage("SSH-2.0-OpenSSH_9\r\n\r\n"), nil, fault.UpstreamProtocol},
		{"another HTTP", garbage("HTTP/2.0 200 OK\r\n\r\n"), nil, fault.UpstreamProtocol},
		{"two lengths", garbage("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), nil, fault.UpstreamProtocol},
		{"length and chunks", garbage("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), nil, fault.UpstreamProtocol},
		{"a folded header", garbage("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), nil, fault.UpstreamProtocol},
		{"an endless head", garbage("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 1<<20)), nil, fault.UpstreamProtocol},
		{"another protocol", garbage("HTTP/1.1 101 Switching Protocols\r\n\r\n"), nil, fault.UpstreamProtocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, c := newMint(t, tt.url), client(t, upstream.Origin{Roots: tt.roots})
			for _, body := range []upstream.Body{{}, text("hello")} {
				a, err := c.Do(m.injected("a", "POST", "/x"), body, upstream.Hooks{})
				f := fault.From(err)
				if err == nil || f.Code != tt.code {
					t.Fatalf("%+v %v", a, err)
				}
				if strings.Contains(f.Message, m.origin.Host) || strings.Contains(f.Error(), "key-of-a") {
					t.Errorf("%v", f)
				}
			}
		})
	}
}

func TestZeroInjectedIsNotSent(t *testing.T) {
	a, err := client(t, upstream.Origin{}).Do(apply.Injected{}, upstream.Body{}, upstream.Hooks{})
	if err == nil {
		t.Errorf("%+v", a)
	}
}

func TestTLS(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.TLS.ServerName)
	}))
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	m, c := newMint(t, secure.URL), client(t, upstream.Origin{Roots: roots})
	for range 2 {
		a, err := c.Do(m.injected("a", "GET", "/x"), upstream.Body{}, upstream.Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		if body, err := whole(t, a); err != nil || body != "HTTP/1.1 " {
			t.Errorf("%q %v", body, err)
		}
	}
}

// Whoever accepts and says nothing keeps nobody waiting for longer than the
// connect timeout.
func TestAStalledHandshakeEnds(t *testing.T) {
	held := make(chan net.Conn, 10)
	r := listen(t, func(_ int, w *wire) { held <- w; _, _ = io.Copy(io.Discard, w) })
	m := newMint(t, strings.Replace(r.url(), "http:", "https:", 1))
	c := upstream.New(upstream.Config{
		ConnectTimeout: 20 * time.Millisecond, IdleTimeout: time.Hour, Origin: func(string) upstream.Origin { return upstream.Origin{Named: true} },
	})
	_, err := c.Do(m.injected("a", "GET", "/x"), upstream.Body{}, upstream.Hooks{})
	if f := fault.From(err); err == nil || f.Code != fault.UpstreamUnreachable {
		t.Error(err)
	}
}

func TestAnUpstreamThatSaysNothingTimesOut(t *testing.T) {
	r := listen(t, func(_ int, w *wire) { _, _ = io.Copy(io.Discard, w) })
	m := newMint(t, r.url())
	c := upstream.New(upstream.Config{
		ConnectTimeout: time.Minute, IdleTimeout: 20 * time.Millisecond, Origin: func(string) upstream.Origin { return upstream.Origin{Named: true} },
	})
	_, err := c.Do(m.injected("a", "GET", "/x"), upstream.Body{}, upstream.Hooks{})
	if f := fault.From(err); err == nil || f.Code != fault.UpstreamTimeout {
		t.Error(err)
	}
}

// An upload may take longer than an API may be silent: bytes that go out count.
func TestAnUploadMayTakeLongerThanTheSilence(t *testing.T) {
	const silence = 2 * time.Second
	api := listen(t, func(_ int, c *wire) {
		c.head()
		_, _ = io.CopyN(io.Discard, c.br, 1<<20)
		_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	c := upstream.New(upstream.Config{ConnectTimeout: time.Minute, IdleTimeout: silence, Origin: func(string) upstream.Origin { return upstream.Origin{Named: true} }})
	defer c.Abort()
	m := newMint(t, api.url())
	slow := &paced{left: 1 << 20, until: time.Now().Add(silence + silence/2)}
	a, err := c.Do(m.injected("up", "POST", "/x"), upstream.Body{Reader: slow, Length: 1 << 20}, upstream.Hooks{})
	if err != nil || a.Status != 204 {
		t.Fatalf("%d %v", a.Status, err)
	}
	_ = a.Close()
}

// paced gives a little at a time until a moment, and then the rest.
type paced struct {
	left  int
	until time.Time
}

func (p *paced) Read(b []byte) (int, error) {
	n := min(len(b), p.left)
	if time.Now().Before(p.until) && p.left > 1000 {
		time.Sleep(50 * time.Millisecond)
		n = min(n, 100)
	}
	p.left -= n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
