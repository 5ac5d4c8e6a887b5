package upstream

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// what net/http writes, and the requests it is for.
var answers = []struct{ request, answer string }{
	{"GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: B\r\nContent-Length: 5\r\n\r\nhello"},
	{"HEAD /a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
	{"GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
	{"GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n400\r\n" + strings.Repeat("0\r\n\r", 255) + "1234\r\n0\r\nX-T: u\r\n\r\n"},
	{"POST /a HTTP/1.1\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{"GET /a HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end\r\n\r\nHTTP/1.1 200"},
}

// meaning is what a client makes of the answers: all that isn't framing.
func meaning(t *testing.T, bytesOut []byte) (list []string) {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(bytesOut))
	for i := 0; i < len(answers); i++ {
		method, _, _ := strings.Cut(answers[i].request, " ")
		a, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("answer %d: %v in %q", i, err, bytesOut)
		}
		if a.StatusCode < 200 {
			i--
			continue
		}
		body, err := io.ReadAll(a.Body)
		a.Trailer.Del("X-Noise")
		list = append(list, fmt.Sprint(a.StatusCode, a.Header, a.ContentLength, a.TransferEncoding, string(body), err, a.Trailer))
	}
	return list
}

func rewritten(seed uint64, loud bool, size int) []byte {
	n := noise{rng: rand.New(rand.NewPCG(seed, 1))}
	var out []byte
	for _, a := range answers {
		for piece := range slices.Chunk([]byte(a.answer), size) {
			out = append(out, n.rewrite(piece, func() ([]byte, bool) { return []byte(a.request), loud })...)
		}
	}
	return out
}

// Noise changes the bytes and not what they mean, however net/http's writes are
// cut.
func TestNoiseMeansNothing(t *testing.T) {
	var quiet []byte
	for _, a := range answers {
		quiet = append(quiet, a.answer...)
	}
	want := meaning(t, quiet)
	changed := 0
	for seed := range uint64(200) {
		size := 1 + int(seed)%97
		out := rewritten(seed, true, size)
		if got := meaning(t, out); !slices.Equal(got, want) {
			t.Fatalf("seed %d in pieces of %d:\n got %q\nwant %q\nfrom %q", seed, size, got, want, out)
		}
		if !bytes.Equal(out, quiet) {
			changed++
		}
		if got := meaning(t, rewritten(seed, false, size)); !slices.Equal(got, want) {
			t.Fatalf("not loud, in pieces of %d: %q", size, got)
		}
	}
	if changed < 190 {
		t.Errorf("only %d of 200 had any noise", changed)
	}
	if !bytes.Equal(rewritten(7, true, 5), rewritten(7, true, 5)) {
		t.Error("one seed makes two noises")
	}
}

// The double's own answers, as net/http's client reads them, are the same with
// noise and without.
func TestClientsSeeNoNoise(t *testing.T) {
	o := Options{Files: 3}
	_, plainURL := start(t, o)
	o.Hostile = Hostile{Probability: 1, Seed: 42}
	s, noisyURL := start(t, o)
	if s.Seed() != 42 {
		t.Errorf("the seed is %d", s.Seed())
	}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/v1/models", ""}, {"HEAD", "/v1/models", ""}, {"GET", "/v1/bytes/100000?chunked=1", ""}, {"GET", "/v1/bytes/300000", ""},
		{"POST", "/v1/chat/completions", `{"model":"double-1","stream":true}`}, {"POST", "/v1/sink", strings.Repeat("x", 70000)},
		{"GET", "/v1/echo/split", ""}, {"GET", "/v1/error/429", ""}, {"GET", "/v1/echo/status-text", ""}, {"GET", "/v1/echo/gzip", ""},
	} {
		for range 10 {
			var got [2]string
			for i, url := range []string{plainURL, noisyURL} {
				a := do(t, c.method, url+c.path, c.body)
				body := bodyOf(t, a)
				for _, name := range []string{"Date", "X-Request-Id"} {
					a.Header.Del(name)
				}
				if strings.Contains(body, "chatcmpl-") {
					body = fmt.Sprint(len(body))
				}
				got[i] = fmt.Sprint(a.Status, a.Header, a.ContentLength, body)
			}
			if got[0] != got[1] {
				t.Fatalf("%s %s:\nplain %.500s\nnoisy %.500s", c.method, c.path, got[0], got[1])
			}
		}
	}
}

func TestSeedIsPickedWhereNoneIsGiven(t *testing.T) {
	if a, b := New(Options{}).Seed(), New(Options{}).Seed(); a == 0 || a == b {
		t.Error(a, b)
	}
}
