package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// fate is what comes of a request to a hostile upstream.
type fate struct {
	query  string // of /v1/hostile/{behaviour}
	upload bool   // the request has a body, which the agent sends the beginning of
	status int
	code   string // X-Seks-Error; "" for an answer of the upstream's
	cut    bool   // the answer has no proper end
	reason string // what the log says, a part of it
}

var (
	own      = fate{status: 200}
	protocol = func(reason string) fate { return fate{status: 502, code: "upstream_protocol", reason: reason} }
	cut      = func(reason string) fate { return fate{status: 200, cut: true, reason: reason} }
)

// fates are those of every behaviour of the double.
var fates = map[string][]fate{
	"redirect-301": {{query: "?to=ELSEWHERE", status: 301}}, "redirect-307": {{query: "?to=ELSEWHERE", status: 307}, {query: "?to=ELSEWHERE", status: 307, upload: true}},
	"length-long": {cut("unexpected EOF")}, "length-short": {own}, "two-answers": {own}, "late-answer": {own}, "keep-then-close": {own},
	"chunks-without-end": {cut("unexpected EOF")}, "chunks-then-garbage": {own}, "trailer-smuggles": {own},
	"stall-head": {{status: 504, code: "upstream_timeout", reason: "timeout"}}, "stall-interim": {{status: 504, code: "upstream_timeout", reason: "timeout"}},
	"stall-body": {cut("timeout")}, "stall-chunk": {cut("timeout")},
	"reset": {
		{status: 502, code: "upstream_unreachable", reason: "reset"}, {query: "?at=30", status: 502, code: "upstream_unreachable", reason: "reset"},
		{query: "?at=100", status: 200, cut: true, reason: "reset"}, {query: "?at=4000", status: 200, cut: true, reason: "reset"},
	},
	"endless-headers": {protocol("64 KiB")}, "endless-interim": {protocol("16 interim answers")}, "endless-trailer": {cut("64 KiB")},
	"early-413": {{status: 413, upload: true}}, "early-200": {{status: 200, upload: true}},
	"close-unread": {{status: 502, code: "upstream_unreachable"}, {status: 502, code: "upstream_unreachable", upload: true}},
	"reset-unread": {{status: 502, code: "upstream_unreachable"}, {status: 502, code: "upstream_unreachable", upload: true}},
	"gzip-bomb":    {protocol("a thousand times")}, "gzip-truncated": {protocol("unexpected EOF")}, "gzip-garbage": {protocol("gzip")}, "coding-unknown": {protocol("coding")},

	"length-and-chunks": {protocol("both Content-Length and Transfer-Encoding")}, "two-lengths": {protocol("Content-Length")}, "length-list": {protocol("Content-Length")},
	"length-signed": {protocol("Content-Length")}, "length-negative": {protocol("Content-Length")}, "length-huge": {protocol("Content-Length")},
	"coding-list": {protocol("Transfer-Encoding")}, "coding-other": {protocol("Transfer-Encoding")}, "coding-twice": {protocol("Transfer-Encoding")}, "coding-in-1.0": {protocol("Transfer-Encoding")},
	"chunk-size-bad": {cut("size is no number")}, "chunk-size-none": {cut("no size")}, "chunk-size-signed": {cut("size is no number")}, "chunk-size-0x": {cut("size is no number")},
	"chunk-size-huge": {cut("too large")}, "chunk-size-line": {cut("too long")}, "chunk-longer": {cut("longer than it says")}, "chunk-shorter": {cut("unexpected EOF")},
	"chunk-bare-lf": {cut("LF alone")}, "trailer-bad": {cut("without a proper name")}, "chunk-then-nothing": {cut("EOF")},
	"bare-lf": {protocol("LF alone")}, "one-bare-lf": {protocol("LF alone")}, "bare-cr": {protocol("control character")}, "folded": {protocol("folded")}, "colon-space": {protocol("proper name")},
	"no-colon": {protocol("proper name")}, "no-name": {protocol("proper name")}, "name-8bit": {protocol("proper name")}, "control-bytes": {protocol("control character")},
	"empty-first": {protocol("empty line")}, "long-line": {protocol("64 KiB")}, "many-headers": {protocol("256 header lines")},
	"version-unknown": {protocol("version")}, "version-0.9": {protocol("version")}, "version-case": {protocol("version")}, "status-none": {protocol("status")}, "status-long": {protocol("status")},
	"status-zero": {protocol("status")}, "status-text-bad": {protocol("status text")}, "switching": {protocol("switches protocols")}, "nothing": {{status: 502, code: "upstream_unreachable"}},
}

