package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/fastupstream"
)

func serve(t *testing.T, run func(net.Listener) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { _ = run(l) }()
	return l.Addr().String()
}

func TestProxySetsTheHeader(t *testing.T) {
	up := serve(t, func(l net.Listener) error { return fastupstream.Serve(l, "the-key") })
	at := serve(t, proxy(up, "the-key").Serve)
	for _, c := range []struct {
		method, path, body, want string
	}{
		{"GET", "/v1/models/110", "", string(fastupstream.JSON(110))},
		{"POST", "/v1/chat/completions?bytes=1000", `{"a":1}`, string(fastupstream.JSON(1000))},
		{"POST", "/v1/files", strings.Repeat("y", 1<<20), `{"bytes":1048576}` + "\n"},
	} {
		req, err := http.NewRequest(c.method, "http://"+at+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer a-token")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || string(body) != c.want {
			t.Errorf("%s %s: %d %.80q, %v", c.method, c.path, resp.StatusCode, body, err)
		}
	}
}
