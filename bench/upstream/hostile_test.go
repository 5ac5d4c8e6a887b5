package upstream

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dial sends one request with the right key to the double.
func dial(t *testing.T, url, line, more string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n", line, key, more); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestVerbatimAnswersAreSentAsTheyStand(t *testing.T) {
	_, url := start(t, Options{Hostile: Hostile{Probability: 1}})
	for name, want := range verbatim {
		got, err := io.ReadAll(dial(t, url, "GET /v1/hostile/"+name, ""))
		if err != nil || string(got) != want {
			t.Errorf("%s: %.200q %v", name, got, err)
		}
	}
	for name := range behaviours {
		if _, twice := verbatim[name]; twice {
			t.Errorf("%s is there twice", name)
		}
	}
	if n := len(Behaviours()); n != len(verbatim)+len(behaviours) || n < 50 {
		t.Errorf("%d behaviours", n)
	}
}

// What ends by itself sends these bytes, and ends the connection like this.
func TestBehavioursThatEnd(t *testing.T) {
	_, url := start(t, Options{})
	for _, c := range []struct {
		name, has, not string
		reset          bool
	}{
		{"redirect-301?to=http://elsewhere.example/x", "HTTP/1.1 301 Elsewhere\r\nLocation: http://elsewhere.example/x\r\n", "", false},
		{"redirect-307?to=//y", "307 Elsewhere\r\nLocation: //y\r\n", "", false},
		{"length-long", "Content-Length: 129\r\n\r\n" + Own, "", false},
		{"keep-then-close", "Content-Length: 29\r\n\r\n" + Own, Stray, false},
		{"chunks-without-end", "1d\r\n" + Own + "\r\n", "0\r\n\r\n", false},
		{"reset?at=100", "Content-Length: 8192", strings.Repeat("x", 100), true},
		{"reset?at=0", "", "HTTP", true},
		{"close-unread", "", "HTTP", false},
		{"gzip-garbage", "Content-Encoding: gzip\r\n", "", false},
		{"coding-unknown", "Content-Encoding: compress\r\n", "", false},
	} {
		got, err := io.ReadAll(dial(t, url, "GET /v1/hostile/"+c.name, ""))
		if errors.Is(err, syscall.ECONNRESET) != c.reset || err != nil && !c.reset {
			t.Errorf("%s: ended with %v", c.name, err)
		}
		if !strings.Contains(string(got), c.has) || c.not != "" && strings.Contains(string(got), c.not) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// What waits for its client counts as waiting until the client closes.
func TestBehavioursThatWait(t *testing.T) {
	s, url := start(t, Options{})
	for name, has := range map[string]string{
		"length-short": Own + Stray, "two-answers": Own + "HTTP/1.1 200 OK", "late-answer": Stray,
		"stall-head": "Content-Ty", "stall-body": "xxx", "stall-chunk": "1000\r\nxxx", "stall-interim": "103 Early",
	} {
		c := dial(t, url, "GET /v1/hostile/"+name, "")
		var got []byte
		for one := make([]byte, 1); !bytes.Contains(got, []byte(has)); got = append(got, one[0]) {
			if _, err := c.Read(one); err != nil {
				t.Fatalf("%s: %v after %q", name, err, got)
			}
		}
		if begun, ended := s.Ran(name); begun != 1 || ended != 0 {
			t.Errorf("%s: %d begun, %d ended", name, begun, ended)
		}
		_ = c.Close()
		until(t, name+" ends", func() bool { _, ended := s.Ran(name); return ended == 1 && s.Waiting() == 0 })
	}
}

func TestEndlessAnswersEndWithTheirClient(t *testing.T) {
	s, url := start(t, Options{})
	for _, name := range []string{"endless-headers", "endless-interim", "endless-trailer"} {
		c := dial(t, url, "GET /v1/hostile/"+name, "")
		if n, err := io.CopyN(io.Discard, c, 1<<20); n != 1<<20 {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		_ = c.Close()
		until(t, name+" ends", func() bool { _, ended := s.Ran(name); return ended == 1 })
	}
}

// A server that closes ends what waits for its client.
func TestCloseEndsWhatWaits(t *testing.T) {
	s, url := start(t, Options{})
	c := dial(t, url, "GET /v1/hostile/stall-body", "")
	until(t, "it waits", func() bool { return s.Waiting() == 1 })
	_ = s.Close()
	if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	until(t, "it ends", func() bool { _, ended := s.Ran("stall-body"); return ended == 1 })
}

// The answer comes while most of the body hasn't, and the header names the
// behaviour as well as the path does.
func TestEarlyAnswers(t *testing.T) {
	_, url := start(t, Options{})
	for name, status := range map[string]int{"early-413": 413, "early-200": 200} {
		c := dial(t, url, "POST /v1/files", "X-Hostile: "+name+"\r\nContent-Length: 1000000\r\n")
		_, _ = c.Write([]byte("the first bytes"))
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body := bodyOf(t, answer); answer.StatusCode != status || body != Own || answer.Close != (status == 413) {
			t.Errorf("%s: %d %q", name, answer.StatusCode, body)
		}
	}
}

func TestCodings(t *testing.T) {
	_, url := start(t, Options{})
	unzip := func(name string, layers int) (n int64, err error) {
		answer, err := http.ReadResponse(bufio.NewReader(dial(t, url, "GET /v1/hostile/"+name, "")), nil)
		if err != nil {
			t.Fatal(err)
		}
		r := io.Reader(answer.Body)
		for range layers {
			if r, err = gzip.NewReader(r); err != nil {
				t.Fatal(err)
			}
		}
		return io.Copy(io.Discard, r)
	}
	if n, err := unzip("gzip-bomb", 2); n != bombSize || err != nil {
		t.Errorf("the bomb has %d bytes, %v", n, err)
	}
	if n, err := unzip("gzip-truncated", 1); n == 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the truncated one has %d bytes, %v", n, err)
	}
}

func TestUnknownBehaviour(t *testing.T) {
	_, url := start(t, Options{})
	if answer := do(t, "GET", url+"/v1/hostile/nothing-known", ""); answer.StatusCode != 404 {
		t.Error(answer.StatusCode)
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in time", what)
		}
	}
}