// What a hostile upstream does costs the exchange that it does it to, and no
// other: not those of another agent on the same credential, which share its
// connections, and not the next of the same agent.
func TestHostileUpstream(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{Extra: "[limits]\nupstream_header_timeout = \"1s\"\n"})
	elsewhere := upstream.New(upstream.Options{Key: r.key})
	elsewhereURL, err := elsewhere.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	_, other := r.issue("bystander")
	good := watchBystander(r, other)
	type ended struct {
		what string
		fate fate
		id   string
	}
	var all []ended
	for _, name := range upstream.Behaviours() {
		if len(fates[name]) == 0 {
			t.Errorf("%s: nobody says what comes of it", name)
		}
		for _, f := range fates[name] {
			what := name + f.query
			before := good.count.Load()
			a := r.provoke(good, name, f, elsewhereURL+"/stolen")
			f.check(t, what, a)
			all = append(all, ended{what, f, a.id()})
			for range 2 {
				r.works(what)
			}
			eventually(t, "the bystander goes on after "+what, func() bool { return good.count.Load() > before+1 || good.failed.Load() != nil })
		}
	}
	if failed := good.end(); failed != nil {
		t.Errorf("the bystander: %s", *failed)
	}
	if n := len(elsewhere.Requests()); n != 0 {
		t.Errorf("%d redirects were followed: %q", n, elsewhere.RawIn())
	}
	lines := map[any]map[string]any{}
	for _, l := range r.log() {
		lines[l["id"]] = l
	}
	for _, e := range all {
		wantError := e.fate.code
		if e.fate.cut {
			wantError = "upstream_protocol"
		}
		l := lines[e.id]
		if l["error"] != wantError && !(wantError == "" && l["error"] == nil) || l["status"] != float64(e.fate.status) ||
			!strings.Contains(fmt.Sprint(l["reason"]), e.fate.reason) || l["agent"] != "agent-1" {
			t.Errorf("%s: the log says error %v, status %v, reason %q; want %q, %d, %q", e.what, l["error"], l["status"], l["reason"], wantError, e.fate.status, e.fate.reason)
		}
	}
	for name := range fates {
		if begun, _ := r.double.Ran(name); begun == 0 {
			t.Errorf("%s: the double knows no such behaviour", name)
		}
	}
}

// provoke asks for a behaviour. An upload stops after its beginning.
func (r *rig) provoke(good *bystander, name string, f fate, elsewhere string) answer {
	r.t.Helper()
	target := "/api/openai/v1/hostile/" + name + strings.ReplaceAll(f.query, "ELSEWHERE", elsewhere)
	if f.upload {
		return r.exchange("POST " + target + " HTTP/1.1\r\nHost: broker\r\nAuthorization: Bearer " + r.token +
			"\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("beginning ", 20_000))
	}
	if name == "late-answer" {
		// Its connection has to be idle when the second answer comes. Were it in
		// use again, HTTP/1.1 has no way to tell that answer from the right one.
		good.turn.Lock()
		defer good.turn.Unlock()
		defer eventually(r.t, "the second answer is sent", func() bool { n, _ := r.double.Ran("late-answer-sent"); return n > 0 })
	}
	return r.ask("GET "+target, r.token)
}

func (f fate) check(t *testing.T, what string, a answer) {
	t.Helper()
	if a.Status != f.status || a.code() != f.code || (a.Err != nil) != f.cut {
		t.Errorf("%s: %d %q, the body ended with %v: %.300q; want %d %q, cut %v", what, a.Status, a.code(), a.Err, a.Body, f.status, f.code, f.cut)
	}
	if bytes.Contains(a.Raw, []byte(upstream.Stray)) {
		t.Errorf("%s: the agent got what belongs to nobody: %.600q", what, a.Raw)
	}
	if f.code == "" && !f.cut && string(a.Body) != upstream.Own {
		t.Errorf("%s: the body is %.300q", what, a.Body)
	}
	if strings.HasPrefix(what, "redirect") && !strings.HasSuffix(a.Header.Get("Location"), "/stolen") {
		t.Errorf("%s: Location is %q", what, a.Header.Get("Location"))
	}
	if strings.Contains(string(a.Raw[max(0, len(a.Raw)-200):]), "X-Seks-Error: bad_request") {
		t.Errorf("%s: a trailer spoke for the broker: %q", what, a.Raw)
	}
}

// bystander is another agent, whose good exchanges share the credential, and so
// the connections, with those that go wrong.
type bystander struct {
	turn   sync.Mutex // held during each exchange
	count  atomic.Int64
	failed atomic.Pointer[string]
	stop   chan struct{}
	ended  chan struct{}
}

func watchBystander(r *rig, token string) *bystander {
	b := &bystander{stop: make(chan struct{}), ended: make(chan struct{})}
	client := &http.Client{Transport: &http.Transport{}, Timeout: wireLimit}
	go func() {
		defer close(b.ended)
		defer client.CloseIdleConnections()
		for i := 0; ; i++ {
			select {
			case <-b.stop:
				return
			default:
			}
			b.turn.Lock()
			err := b.ask(client, r.URL, token, i)
			b.turn.Unlock()
			if err != nil {
				text := err.Error()
				b.failed.Store(&text)
				return
			}
			b.count.Add(1)
		}
	}()
	r.t.Cleanup(func() { b.end() })
	return b
}

// ask sends a request with a mark of its own, which its answer has to repeat.
func (b *bystander) ask(client *http.Client, url, token string, i int) error {
	mark := fmt.Sprintf("bystander-%d-of-many", i)
	q, err := http.NewRequest("GET", url+"/api/openai/v1/echo/request/"+mark, nil)
	if err != nil {
		return err
	}
	q.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !bytes.Contains(body, []byte(mark)) || bytes.Contains(body, []byte(upstream.Stray)) {
		return fmt.Errorf("exchange %d: %d %q %w", i, resp.StatusCode, body, err)
	}
	return nil
}

func (b *bystander) end() *string {
	select {
	case <-b.stop:
	default:
		close(b.stop)
	}
	<-b.ended
	return b.failed.Load()
}
