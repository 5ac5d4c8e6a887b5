package e2e

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// noticed is how soon an upstream's connection has to close behind an agent that
// has gone: a second, and what a busy machine adds.
const noticed = 4 * time.Second

// streamChat is a request whose answer stays in mid-stream, at a double whose
// gate never opens.
func streamChat(token string) string {
	const body = `{"model":"double-1","stream":true,"messages":[]}`
	return fmt.Sprintf("POST /api/openai/v1/chat/completions HTTP/1.1\r\nHost: broker\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", token, len(body), body)
}

// An agent that goes while it waits, or while nothing is sent to it, takes its
// upstream's connection with it.
func TestAgentGone(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "agent.sock")
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots := writeCertificate(t, cert, key, 1)
	r := newRig(t, upstream.Options{Gate: make(chan struct{})}, harness.Options{
		Listen: []string{"127.0.0.1:0", "unix:" + socket},
	})
	secure := newRig(t, upstream.Options{Gate: make(chan struct{})}, harness.Options{
		Extra: fmt.Sprintf("[tls]\ncert = %q\nkey = %q\n", cert, key),
	})
	hostile := func(name string) string {
		return "GET /api/openai/v1/hostile/" + name + " HTTP/1.1\r\nHost: broker\r\nAuthorization: Bearer " + r.token + "\r\n\r\n"
	}
	upload := "POST /api/openai/v1/hostile/stall-head HTTP/1.1\r\nHost: broker\r\nAuthorization: Bearer " + r.token + "\r\n"
	tcp := func() (net.Conn, error) { return net.Dial("tcp", strings.TrimPrefix(r.URL, "http://")) }
	for _, c := range []struct {
		name    string
		rig     *rig
		dial    func() (net.Conn, error)
		request string
		first   string // what the agent reads before it goes
		status  float64
	}{
		{"in mid-stream", r, tcp, streamChat(r.token), "data: ", 200},
		{"in mid-stream, on a unix socket", r, func() (net.Conn, error) { return net.Dial("unix", socket) }, streamChat(r.token), "data: ", 200},
		{"in mid-stream, over TLS", secure, func() (net.Conn, error) {
			return tls.Dial("tcp", strings.TrimPrefix(secure.URL, "https://"), &tls.Config{RootCAs: roots, ServerName: "localhost"})
		}, streamChat(secure.token), "data: ", 200},
		{"in a body of known length", r, tcp, hostile("stall-body"), "", 200},
		{"while it waits for the head", r, tcp, hostile("stall-head"), "", 0},
		{"in mid-upload", r, tcp, upload + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 100_000), "", 0},
		{"in mid-upload, in chunks", r, tcp, upload + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t, c.rig.t = t, t
			before := len(c.rig.log())
			conn, err := c.dial()
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(wireLimit))
			if _, err := io.WriteString(conn, c.request); err != nil {
				t.Fatal(err)
			}
			readUntil(t, conn, c.first)
			eventually(t, "the upstream waits", func() bool { return c.rig.double.Waiting() == 1 })
			_ = conn.Close()
			gone := time.Now()
			eventually(t, "the upstream's connection closes", func() bool { return c.rig.double.Waiting() == 0 })
			if took := time.Since(gone); took > noticed {
				t.Errorf("it took %s", took)
			}
			var lines []map[string]any
			eventually(t, "the exchange has its line", func() bool { lines = c.rig.log(); return len(lines) == before+1 })
			if l := lines[before]; c.status != 0 && (l["status"] != c.status || !strings.Contains(fmt.Sprint(l["reason"]), "went away")) {
				t.Errorf("the line says %v %v", l["status"], l["reason"])
			}
			r.works(c.name)
		})
	}
	r.t, secure.t = t, t
}

func readUntil(t *testing.T, c net.Conn, want string) {
	t.Helper()
	var got strings.Builder
	for buf := make([]byte, 4096); !strings.Contains(got.String(), want); {
		n, err := c.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v after %q", err, got.String())
		}
	}
}

