package fastupstream_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/fastupstream"
	"github.com/seksbot/seks-broker/bench/load"
)

const key = "the-key"

func start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { _ = fastupstream.Serve(l, key) }()
	return l.Addr().String()
}

func request(method, target, bearer string, length int) []byte {
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", method, target, bearer, length)
}

func TestAnswers(t *testing.T) {
	at := start(t)
	for _, c := range []struct {
		method, path, key string
		status            int
		body              string
	}{
		{"GET", "/v1/models/110", key, 200, string(fastupstream.JSON(110))},
		{"POST", "/v1/chat/completions?bytes=1000", key, 200, string(fastupstream.JSON(1000))},
		{"GET", "/v1/files/1000000/content", key, 200, strings.Repeat(fastupstream.Block, 8200)[:1000000]},
		{"GET", "/v1/models/110", "another", 401, "this is not the credential\n"},
		{"GET", "/v1/models/x", key, 400, "no size\n"},
		{"GET", "/elsewhere", key, 404, "no such path\n"},
	} {
		req, err := http.NewRequest(c.method, "http://"+at+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+c.key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || string(body) != c.body {
			t.Errorf("%s: %d, %d bytes, %v", c.path, resp.StatusCode, len(body), err)
		}
	}
}

func TestJSONHasItsSize(t *testing.T) {
	for _, n := range []int{40, 110, 1000} {
		if got := len(fastupstream.JSON(n)); got != n {
			t.Errorf("%d bytes, want %d", got, n)
		}
	}
}

// The load generator against this upstream: each measures what it says.
func TestLoad(t *testing.T) {
	at := start(t)
	o := load.Options{Address: at, Request: request("GET", "/v1/models/110", key, 0), Connections: 4, Warm: 10 * time.Millisecond, Measure: 100 * time.Millisecond}
	begun := 0
	o.Begin = func() { begun++ }
	if rate, err := load.Closed(o); err != nil || rate < 100 || begun != 1 {
		t.Errorf("closed loop: %v a second, begun %d times, %v", rate, begun, err)
	}
	if trips, err := load.RoundTrips(o); err != nil || len(trips) == 0 || trips[0] <= 0 || trips[0] > 1e6 {
		t.Errorf("round trips: %d, %v", len(trips), err)
	}
	o.Request = request("GET", "/v1/models/110", "another", 0)
	if _, err := load.Closed(o); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a refused request counted: %v", err)
	}
	if _, err := load.RoundTrips(o); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a refused round trip counted: %v", err)
	}
}

// Its length must be right: the upstream reads so much, and answers. That signatures
// are, the broker says in each run of make bench.
func TestLoadOfSignedChunks(t *testing.T) {
	u := load.Signed{Address: start(t), Path: "/b/k", ID: fastupstream.KeyID, Secret: key, Content: []byte(fastupstream.Block)}
	for _, sizes := range [][2]int64{{1 << 20, 64 << 10}, {1<<20 + 1, 64 << 10}, {1 << 20, 1 << 20}, {5, 1 << 20}, {0, 1 << 20}} {
		u.Size, u.Chunk = sizes[0], sizes[1]
		u.Digest()
		if err := u.Upload(); err != nil {
			t.Errorf("%d bytes in chunks of %d: %v", u.Size, u.Chunk, err)
		}
	}
	u.ID = "another"
	if err := u.Upload(); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a refused upload counted: %v", err)
	}
}

func TestLoadOfEvents(t *testing.T) {
	o := load.Options{Address: start(t), Connections: 3, Warm: 50 * time.Millisecond, Measure: 300 * time.Millisecond}
	for _, every := range []string{"5ms", "0s"} {
		o.Request = request("POST", "/v1/responses?every="+every, key, 0)
		micros, rate, err := load.Events(o)
		if err != nil || rate < 30 || len(micros) == 0 {
			t.Fatalf("every %s: %d events, %v a second, %v", every, len(micros), rate, err)
		}
		for _, m := range micros {
			if m < 0 || m > 10e6 {
				t.Fatalf("every %s: an event took %v µs", every, m)
			}
		}
	}
}

func TestLoadOfBulk(t *testing.T) {
	at := start(t)
	const size = 3<<20 + 17
	got, took, err := load.Download(at, request("GET", fmt.Sprintf("/v1/files/%d/content", size), key, 0))
	if err != nil || got != size || took <= 0 {
		t.Errorf("download: %d bytes in %v, %v", got, took, err)
	}
	if _, err := load.Upload(at, request("POST", "/v1/files", key, size), size, []byte(fastupstream.Block)); err != nil {
		t.Errorf("upload: %v", err)
	}
	if _, err := load.Upload(at, request("POST", "/v1/files", "another", 10), 10, []byte("x")); err == nil {
		t.Error("a refused upload counted")
	}
}
