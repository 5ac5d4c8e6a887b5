package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

// served is a broker of its own behind both listeners.
func served(t *testing.T) (b *ops.Broker, socket, url string) {
	t.Helper()
	return servedWith(t, NewMetrics("test"))
}

func servedWith(t *testing.T, m *Metrics) (b *ops.Broker, socket, url string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "broker.toml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ops.Init(c, ops.Build{}, nil); err != nil {
		t.Fatal(err)
	}
	if b, err = ops.Open(c, ops.Build{Version: "test"}, nil); err != nil {
		t.Fatal(err)
	}
	s := New(b, m)
	socket = ops.Socket(c)
	if err := s.ServeSocket(socket); err != nil {
		t.Fatal(err)
	}
	at, err := s.ServeTCP("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Shutdown(context.Background())
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b, socket, "http://" + at.String()
}

func do(t *testing.T, method, url, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

func TestTCPNeedsTheAdminToken(t *testing.T) {
	b, _, url := served(t)
	admin, err := b.AdminTokenNew(context.Background(), ops.Done{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		auth string
		want int
	}{
		{"", 401}, {"Bearer", 401}, {"Bearer ", 401}, {"Bearer x", 401}, {"Basic " + admin.Token, 401}, {admin.Token, 401},
		{"Bearer " + admin.Token + "x", 401}, {"Bearer " + admin.Token, 200}, {"bearer " + admin.Token, 200},
	} {
		status, header, body := do(t, "POST", url+"/admin/v1/credential/list", "", "Authorization", c.auth)
		if status != c.want || header.Get("Cache-Control") != "no-store" || header.Get("Content-Type") != "application/json" {
			t.Errorf("%q: %d %v %s", c.auth, status, header, body)
		}
		if status == 401 && (header.Get("WWW-Authenticate") != "Bearer" || !strings.Contains(body, "seks admin token")) {
			t.Errorf("%q: %v %s", c.auth, header, body)
		}
	}
}

func TestHostIsChecked(t *testing.T) {
	_, _, url := served(t)
	port := url[strings.LastIndex(url, ":"):]
	for host, want := range map[string]int{
		"127.0.0.1" + port: 200, "localhost" + port: 200, "localhost": 200, "[::1]" + port: 200, "[::1]": 200,
		"attacker.example": 403, "attacker.example" + port: 403, "127.0.0.1.attacker.example": 403, "localhost.": 403, "10.0.0.1": 403,
	} {
		if status, _, body := do(t, "GET", url+"/healthz", "", "Host", host); status != want {
			t.Errorf("%s: %d %s", host, status, body)
		}
	}
}

func TestWhatIsNoCommand(t *testing.T) {
	b, _, url := served(t)
	admin, _ := b.AdminTokenNew(context.Background(), ops.Done{})
	for _, c := range []struct {
		method, path, body string
		want               int
		says               string
	}{
		{"GET", "/admin/v1/token/list", "", 405, "POST"},
		{"DELETE", "/admin/v1/token/list", "", 405, "POST"},
		{"POST", "/admin/v1/token/nope", "", 404, "no such command"},
		{"POST", "/admin/v1/", "", 404, "no such command"},
		{"POST", "/admin/v2/token/list", "", 404, "/admin/v1/"},
		{"GET", "/", "", 404, "/admin/v1/"},
		{"POST", "/healthz", "", 404, ""},
		{"POST", "/admin/v1/token/issue", `{"agnet":"a"}`, 400, "agnet"},
		{"POST", "/admin/v1/token/issue", `{`, 400, "can't be read"},
	} {
		status, header, body := do(t, c.method, url+c.path, c.body, "Authorization", "Bearer "+admin.Token)
		if status != c.want || !strings.Contains(body, c.says) || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, body)
		}
		if status == 405 && header.Get("Allow") != "POST" {
			t.Errorf("%s %s: no Allow", c.method, c.path)
		}
	}
}

