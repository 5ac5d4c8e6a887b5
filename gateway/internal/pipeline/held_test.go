package pipeline_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// graph is the module of the SDK's test plugin that looks at bodies.
var graph = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "seks-graph-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "graph.wasm")
	c := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "./plugin-sdk/testdata/graph")
	c.Dir, c.Env = "../../..", append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if text, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	return os.ReadFile(path)
})

// seen is what an upstream got.
type seen struct {
	state, shown string // as the plugin said them
	body         string
	length       int64
	coding       []string
}

func openGraph(t *testing.T) (*rooms, *seen) {
	module, err := graph()
	if err != nil {
		t.Fatal(err)
	}
	s := new(seen)
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		b, err := io.ReadAll(req.Body)
		if err != nil { // one that broke off, which may be seen late, is no body
			if req.URL.Path != "/upper" {
				t.Error(err)
			}
			return
		}
		shown, _ := base64.StdEncoding.DecodeString(req.Header.Get("X-Body"))
		*s = seen{req.Header.Get("X-State"), string(shown), string(b), req.ContentLength, req.TransferEncoding}
	}, map[string]guest{"graph": {module: module}})
	return r, s
}

// What a plugin is shown of a body, and that the upstream gets all of it as it
// came, in the framing that it came in.
func TestBodyInTheView(t *testing.T) {
	r, got := openGraph(t)
	const absent, whole, unknown = "0", "1", "2"
	long := strings.Repeat("x", abi.MaxBodyInView)
	for _, c := range []struct {
		name, path, contentType, body string
		state, shown                  string
	}{
		{"JSON", "/shown/x", "application/json", `{"a":1}`, whole, `{"a":1}`},
		{"JSON of another name", "/shown/x", "application/vnd.api+json; charset=UTF-8", ` [1] `, whole, ` [1] `},
		{"a form", "/shown/x", "application/x-www-form-urlencoded", "a=1&b=%20&c[]=1&c[]=2", whole, "a=1&b=%20&c[]=1&c[]=2"},
		{"text", "/shown/x", "text/plain", "\xff\x00 anything", whole, "\xff\x00 anything"},
		{"no type", "/shown/x", "", "anything", whole, "anything"},
		{"as long as may be", "/shown/x", "text/plain", long, whole, long[:200]},
		{"a token in it", "/shown/x", "application/json", `{"key":"` + r.tokens["graph"] + `","b":2}`, whole, `{"key":"","b":2}`},
		{"not asked for", "/other", "application/json", `{"a":1}`, absent, ""},
		{"none", "/shown/x", "application/json", "", absent, ""},

		{"a byte too long", "/shown/x", "text/plain", long + "y", unknown, ""},
		{"much too long", "/shown/x", "text/plain", long + long + long, unknown, ""},
		{"a key twice", "/shown/x", "application/json", `{"a":1,"b":[{"c":1,"\u0063":2}]}`, unknown, ""},
		{"a key twice, of another type", "/shown/x", "text/plain", ` {"a":1,"a":2}`, unknown, ""},
		{"no JSON", "/shown/x", "application/json", `{"a":1`, unknown, ""},
		{"JSON twice", "/shown/x", "application/json", `{"a":1}{"a":2}`, unknown, ""},
		{"no UTF-8", "/shown/x", "application/json", "{\"a\":\"\xff\"}", unknown, ""},
		{"another charset", "/shown/x", "application/json; charset=utf-16", `{"a":1}`, unknown, ""},
		{"a field twice", "/shown/x", "application/x-www-form-urlencoded", "a=1&%61=2", unknown, ""},
		{"semicolons", "/shown/x", "application/x-www-form-urlencoded", "a=1;b=2", unknown, ""},
		{"multipart", "/shown/x", "multipart/form-data; boundary=b", "--b\r\n\r\n--b--", unknown, ""},
		{"a token with an escape", "/shown/x", "application/json", `{"key":"\u0073` + r.tokens["graph"][1:] + `"}`, unknown, ""},
		{"a token in percents", "/shown/x", "application/x-www-form-urlencoded", "key=%73" + r.tokens["graph"][1:], unknown, ""},
	} {
		for _, length := range []int{len(c.body), -1} { // with its length, or in chunks
			if length == 0 {
				length = -1
			}
			in := r.post("graph", c.path, c.body)
			if c.contentType != "" {
				in.Headers = append(in.Headers, incoming("", "", "Content-Type: "+c.contentType).Headers[1])
			}
			in.Body, in.Length = iotest.HalfReader(strings.NewReader(c.body)), length
			*got = seen{}
			reply := r.Serve(in)
			if text, err := read(t, reply); err != nil || reply.Status != 200 {
				t.Errorf("%s: %d %s %v", c.name, reply.Status, text, err)
			}
			if got.state != c.state || got.shown != c.shown || got.body != c.body || got.length != int64(length) || (len(got.coding) > 0) != (length < 0) {
				t.Errorf("%s, length %d: the plugin saw %s %.99q, the API %d bytes (%d, %v)", c.name, length, got.state, got.shown, len(got.body), got.length, got.coding)
			}
		}
	}
	for _, l := range r.lines() {
		if l.BytesIn == 0 && l.Path == "/other" {
			t.Errorf("%+v", l)
		}
	}
	r.idle()
}