// An upstream that goes in mid-stream takes the agent's connection with it: the
// answer gets no proper end that would make it look whole.
func TestUpstreamGone(t *testing.T) {
	r := newRig(t, upstream.Options{Gate: make(chan struct{})}, harness.Options{})
	c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(wireLimit))
	if _, err := io.WriteString(c, streamChat(r.token)); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	resp, err := readAnswer(in, "POST")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the upstream waits", func() bool { return r.double.Waiting() == 1 })
	_ = r.double.Close()
	body, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(string(body), "data: ") {
		t.Errorf("the body %q ended with %v", body, err)
	}
	l := r.line(resp.Header.Get("X-Seks-Request-Id"))
	if l["error"] != "upstream_protocol" || l["status"] != 200.0 {
		t.Errorf("the line says %v %v %v", l["status"], l["error"], l["reason"])
	}
}

// state is what a broker holds on to.
type state struct{ descriptors, goroutines int }

// held asks the broker, over its admin socket, and the kernel.
func held(t *testing.T, r *rig) state {
	t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", r.PID()))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: wireLimit, Transport: &http.Transport{DisableKeepAlives: true, Dial: func(string, string) (net.Conn, error) {
		return net.Dial("unix", filepath.Join(r.DataDir(), "admin.sock"))
	}}}
	resp, err := client.Post("http://admin/admin/v1/status", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var status struct{ Goroutines int }
	if err := json.NewDecoder(resp.Body).Decode(&status); err != nil || status.Goroutines == 0 {
		t.Fatalf("%+v %v", status, err)
	}
	return state{len(files), status.Goroutines}
}

// Ten thousand requests that are left in mid-stream leave nothing behind: no
// descriptor, no goroutine, no lease; and each has its line.
func TestAbandoned(t *testing.T) {
	const batch = 500
	total := 10_000
	if testing.Short() {
		total = 1_000
	}
	r := newRig(t, upstream.Options{Gate: make(chan struct{}), Record: -1, RawLimit: -1}, harness.Options{
		Extra: fmt.Sprintf("[limits]\nmax_concurrent = %d\nidle_timeout = \"500ms\"\n", batch+10),
	})
	r.works("the start")
	before := held(t, r)
	request := streamChat(r.token)
	for done := 0; done < total; done += batch {
		abandon(t, r, request, batch)
		// More than max_concurrent could not run, were a lease of theirs left.
		eventually(t, "the upstream is let go", func() bool { return r.double.Waiting() == 0 })
	}
	// What is idle for a while is closed; a few goroutines come and go by themselves.
	var after state
	const slack = 12
	eventually(t, "the broker lets go", func() bool {
		after = held(t, r)
		return after.descriptors <= before.descriptors+slack && after.goroutines <= before.goroutines+slack
	})
	t.Logf("before %+v, after %+v", before, after)
	r.works("all that")
	went := 0
	for _, l := range r.log() {
		if strings.Contains(fmt.Sprint(l["reason"]), "went away") && l["status"] == 200.0 {
			went++
		}
	}
	if went != total {
		t.Errorf("%d lines in the log say that the agent went away, want %d", went, total)
	}
}

// abandon begins n streams at once, and leaves them all after their first event.
func abandon(t *testing.T, r *rig, request string, n int) {
	t.Helper()
	var all sync.WaitGroup
	failed := make(chan error, n)
	conns := make([]net.Conn, n)
	for i := range conns {
		all.Go(func() {
			c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
			if err != nil {
				failed <- err
				return
			}
			conns[i] = c
			_ = c.SetDeadline(time.Now().Add(wireLimit))
			if _, err := io.WriteString(c, request); err != nil {
				failed <- err
				return
			}
			var got []byte
			for buf := make([]byte, 1024); !strings.Contains(string(got), "data: "); {
				k, err := c.Read(buf)
				if got = append(got, buf[:k]...); err != nil {
					failed <- fmt.Errorf("%w after %q", err, got)
					return
				}
			}
		})
	}
	all.Wait()
	for _, c := range conns {
		if c != nil {
			_ = c.Close()
		}
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
}
