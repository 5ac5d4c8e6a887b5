package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// echoes are the ways in which the double repeats the credential.
func echoes() []string {
	list := []string{"body", "header", "hex", "HEX", "gzip", "deflate", "sse", "split", "location", "status-text", "error"}
	for lead := range 4 {
		list = append(list, fmt.Sprintf("base64?lead=%d", lead), fmt.Sprintf("base64url?lead=%d", lead))
	}
	// Across the borders of the buffers that a body passes through.
	for _, lead := range []int{1000, 1 << 10, 4<<10 - 20, 16<<10 - 20, 32<<10 - 20, 64<<10 - 20, 128<<10 - 20, 1<<20 - 20} {
		for _, form := range []string{"body", "base64", "gzip"} {
			list = append(list, fmt.Sprintf("%s?lead=%d", form, lead))
		}
	}
	return append(list, "request", "request/and/more?x=y")
}

// However the API repeats the key, the agent gets no form of it; and when all is
// over, it is nowhere in what the broker has written.
func TestTheKeyReachesNothing(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	for _, form := range echoes() {
		for _, coding := range []string{"", "gzip, deflate, br, zstd"} {
			target := "/api/openai/v1/echo/" + form
			a := r.ask("GET "+target, r.token, "Accept-Encoding: "+coding)
			if a.Err != nil {
				t.Errorf("%s: %v", form, a.Err)
			}
			if found := a.holds(r.key); found != "" {
				t.Errorf("%s: the agent got the key (%s): %.2000q", form, found, a.Raw)
			}
			if seen := r.lastSeen(); strings.Join(seen.Values("Authorization"), "|") != "Bearer "+r.key {
				t.Errorf("%s: the API saw another key: %q", form, seen.Head)
			}
			if l := r.line(a.id()); l["scrubbed"] == 0.0 {
				t.Errorf("%s: the log counts nothing scrubbed: %v", form, l)
			}
		}
	}
	r.stop()
	writtenNowhere(t, r, "the key", r.key)
	writtenNowhere(t, r, "the token", r.token)
}

// What is masked is as long as it was, and all else is as the API sent it.
func TestMaskingKeepsTheLength(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	mask := "[REDACTED:" + credentialName + "]"
	for _, form := range []string{"body", "header", "hex", "HEX", "location", "error", "base64", "base64url?lead=1", "base64?lead=2", "body?lead=70000"} {
		q, _ := http.NewRequest("GET", r.api+"/v1/echo/"+form, nil)
		q.Header.Set("Authorization", "Bearer "+r.key)
		direct, err := (&http.Transport{DisableCompression: true}).RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(direct.Body)
		_ = direct.Body.Close()
		a := r.ask("GET /api/openai/v1/echo/"+form, r.token)
		if got, want := a.Header.Get("Content-Length"), direct.Header.Get("Content-Length"); err != nil || got != want || len(a.Body) != len(body) {
			t.Errorf("%s: Content-Length %q with %d bytes, the API's is %q with %d; %v", form, got, len(a.Body), want, len(body), err)
		}
		if a.Status != direct.StatusCode {
			t.Errorf("%s: status %d, the API's is %d", form, a.Status, direct.StatusCode)
		}
		if !bytes.Contains(a.Raw, []byte(mask)) {
			t.Errorf("%s: no mask in %.300q", form, a.Raw)
		}
	}
	a := r.ask("GET /api/openai/v1/echo/body", r.token)
	if want := "your key is " + mask + strings.Repeat("*", len(r.key)-len(mask)) + " and that's all\n"; string(a.Body) != want {
		t.Errorf("%q, want %q", a.Body, want)
	}
}

