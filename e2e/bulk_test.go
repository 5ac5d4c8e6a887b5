package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// maxGrowth is how much more memory the broker may hold, at any moment, for a
// body of any size.
const maxGrowth = 64 << 20

// A body goes through in constant memory, whichever way and however framed.
func TestBulkInFlatMemory(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 128 << 20
	}
	r := newRig(t, upstream.Options{}, harness.Options{})
	for range 20 { // what a first request allocates is not the body's
		r.works("nothing")
	}
	for _, c := range []struct {
		name   string
		path   string
		upload bool
		length bool // with Content-Length
	}{
		{"response with Content-Length", fmt.Sprintf("bytes/%d", size), false, true},
		{"response in chunks", fmt.Sprintf("bytes/%d?chunked=1", size), false, false},
		{"upload with Content-Length", "sink?nohash=1", true, true},
		{"upload in chunks", "sink?nohash=1", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, begun := memory(t, r.PID()), time.Now()
			if c.upload {
				upload(t, r, c.path, size, c.length)
			} else {
				download(t, r, c.path, size, c.length)
			}
			took, after := time.Since(begun), memory(t, r.PID())
			t.Logf("%d MiB at %.0f MB/s; resident %d MiB before, %d MiB after, %d MiB at the most",
				size>>20, float64(size)/1e6/took.Seconds(), before.now>>20, after.now>>20, after.peak>>20)
			if after.peak-before.peak > maxGrowth || after.now-before.now > maxGrowth {
				t.Errorf("resident memory grew by %d MiB", max(after.peak-before.peak, after.now-before.now)>>20)
			}
		})
	}
	for _, l := range r.log("--agent", "agent-1") {
		in, out := l["bytes_in"].(float64), l["bytes_out"].(float64)
		if l["status"] != 200.0 || strings.Contains(l["path"].(string), "/bytes/") && int64(out) != size || l["path"] == "/v1/sink" && int64(in) != size {
			t.Errorf("the log has %v", l)
		}
	}
}

// A plugin that transforms bodies holds none: a gibibyte each way through one in Go.
func TestBulkThroughAPlugin(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 128 << 20
	}
	text := bytes.Repeat([]byte("a report of no length, by nobody; "), 8<<10)
	content := func() io.Reader { return io.LimitReader(&again{text: text}, size) }
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == "PUT" {
			n, err := io.Copy(io.Discard, q.Body)
			_, _ = fmt.Fprintf(w, "%d %v", n, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.Copy(w, content()) // a broker that hangs up is seen at the other end
	}))
	t.Cleanup(api.Close)
	const name = "sealed"
	r := newRig(t, upstream.Options{}, harness.Options{Plugins: pluginsDir(t), Extra: tables(api.URL, name)})
	r.must("", "plugin", "trust", "--yes", "--install", example{name: name, make: true}.build(t))
	r.must("api_key=stand-in-0123456789\nseal_key=seal-0123456789abcdef\n", "credential", "set", name, "--provider", name)
	_, token := r.issueFor(name, "agent-2")
	exchange := func(method, path string, body io.Reader) *http.Response {
		q, err := http.NewRequestWithContext(t.Context(), method, r.URL+"/api/"+name+"/v1/reports"+path, body)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	_ = exchange("GET", "", nil).Body.Close() // an instance, and what a first request allocates
	before, begun := memory(t, r.PID()), time.Now()
	up := exchange("PUT", "/large", content())
	if said, err := io.ReadAll(up.Body); err != nil || string(said) != fmt.Sprintf("%d <nil>", size+int64(len("\nseal: "))+64) {
		t.Errorf("the API got %s, %v", said, err)
	}
	down := exchange("GET", "", nil)
	if n, err := differsAt(down.Body, content()); err != nil || n != size {
		t.Errorf("%d of %d bytes are as they should be; %v", n, size, err)
	}
	_, _ = up.Body.Close(), down.Body.Close()
	took, after := time.Since(begun), memory(t, r.PID())
	t.Logf("%d MiB each way at %.0f MB/s; resident %d MiB before, %d MiB after, %d MiB at the most",
		size>>20, 2*float64(size)/1e6/took.Seconds(), before.now>>20, after.now>>20, after.peak>>20)
	if grown := max(after.peak-before.peak, after.now-before.now); grown > maxGrowth {
		t.Errorf("resident memory grew by %d MiB", grown>>20)
	}
}

// again is a text, without an end.
type again struct {
	text []byte
	at   int
}

func (a *again) Read(p []byte) (int, error) {
	n := copy(p, a.text[a.at:])
	a.at = (a.at + n) % len(a.text)
	return n, nil
}

func download(t *testing.T, r *rig, path string, size int64, length bool) {
	resp := send(t, r, "GET", path, nil, 0)
	defer resp.Body.Close()
	if want := map[bool]int64{true: size, false: -1}[length]; resp.ContentLength != want {
		t.Errorf("Content-Length %d, want %d", resp.ContentLength, want)
	}
	if n, err := differsAt(resp.Body, upstream.Content(size)); err != nil || n != size {
		t.Errorf("%d of %d bytes are as they should be; %v", n, size, err)
	}
}

// differsAt reads both to their ends and says how far they are the same.
func differsAt(a, b io.Reader) (n int64, err error) {
	p, q := make([]byte, 256<<10), make([]byte, 256<<10)
	for {
		got, err := io.ReadFull(a, p)
		want, _ := io.ReadFull(b, q)
		if !bytes.Equal(p[:got], q[:want]) {
			return n, fmt.Errorf("another byte after %d", n)
		}
		n += int64(got)
		if err == io.EOF || err == io.ErrUnexpectedEOF { // of ReadFull: the end
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

func upload(t *testing.T, r *rig, path string, size int64, length bool) {
	sent := int64(-1)
	if length {
		sent = size
	}
	resp := send(t, r, "POST", path, upstream.Content(size), sent)
	defer resp.Body.Close()
	var got struct{ Bytes int64 }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Bytes != size {
		t.Errorf("%d of %d bytes arrived; %v", got.Bytes, size, err)
	}
}

// send sends a request with the rig's token. length is -1 for chunks.
func send(t *testing.T, r *rig, method, path string, body io.Reader, length int64) *http.Response {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, r.URL+"/api/openai/v1/"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	q.ContentLength = length
	q.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(resp.Body)
		t.Fatalf("%d %s", resp.StatusCode, b)
	}
	return resp
}

// resident is a process's memory, in bytes.
type resident struct{ now, peak int64 }

func memory(t *testing.T, pid int) (m resident) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			m.now = kib << 10
		case "VmHWM":
			m.peak = kib << 10
		}
	}
	if m.now == 0 || m.peak == 0 {
		t.Fatalf("no figures in %s", text)
	}
	return m
}