func TestInputIsBounded(t *testing.T) {
	b, _, url := served(t)
	admin, _ := b.AdminTokenNew(context.Background(), ops.Done{})
	for size, want := range map[int]int{maxInput: 400, maxInput + 1: 413} { // 400: read, and no JSON
		r, _ := http.NewRequest("POST", url+"/admin/v1/token/issue", io.LimitReader(zeros{}, int64(size)))
		r.Header.Set("Authorization", "Bearer "+admin.Token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.Body.Close(); resp.StatusCode != want || want == 413 && !strings.Contains(string(body), "64 MiB") {
			t.Errorf("%d bytes: %d %.200s", size, resp.StatusCode, body)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestHealthAndReadiness(t *testing.T) {
	b, _, url := served(t)
	if status, _, body := do(t, "GET", url+"/healthz", ""); status != 200 || body != "ok\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := do(t, "GET", url+"/readyz", ""); status != 503 || !strings.Contains(body, "no broker is running") {
		t.Errorf("before it serves: %d %s", status, body)
	}
	log, err := accesslog.Open(accesslog.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	b.Serving(log, func() {})
	if status, _, body := do(t, "GET", url+"/readyz", ""); status != 200 || !strings.Contains(body, `"ready":true`) {
		t.Errorf("%d %s", status, body)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _, body := do(t, "GET", url+"/readyz", ""); status != 503 || !strings.Contains(body, "access log") {
		t.Errorf("with its log gone: %d %s", status, body)
	}
}

func TestSocketIsPrivateAndReplaced(t *testing.T) {
	b, socket, _ := served(t)
	if fi, err := os.Stat(socket); err != nil || fi.Mode().Perm() != 0o600 || fi.Mode()&os.ModeSocket == 0 {
		t.Fatalf("%v %v", fi, err)
	}
	// A socket as a killed process leaves it.
	stale := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if _, err := Dial(stale); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a stale socket: %v", err)
	}
	s := New(b, NewMetrics("test"))
	if err := s.ServeSocket(stale); err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown(context.Background())
	c, err := Dial(stale)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := c.Call(context.Background(), "status", nil); err != nil || !strings.Contains(string(out), `"version":"test"`) {
		t.Errorf("%s %v", out, err)
	}
}

func TestSocketPathsThatAreTooLong(t *testing.T) {
	b, _, _ := served(t)
	long := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := New(b, NewMetrics("test")).ServeSocket(long); err == nil || !strings.Contains(err.Error(), "shorter data_dir") {
		t.Error(err)
	}
	if _, err := Dial(long); !errors.Is(err, ErrNotRunning) {
		t.Error(err)
	}
}

// The kernel's word on who is at the other end is asked for each connection.
func TestPeerUID(t *testing.T) {
	l, err := listenPrivate(filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	if uid, err := peerUID(c); err != nil || uid != uint32(os.Getuid()) {
		t.Errorf("%d %v", uid, err)
	}
	c.Close()
	if _, err := peerUID(c); err == nil {
		t.Error("a closed connection has a peer")
	}
	for uid, want := range map[uint32]bool{0: true, uint32(os.Getuid()): true, uint32(os.Getuid()) + 1: false, 65534: os.Getuid() == 65534} {
		if ours(uid) != want {
			t.Errorf("uid %d: %v", uid, ours(uid))
		}
	}
}

func TestClientErrors(t *testing.T) {
	_, socket, _ := served(t)
	c, err := Dial(socket)
	if err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]string{"nope": "no such command", "token/show": "seks token list"} {
		_, err := c.Call(context.Background(), name, []byte(`{"id":"x"}`))
		if name == "nope" {
			_, err = c.Call(context.Background(), name, nil)
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	out, err := c.Call(context.Background(), "token/list", []byte("{}"))
	if err != nil || strings.TrimSpace(string(out)) != "[]" || !json.Valid(out) {
		t.Errorf("%s %v", out, err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Call(ended, "token/list", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := Dial(filepath.Join(t.TempDir(), "none")); !errors.Is(err, ErrNotRunning) {
		t.Error(err)
	}
}

// What answers on the socket may be no broker, or one that is dying.
func TestClientOfSomethingElse(t *testing.T) {
	for says, answer := range map[string]string{
		"502 Bad Gateway": "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nwho",
		"did not answer":  "",
		"was cut":         "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n[",
	} {
		path := filepath.Join(t.TempDir(), "s")
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				if n, _ := c.Read(make([]byte, 4096)); n > 0 {
					fmt.Fprint(c, answer)
				}
				c.Close()
			}
		}()
		c, err := Dial(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Call(context.Background(), "status", bytes.Repeat([]byte(" "), 10)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
		l.Close()
	}
}