func TestCodedBodiesAreUnknown(t *testing.T) {
	r, got := openGraph(t)
	for coding, state := range map[string]string{"gzip": "2", "identity": "1", "x": "2"} {
		in := r.post("graph", "/shown/x", "body", "Content-Encoding: "+coding)
		if _, err := read(t, r.Serve(in)); err != nil || got.state != state || got.body != "body" {
			t.Errorf("%s: %+v %v", coding, got, err)
		}
	}
	// Which of the two is it?
	in := r.post("graph", "/shown/x", "{}", "Content-Type: text/plain", "Content-Type: application/json")
	if _, err := read(t, r.Serve(in)); err != nil || got.state != "2" {
		t.Errorf("%+v %v", got, err)
	}
}

// The plan of one body is not taken for another's, however alike the requests.
func TestKeptPlansKnowTheBody(t *testing.T) {
	r, got := openGraph(t)
	for _, body := range []string{"one", "two", "one", "three", "two"} {
		if _, err := read(t, r.Serve(r.post("graph", "/shown/x", body))); err != nil || got.shown != body {
			t.Errorf("%q: the plan is that of %q (%v)", body, got.shown, err)
		}
	}
}

// Every operation of a body is judged; one that can't be told meets every deny
// and no allow.
func TestOperationsInBodies(t *testing.T) {
	r, _ := openGraph(t)
	long := strings.Repeat(" ", abi.MaxBodyInView)
	const reads, writes, mints = `{"query":"query q"}`, `{"query":"mutation m"}`, `{"query":"mutation createKey"}`
	for _, c := range []struct {
		name, body                string
		plain, readOnly, op, mint bool // which tokens may
	}{
		{"a query", reads, true, true, true, true},
		{"a batch of queries", "[" + reads + "," + reads + "]", true, true, true, true},
		{"a mutation", writes, true, false, false, true},
		{"one that mints", mints, false, false, false, true},
		{"a batch with a mutation", "[" + reads + "," + writes + "]", true, false, false, true},
		{"a batch with one that mints", "[" + reads + "," + reads + "," + mints + "]", false, false, false, true},
		{"a query after all", `{"query":"query q","query":"mutation m"}`, false, false, false, true},
		{"a mutation after all", `{"query":"mutation m","\u0071uery":"query q"}`, false, false, false, true},
		{"an empty batch", `[]`, false, false, false, true},
		{"a batch with something else", `[` + reads + `,7]`, false, false, false, true},
		{"no JSON", `query q`, false, false, false, true},
		{"too long", reads + long, false, false, false, true},
	} {
		for name, want := range map[string]bool{"plain": c.plain, "readOnly": c.readOnly, "op": c.op, "mint": c.mint} {
			rules := map[string]token.Rules{"plain": {}, "readOnly": {ReadOnly: true}, "op": {Ops: []string{"graphql.query"}}, "mint": {AllowGrant: true}}[name]
			tok := r.issue("graph", "graph-key", rules)
			in := r.post("graph", "/graphql", c.body, "Content-Type: application/json")
			in.Headers[1].Value = "Bearer " + tok
			reply := r.Serve(in)
			if text, err := read(t, reply); err != nil || (reply.Status == 200) != want || !want && one(reply, "X-Seks-Error") != "policy_denied" {
				t.Errorf("%s with %s: %d %s %v", c.name, name, reply.Status, text, err)
			}
		}
	}
	if l := r.lines()[0]; l.Operation != "graphql.query" {
		t.Errorf("%+v", l)
	}
	r.idle()
}