// The token is cut out of every slot that any API's SDK may use, and where it is
// in another place the request goes nowhere.
func TestTheTokenReachesNoAPI(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	_, second := r.issue("agent-2")
	tok := r.token
	bearer := "Authorization: Bearer " + tok
	basic := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+tok))
	escaped := strings.ReplaceAll(url.QueryEscape(tok), "_", "%5F")
	for _, c := range []struct {
		name    string
		target  string
		headers []string
		code    string // "": it goes through
	}{
		{"bearer", "models", []string{bearer}, ""},
		{"bearer in another case", "models", []string{"aUTHORIZATION: bEARER " + tok}, ""},
		{"bearer and x-api-key", "models", []string{bearer, "x-api-key: " + tok}, ""},
		{"bearer and all key headers", "models", []string{bearer, "X-Goog-Api-Key: " + tok, "X-Subscription-Token: " + tok, "X-Auth-Key: " + tok, "api-key: " + tok, "Proxy-Authorization: Bearer " + tok}, ""},
		{"bearer and ?key=", "models?a=1&key=" + tok + "&b=2", []string{bearer}, ""},
		{"bearer and ?key= encoded", "models?key=" + escaped, []string{bearer}, ""},
		{"somebody's own key beside it", "models", []string{bearer, "x-api-key: sk-own-key-of-the-agent"}, ""},
		{"bearer twice", "models", []string{bearer, bearer}, ""},

		{"basic password", "models", []string{basic}, "token_missing"},
		{"x-api-key alone", "models", []string{"x-api-key: " + tok}, "token_missing"},
		{"?key= alone", "models?key=" + tok, nil, "token_missing"},
		{"no scheme", "models", []string{"Authorization: " + tok}, "token_missing"},

		{"two tokens", "models", []string{bearer, "x-api-key: " + second}, "bad_request"},
		{"two tokens, header and query", "models?key=" + second, []string{bearer}, "bad_request"},
		{"two tokens, bearer and basic", "models", []string{"Authorization: Bearer " + second, basic}, "bad_request"},
		{"a foreign header", "models", []string{bearer, "X-Note: my token is " + tok + "!"}, "bad_request"},
		{"user agent", "models", []string{bearer, "User-Agent: agent/" + tok}, "bad_request"},
		{"cookie", "models", []string{bearer, "Cookie: a=b; t=" + tok}, "bad_request"},
		{"referer", "models", []string{bearer, "Referer: http://x/?key=" + tok}, "bad_request"},
		{"a header's name", "models", []string{bearer, tok + ": 1"}, "bad_request"},
		{"path", "files/" + tok, []string{bearer}, "bad_request"},
		{"path, encoded", "files/" + escaped, []string{bearer}, "bad_request"},
		{"another parameter", "models?after=" + tok, []string{bearer}, "bad_request"},
		{"another parameter, encoded", "models?after=" + escaped, []string{bearer}, "bad_request"},
		{"a parameter's name", "models?" + tok + "=1", []string{bearer}, "bad_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			before := len(r.double.Requests())
			a := r.ask("GET /api/openai/v1/"+c.target, "", c.headers...)
			reached := len(r.double.Requests()) - before
			if a.code() != c.code || (c.code == "") != (a.Status == 200) || (c.code == "") != (reached == 1) {
				t.Errorf("%d %q %s; %d requests reached the API; want %q", a.Status, a.code(), a.Body, reached, c.code)
			}
			if found := a.holds(tok); found != "" {
				t.Errorf("the answer holds the token (%s): %q", found, a.Raw)
			}
			if c.code == "" {
				seen := r.lastSeen()
				if strings.Join(seen.Values("Authorization"), "|") != "Bearer "+r.key || len(seen.Values("x-api-key")) > 0 {
					t.Errorf("the API saw %q", seen.Head)
				}
			}
			r.line(a.id())
		})
	}
	r.t = t
	if seen := r.lastSeen(); !strings.HasPrefix(seen.Target, "/v1/models") {
		t.Errorf("the API saw %q", seen.Target)
	}
	// Trailers come when the body has gone upstream already.
	for _, name := range []string{"X-Note", "Authorization", "X-Api-Key"} {
		const good = "X-Checksum"
		a := r.exchange("POST /api/openai/v1/sink HTTP/1.1\r\nHost: b\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: " + name + ", " + good +
			"\r\n" + bearer + "\r\n\r\n3\r\nabc\r\n0\r\n" + name + ": Bearer " + tok + "\r\n" + good + ": of-" + name + "\r\n\r\n")
		if a.Status == 200 && !bytes.Contains(r.double.RawIn(), []byte("\r\n"+good+": of-"+name+"\r\n")) {
			t.Errorf("trailer %s: a good one beside it is lost", name)
		}
		if found := a.holds(tok); found != "" {
			t.Errorf("trailer %s: the answer holds the token (%s): %q", name, found, a.Raw)
		}
	}
	for name, secret := range map[string]string{"first": tok, "second": second, "typed by an agent": "sk-own-key-of-the-agent"} {
		if found := harness.Find(r.double.RawIn(), secret); found != "" {
			t.Errorf("the %s token reached the API (%s)", name, found)
		}
		if bytes.Contains(r.double.RawIn(), []byte(url.QueryEscape(secret))) {
			t.Errorf("the %s token reached the API, escaped", name)
		}
	}
	r.stop()
	writtenNowhere(t, r, "the token", tok)
	writtenNowhere(t, r, "the second token", second)
	writtenNowhere(t, r, "the key", r.key)
}

