package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/e2e/harness"
)

// wireLimit is how long a raw exchange may take.
const wireLimit = 30 * time.Second

// answer is what came back on a socket.
type answer struct {
	Raw    []byte // every byte
	Status int
	Header http.Header
	Body   []byte
	Err    error // how the body ended; nil for its proper end
}

func (a answer) code() string { return a.Header.Get("X-Seks-Error") }
func (a answer) id() string   { return a.Header.Get("X-Seks-Request-Id") }

// holds says in which form a secret is in the answer, on the wire or put
// together from its chunks.
func (a answer) holds(secret string) string {
	if found := harness.Find(a.Raw, secret); found != "" {
		return found
	}
	return harness.Find(a.Body, secret)
}

// ask sends a request without a body: "METHOD target", the token (none for ""),
// and further header lines.
func (r *rig) ask(line, token string, headers ...string) answer {
	r.t.Helper()
	if token != "" {
		headers = append(headers, "Authorization: Bearer "+token)
	}
	return r.exchange(line + " HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n" + strings.Join(append(headers, "\r\n"), "\r\n"))
}

// exchange writes bytes to a new connection and reads until the broker closes it.
func (r *rig) exchange(request string) answer {
	r.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		r.t.Fatal(err)
	}
	return exchangeOn(r.t, c, request)
}

func exchangeOn(t testing.TB, c net.Conn, request string) answer {
	t.Helper()
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(wireLimit)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(c)
	// A connection is reset when it is closed with bytes unread, such as the rest
	// of a header that is too long; the answer before that counts.
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("%v after %q", err, raw)
	}
	return parseAnswer(t, raw, strings.HasPrefix(request, "HEAD "))
}

// readAnswer reads an answer, past interim ones, which any client passes over.
func readAnswer(in *bufio.Reader, method string) (*http.Response, error) {
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil || resp.StatusCode >= 200 {
			return resp, err
		}
	}
}

func parseAnswer(t testing.TB, raw []byte, head bool) answer {
	t.Helper()
	method := http.MethodGet
	if head {
		method = http.MethodHead
	}
	in := bufio.NewReader(bytes.NewReader(raw))
	resp, err := readAnswer(in, method)
	if err != nil {
		t.Fatalf("%v: %q", err, raw)
	}
	a := answer{Raw: raw, Status: resp.StatusCode, Header: resp.Header}
	a.Body, a.Err = io.ReadAll(resp.Body)
	return a
}