// While the body is waited for nothing is held but what has come of it, and a
// refusal does not wait.
func TestAHeldBodyHoldsNothing(t *testing.T) {
	r, _ := openGraph(t)
	for name, bad := range map[string]string{"token": "/api/graph/shown/x", "provider": "/api/none/shown/x"} {
		refused := incoming("POST", bad, "Authorization: Bearer sk-123")
		refused.Length, refused.Body = 10, read1(func() { t.Errorf("%s: its body is waited for", name) })
		_, _ = read(t, r.Serve(refused))
	}
	refusals := len(r.lines())
	// The body breaks off, or never comes.
	waited := false
	in := r.post("graph", "/shown/x", "")
	in.Length, in.Body = 10, io.MultiReader(strings.NewReader("hal"), read1(func() { waited = true; r.idle() }), failing{})
	reply := r.Serve(in)
	if !waited {
		t.Error("it does not wait for the body")
	}
	if text, err := read(t, reply); err != nil || reply.Status != 400 || !strings.Contains(text, "ended early") || !reply.Close {
		t.Errorf("%d %s %v", reply.Status, text, err)
	}
	hangs, interrupt := io.Pipe()
	in = r.post("graph", "/shown/x", "")
	in.Body, in.Length = hangs, -1
	in.Interrupt = func() { _ = interrupt.CloseWithError(errBody) }
	reply = r.Serve(in)
	if text, err := read(t, reply); err != nil || reply.Status != 400 || !strings.Contains(text, "did not come within 1s") || !reply.Close {
		t.Errorf("%d %s %v", reply.Status, text, err)
	}
	for _, l := range r.lines()[refusals:] {
		if l.Error != "bad_request" || l.Decision != "deny" || l.BytesIn > 3 {
			t.Errorf("%+v", l)
		}
	}
	r.idle()
}

// read1 is called when it is read, and is then at its end.
type read1 func()

func (f read1) Read([]byte) (int, error) { f(); return 0, io.EOF }

// What all requests hold together is bounded, and given back.
func TestHeldBodiesAreBounded(t *testing.T) {
	r, got := openGraph(t)
	r.Bodies = body.NewMemory(100 << 10)
	full := bytes.Repeat([]byte("x"), abi.MaxBodyInView)
	for range 3 { // a request after the other has the whole of it
		if _, err := read(t, r.Serve(r.post("graph", "/shown/x", string(full)))); err != nil || got.state != "1" {
			t.Fatal(got.state, err)
		}
	}
	first := r.post("graph", "/shown/x", "")
	come, release := io.Pipe()
	first.Body, first.Length = io.MultiReader(bytes.NewReader(full[1:]), come), len(full)
	done := make(chan int)
	go func() { done <- r.Serve(first).Status }()
	_, _ = release.Write([]byte{}) // it has read all but the last byte
	reply := r.Serve(r.post("graph", "/shown/x", string(full)))
	if text, _ := read(t, reply); reply.Status != 503 || one(reply, "X-Seks-Error") != "overloaded" || one(reply, "Retry-After") != "1" {
		t.Errorf("%d %s", reply.Status, text)
	}
	_, _ = release.Write([]byte("y"))
	if status := <-done; status != 200 {
		t.Error(status)
	}
	if _, err := read(t, r.Serve(r.post("graph", "/shown/x", string(full)))); err != nil || got.state != "1" {
		t.Error(got.state, err)
	}
}
