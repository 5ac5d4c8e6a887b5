package listen

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
)

// looking is the module of a provider "ok" whose plan depends on bodies.
func looking() []byte {
	return puppet.Of(&abi.Manifest{
		Name: "ok", Version: "1.0.0",
		Upstreams:  []abi.Upstream{{Name: "main", URL: "https://api.example.com"}},
		Fields:     []abi.Field{{Name: "api_key", Use: abi.UseReveal, Main: true, Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "authorization"}}}},
		TokenSlots: []abi.Slot{{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
		Bodies:     []abi.BodyNeed{{Path: "/held/{rest...}"}},
	}, &seks.Bearer("api_key").Plan).Module()
}

// An agent that waits for leave gets it where the plan depends on the body, and
// not before its token and its provider were found good.
func TestExpectWhereThePlanWantsTheBody(t *testing.T) {
	got := make(chan string, 1)
	f := serveModule(t, Config{}, time.Minute, looking(), func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	})
	at := f.on("127.0.0.1:0", "", nil)
	for _, bad := range []string{"POST /api/ok/held/x", "POST /api/none/held/x"} {
		a := f.dial(at)
		a.say(bad + " HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer no\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
		if resp, _ := a.answer("POST"); resp.StatusCode != 401 && resp.StatusCode != 404 {
			t.Errorf("%s: %d before the body", bad, resp.StatusCode)
		}
	}
	for _, framing := range []string{"Content-Length: 5\r\n\r\n|hello", "Transfer-Encoding: chunked\r\n\r\n|2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"} {
		a := f.dial(at)
		head, body, _ := strings.Cut(framing, "|")
		a.say("POST /api/ok/held/x HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer " + f.token + "\r\nExpect: 100-continue\r\n" + head)
		if leave := a.head(); !strings.HasPrefix(leave, "HTTP/1.1 100 ") {
			t.Fatalf("%q instead of leave", leave)
		}
		a.say(body)
		if resp, text := a.answer("POST"); resp.StatusCode != 200 || <-got != "hello" {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
	}
}

// An agent that never sends the body that it promised is told so.
func TestABodyThatNeverComes(t *testing.T) {
	f := serveModule(t, Config{}, 100*time.Millisecond, looking(), func(http.ResponseWriter, *http.Request) {
		t.Error("it reached the API")
	})
	at := f.on("127.0.0.1:0", "", nil)
	for name, rest := range map[string]string{
		"nothing":     "Content-Length: 5\r\n\r\n",
		"in part":     "Content-Length: 10000\r\n\r\n" + strings.Repeat("x", 9000),
		"in chunks":   "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"after leave": "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
	} {
		a := f.dial(at)
		a.say("POST /api/ok/held/x HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer " + f.token + "\r\n" + rest)
		if name == "after leave" {
			a.head()
		}
		resp, text := a.answer("POST")
		if resp.StatusCode != 400 || resp.Header.Get("X-Seks-Error") != "bad_request" || !strings.Contains(text, "did not come") || !a.ended() {
			t.Errorf("%s: %d %s", name, resp.StatusCode, text)
		}
	}
	if lines := f.lines(); len(lines) != 4 {
		t.Errorf("%d lines", len(lines))
	}
}