// An error from the API that repeats a key which the API did not accept is
// scrubbed like every other answer.
func TestARefusedKeyIsScrubbedToo(t *testing.T) {
	r := newRig(t, upstream.Options{EchoKey: true}, harness.Options{})
	wrong := newKey()
	r.must(wrong, "credential", "set", "wrong", "--provider", "openai")
	_, token := r.issueFor("wrong", "agent-w")
	a := r.ask("GET /api/openai/v1/models", token)
	if a.Status != 401 || a.code() != "" || !bytes.Contains(a.Body, []byte("Incorrect API key provided: [REDACTED:wrong]")) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if found := a.holds(wrong); found != "" {
		t.Errorf("the agent got the key (%s)", found)
	}
}

// Rotation changes the key of the next request, and both are scrubbed from then on
// in their own answers.
func TestRotationTakesEffectAtOnce(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	r.works("the start")
	wrong := newKey()
	r.must(wrong, "credential", "rotate", credentialName)
	if a := r.ask("GET /api/openai/v1/models", r.token); a.Status != 401 || a.holds(wrong) != "" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if seen := r.lastSeen(); seen.Values("Authorization")[0] != "Bearer "+wrong {
		t.Errorf("the API saw %q", seen.Head)
	}
	r.must("api_key="+r.key+"\n", "credential", "rotate", credentialName)
	r.works("rotating back")
}

// writtenNowhere searches all that the broker has left behind: what it printed,
// and every file in its folder, the log also as it reads when decompressed.
func writtenNowhere(t *testing.T, r *rig, what, secret string) {
	t.Helper()
	if found := harness.Find([]byte(r.Stderr()), secret); found != "" {
		t.Errorf("serve printed %s (%s)", what, found)
	}
	zstdReader, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer zstdReader.Close()
	files, lines := 0, 0
	err = filepath.WalkDir(r.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if found := harness.Find(text, secret); found != "" {
			t.Errorf("%s is in %s (%s)", what, path, found)
		}
		if strings.HasSuffix(path, ".zst") {
			plain, err := zstdReader.DecodeAll(text, nil)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if found := harness.Find(plain, secret); found != "" {
				t.Errorf("%s is in the log %s (%s)", what, path, found)
			}
			lines += bytes.Count(plain, []byte("\n"))
		}
		return nil
	})
	if err != nil || files < 5 || lines == 0 {
		t.Errorf("%d files and %d lines of log were searched: %v", files, lines, err)
	}
}
