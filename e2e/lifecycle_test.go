package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// On SIGTERM no request is taken any more, and those that run end as they would.
func TestShutdownLetsStreamsFinish(t *testing.T) {
	gate := make(chan struct{})
	r := newRig(t, upstream.Options{Gate: gate}, harness.Options{})
	idle := dial(t, r) // an agent that keeps its connection doesn't keep the broker
	if _, err := io.WriteString(idle, strings.Replace(r.models(), "Connection: close\r\n", "", 1)); err != nil {
		t.Fatal(err)
	}
	if resp, err := readAnswer(bufio.NewReader(idle), "GET"); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v, %v", resp, err)
	}
	client := r.client(r.token)
	stream := client.Chat.Completions.NewStreaming(t.Context(), hello("gpt-double"))
	defer stream.Close()
	if !stream.Next() {
		t.Fatal(stream.Err())
	}
	if err := r.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the listener closes", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	select {
	case <-r.Ended():
		t.Fatalf("the broker has ended under a running stream: %s", r.Stderr())
	default:
	}
	close(gate)
	text := stream.Current().Choices[0].Delta.Content
	for stream.Next() {
		if c := stream.Current().Choices; len(c) > 0 {
			text += c[0].Delta.Content
		}
	}
	if stream.Err() != nil || text != "Hello from the upstream double." {
		t.Errorf("%q, %v", text, stream.Err())
	}
	r.stop()
	lines := r.log("--agent", "agent-1")
	if len(lines) != 2 || lines[1]["status"] != 200.0 || lines[1]["error"] != "" || lines[1]["bytes_out"].(float64) < 1000 {
		t.Errorf("the log has %v", lines)
	}
}

