package upstream

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

const key = "sk-double-0123456789abcdefghijklmn"

// start runs a double for the test.
func start(t *testing.T, o Options) (*Server, string) {
	t.Helper()
	if o.Key == "" {
		o.Key = key
	}
	s := New(o)
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, url
}

// do sends a request with the key and gives the answer, not following redirects.
func do(t *testing.T, method, url, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func bodyOf(t *testing.T, answer *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// call is do for an answer in JSON.
func call[T any](t *testing.T, method, url, body string, status int) (v T) {
	t.Helper()
	answer := do(t, method, url, body)
	b := bodyOf(t, answer)
	if err := json.Unmarshal([]byte(b), &v); err != nil || answer.StatusCode != status {
		t.Errorf("%s %s: %d %v %s", method, url, answer.StatusCode, err, b)
	}
	return v
}

type apiError struct {
	Error struct{ Message, Type, Code string }
}

func TestTheKeyIsChecked(t *testing.T) {
	wrong := strings.Replace(key, "double", "wrong!", 1)
	for name, c := range map[string]struct {
		key, header, value string
		echo               bool
		status             int
		says               string
	}{
		"bearer":                {key, "Authorization", "Bearer " + key, false, 200, ""},
		"x-api-key":             {key, "X-Api-Key", key, false, 200, ""},
		"missing":               {key, "X-Other", key, false, 401, "You didn't provide"},
		"wrong, masked":         {key, "Authorization", "Bearer " + wrong, false, 401, "sk-wrong**********************klmn"},
		"wrong, short":          {key, "Authorization", "Bearer abc", false, 401, " ***."},
		"wrong, repeated":       {key, "Authorization", "Bearer " + wrong, true, 401, wrong},
		"right in another case": {key, "Authorization", "Bearer " + strings.ToUpper(key), false, 401, "Incorrect"},
		"a double without one":  {"", "Authorization", "Bearer ", false, 401, "You didn't"},
	} {
		s := New(Options{Key: c.key, EchoKey: c.echo})
		url, err := s.Start()
		if err != nil {
			t.Fatal(err)
		}
		r, _ := http.NewRequest("GET", url+"/v1/models", nil)
		r.Header.Set(c.header, c.value)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body := bodyOf(t, answer)
		var e apiError
		_ = json.Unmarshal([]byte(body), &e)
		if answer.StatusCode != c.status || !strings.Contains(e.Error.Message, c.says) || c.status == 401 && e.Error.Code != "invalid_api_key" {
			t.Errorf("%s: %d %s", name, answer.StatusCode, body)
		}
		if !c.echo && strings.Contains(body, wrong) {
			t.Errorf("%s: the key is repeated: %s", name, body)
		}
		_ = answer.Body.Close()
		_ = s.Close()
	}
}

func TestErrorsOnRequest(t *testing.T) {
	_, url := start(t, Options{})
	for model, want := range map[string]struct {
		status int
		kind   string
		retry  string
	}{
		"error-400": {400, "invalid_request_error", ""},
		"error-429": {429, "requests", "2"},
		"error-500": {500, "server_error", ""},
		"error-200": {404, "invalid_request_error", ""},
	} {
		for _, path := range []string{"/v1/chat/completions", "/v1/embeddings", "/v1/responses", "/v1/error/" + model[6:]} {
			answer := do(t, "POST", url+path, fmt.Sprintf(`{"model":%q}`, model))
			var e apiError
			if err := json.Unmarshal([]byte(bodyOf(t, answer)), &e); err != nil || answer.StatusCode != want.status ||
				e.Error.Type != want.kind || answer.Header.Get("Retry-After") != want.retry {
				t.Errorf("%s %s: %d %v %+v %v", path, model, answer.StatusCode, err, e, answer.Header)
			}
		}
	}
	for _, path := range []string{"/v1/nothing", "/", "/v1/chat/completions/x", "/v1/echo/nothing", "/v1/bytes/x", "/v1/bytes/-1", "/v1/models/none"} {
		call[apiError](t, "GET", url+path, "", 404)
	}
	call[apiError](t, "POST", url+"/v1/chat/completions", "{", 400)
}

// Paths, header case, order and repeats, which net/http does not show, are
// seen as they were sent; two requests on one connection are told apart.
func TestRequestsAreSeenAsSent(t *testing.T) {
	s, url := start(t, Options{BodyLimit: 4})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	heads := []string{
		"GET /v1/echo/request/a%2Fb//c/..;x?q=%41 HTTP/1.1\r\nhOSt: Api.Example\r\nx-B: 1\r\nX-a: 2\r\nx-b:3\r\naUTHORIZATION: Bearer " + key + "\r\n\r\n",
		"POST /v1/sink HTTP/1.1\r\nHost: x\r\nauthorization: Bearer " + key + "\r\ntransfer-encoding: chunked\r\n\r\n",
	}
	bodies := []string{"", "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"}
	in := bufio.NewReader(conn)
	for i := range heads {
		if _, err := io.WriteString(conn, heads[i]+bodies[i]); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body := bodyOf(t, answer)
		if i == 0 {
			var echo struct {
				Target, Host string
				Headers      [][2]string
			}
			if err := json.Unmarshal([]byte(body), &echo); err != nil || echo.Target != "/v1/echo/request/a%2Fb//c/..;x?q=%41" || echo.Host != "Api.Example" ||
				fmt.Sprint(echo.Headers) != "[[hOSt Api.Example] [x-B 1] [X-a 2] [x-b 3] [aUTHORIZATION Bearer "+key+"]]" {
				t.Errorf("%v %s", err, body)
			}
		}
	}
	seen := s.Requests()
	if len(seen) != 2 || string(seen[0].Head) != heads[0] || string(seen[1].Head) != heads[1] {
		t.Fatalf("seen %+v", seen)
	}
	if got := seen[0].Values("X-B"); fmt.Sprint(got) != "[1 3]" {
		t.Errorf("values %v", got)
	}
	const sumOfAbcdefg = "7d1a54127b222502f5b79b5fb0803061152a44f92b37e23c6527baf665d4da9a"
	if b := seen[1]; string(b.Body) != "abcd" || b.BodyBytes != 7 || b.BodySHA256 != sumOfAbcdefg || !b.BodyDone || !seen[0].BodyDone {
		t.Errorf("body %q %d %s %v", b.Body, b.BodyBytes, b.BodySHA256, b.BodyDone)
	}
	if raw := string(s.RawIn()); raw != heads[0]+heads[1]+bodies[1] {
		t.Errorf("raw %q", raw)
	}
}

func TestTheRecordIsBounded(t *testing.T) {
	s, url := start(t, Options{Record: 2, RawLimit: 10})
	for i := range 3 {
		do(t, "GET", fmt.Sprintf("%s/v1/models?%d", url, i), "")
	}
	if seen := s.Requests(); len(seen) != 2 || seen[1].Target != "/v1/models?2" || len(bytes.ReplaceAll(s.RawIn(), []byte("\n"), nil)) != 10 {
		t.Errorf("%d seen, raw %q", len(seen), s.RawIn())
	}
	off, url := start(t, Options{Record: -1, RawLimit: -1})
	do(t, "GET", url+"/v1/echo/request", "")
	if off.Requests() != nil || len(off.RawIn()) != 0 {
		t.Error("recorded though it is off")
	}
}

func TestTLS(t *testing.T) {
	s, url := start(t, Options{TLS: true})
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CertPEM()) || !strings.HasPrefix(url, "https://") {
		t.Fatalf("no certificate, or %s", url)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	r, _ := http.NewRequest("GET", url+"/v1/models", nil)
	r.Header.Set("Authorization", "Bearer "+key)
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 || answer.ProtoMajor != 1 || !bytes.Contains(s.RawIn(), []byte("Bearer "+key)) {
		t.Errorf("%v, raw %q", answer, s.RawIn())
	}
}

func TestCloseCutsWhatHangs(t *testing.T) {
	s, url := start(t, Options{Gate: make(chan struct{})})
	stream := do(t, "POST", url+"/v1/chat/completions", `{"model":"m","stream":true}`)
	hung := make(chan error)
	go func() {
		r, _ := http.NewRequestWithContext(context.Background(), "GET", url+"/v1/hang", nil)
		r.Header.Set("Authorization", "Bearer "+key)
		_, err := http.DefaultTransport.RoundTrip(r)
		hung <- err
	}()
	for len(s.Requests()) < 2 {
		runtime.Gosched()
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-hung; err == nil {
		t.Error("a hung request was answered")
	}
	if _, err := io.ReadAll(stream.Body); err == nil {
		t.Error("a stream at the gate ended as if it were whole")
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}