// What is not done by then is cut, so that the client can tell, and logged.
func TestShutdownCutsWhatNeverEnds(t *testing.T) {
	r := newRig(t, upstream.Options{Gate: make(chan struct{})}, harness.Options{Extra: "[limits]\ndrain = \"1s\"\n"})
	client := r.client(r.token)
	stream := client.Chat.Completions.NewStreaming(t.Context(), hello("gpt-double"))
	defer stream.Close()
	if !stream.Next() {
		t.Fatal(stream.Err())
	}
	hanging := dial(t, r)
	if _, err := io.WriteString(hanging, "GET /api/openai/v1/hang HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer "+r.token+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both requests reach the API", func() bool { return len(r.double.Requests()) == 2 })
	begun := time.Now()
	r.stop()
	if took := time.Since(begun); took < 900*time.Millisecond || took > wireLimit {
		t.Errorf("it took %s", took)
	}
	if stream.Next() || stream.Err() == nil {
		t.Errorf("a stream that was cut looks whole: %v", stream.Err())
	}
	if got, _ := io.ReadAll(hanging); bytes.HasPrefix(got, []byte("HTTP/1.1 200")) {
		t.Errorf("what was cut looks well: %q", got)
	}
	lines := r.log("--agent", "agent-1")
	if len(lines) != 2 {
		t.Errorf("the log has %v", lines)
	}
	for _, l := range lines {
		if l["reason"] == "" || l["total_ms"].(float64) < 900 {
			t.Errorf("the log has %v", l)
		}
	}
}

// What a command has confirmed is there after a power cut.
func TestKillLosesNothing(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	for round := range 3 {
		name := fmt.Sprintf("set-%d", round)
		_, kept := r.issue("kept")
		gone, revoked := r.issue("gone")
		r.must("", "token", "revoke", gone)
		r.must(r.key, "credential", "set", name, "--provider", "openai")
		if err := r.Kill(); err != nil {
			t.Fatal(err)
		}
		r.start()
		if a := r.ask("GET /api/openai/v1/models", kept); a.Status != 200 {
			t.Errorf("a token that was issued: %d %s", a.Status, a.Body)
		}
		r.refused(r.ask("GET /api/openai/v1/models", revoked), 401, "token_revoked", "")
		if list := r.must("", "credential", "list"); !strings.Contains(list, name) {
			t.Errorf("a credential that was set is not in\n%s", list)
		}
		before := len(r.log()) // and all of that is on disk now
		if err := r.Kill(); err != nil {
			t.Fatal(err)
		}
		if after := len(r.log()); after != before || before == 0 {
			t.Errorf("%d lines of log, and %d after a kill", before, after)
		}
		r.start()
	}
	r.works("kills")
}

func TestOneBrokerForOneDataDir(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	res := r.run("", "serve")
	if res.Status != 1 || !strings.Contains(res.Err, "another seks process has the store open") || strings.Contains(res.Err, "goroutine") {
		t.Errorf("exit %d: %s", res.Status, res.Err)
	}
	r.works("a second serve")
	if out := r.must("", "token", "list"); !strings.Contains(out, "agent-1") { // its socket is still the first one's
		t.Errorf("token list: %s", out)
	}
}

func TestAdminAPI(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	admin := strings.TrimSpace(r.must("", "admin", "token"))
	second := strings.TrimSpace(r.must("", "admin", "token"))
	for _, c := range []struct {
		name, method, path, token, host, body string
		status                                int
		says                                  string
	}{
		{"no token", "POST", "/admin/v1/token/list", "", "", "", 401, "seks admin token"},
		{"a wrong token", "POST", "/admin/v1/token/list", second + "x", "", "", 401, "seks admin token"},
		{"an older token", "POST", "/admin/v1/token/list", admin, "", "", 401, "seks admin token"},
		{"an agent's token", "POST", "/admin/v1/token/list", r.token, "", "", 401, "seks admin token"},
		{"another host", "POST", "/admin/v1/token/list", second, "evil.example", "", 403, "Host"},
		{"another host with our port", "POST", "/admin/v1/token/list", second, "127.0.0.1.evil.example:80", "", 403, "Host"},
		{"list", "POST", "/admin/v1/token/list", second, "", "", 200, `"agent":"agent-1"`},
		{"by another name", "POST", "/admin/v1/token/list", second, "localhost:1", "", 200, `"agent":"agent-1"`},
		{"unknown command", "POST", "/admin/v1/token/steal", second, "", "", 404, "no such command"},
		{"unknown key", "POST", "/admin/v1/token/issue", second, "", `{"agent":"x","credential":"main-key","alow":["GET /"]}`, 400, "alow"},
		{"GET", "GET", "/admin/v1/token/list", second, "", "", 405, "POST"},
		{"ready", "GET", "/readyz", "", "", "", 200, `"ready":true`},
		{"healthy", "GET", "/healthz", "", "", "", 200, "ok"},
	} {
		q, err := http.NewRequestWithContext(t.Context(), c.method, r.Admin+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		q.Host = c.host
		if c.token != "" {
			q.Header.Set("Authorization", "Bearer "+c.token)
		}
		resp, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != c.status || !bytes.Contains(body, []byte(c.says)) {
			t.Errorf("%s: %d %s; want %d %q", c.name, resp.StatusCode, body, c.status, c.says)
		}
	}
	// It is the same JSON as that of the command.
	var api, command any
	q, _ := http.NewRequest("POST", r.Admin+"/admin/v1/token/list", nil)
	q.Header.Set("Authorization", "Bearer "+second)
	resp, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&api); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(r.must("", "token", "list", "--json")), &command); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(api)
	b, _ := json.Marshal(command)
	if !bytes.Equal(a, b) {
		t.Errorf("the API says %s, the command %s", a, b)
	}
	r.stop()
	for _, token := range []string{admin, second} {
		if found := harness.Find([]byte(r.Stderr()), token); found != "" {
			t.Errorf("serve printed an admin token (%s)", found)
		}
	}
}

// What is in data_dir is for one user.
func TestModes(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	r.works("the start")
	for _, name := range []string{"admin.sock", "master.key", "store", "log", "."} {
		info, err := os.Stat(filepath.Join(r.DataDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		want := os.FileMode(0o600)
		if info.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %04o, want %04o", name, info.Mode().Perm(), want)
		}
	}
}
