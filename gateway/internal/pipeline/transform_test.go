package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
)

func digest(h abi.Hash) []byte {
	return abi.AppendOp(abi.AppendHash(nil, abi.OpDigest, h), abi.OpHex)
}

// A plan that needs the body's digest gets it, of a body up to its bound.
func TestHashFirst(t *testing.T) {
	p := seks.Bearer("api_key").SetHeader("x-digest", digest(abi.SHA256))
	p.BodyMode = abi.BodyHashFirst
	var got, sum string
	r := open(t, func(_ http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		got, sum = fmt.Sprint(len(b), " ", req.ContentLength), req.Header.Get("X-Digest")
	}, map[string]guest{"hashes": {plan: &p.Plan}})
	for _, size := range []int{0, 1, 70 << 10, abi.MaxBodyHashed} {
		for _, length := range []int{size, -1} {
			body := strings.Repeat("x", size)
			in := r.post("hashes", "/x", body)
			in.Length = length
			reply := r.Serve(in)
			text, err := read(t, reply)
			want := sha256.Sum256([]byte(body))
			if err != nil || reply.Status != 200 || got != fmt.Sprint(size, " ", length) || sum != hex.EncodeToString(want[:]) {
				t.Errorf("%d of %d: %d %s %v; got %s, %s", size, length, reply.Status, text, err, got, sum)
			}
		}
	}
	before := r.reached.Load()
	for _, length := range []int{abi.MaxBodyHashed + 1, -1} {
		in := r.post("hashes", "/x", strings.Repeat("x", abi.MaxBodyHashed+1))
		in.Length = length
		reply := r.Serve(in)
		if text, _ := read(t, reply); reply.Status != 413 || one(reply, "X-Seks-Error") != "body_too_large" || !strings.Contains(text, "smaller parts") {
			t.Errorf("%d %s", reply.Status, text)
		}
	}
	if r.reached.Load() != before {
		t.Error("a body that is too long reached the upstream")
	}
	r.idle()
}

func transforms(does puppet.Does, result *abi.BodyResult, change func(*abi.Plan)) guest {
	p := seks.Bearer("api_key").Plan
	p.BodyMode = abi.BodyTransform
	if change != nil {
		change(&p)
	}
	return guest{plan: &p, request: does, result: result}
}

// A request's body goes through its plugin piece by piece, with a digest kept
// over all of it.
func TestRequestBodyIsTransformed(t *testing.T) {
	sum := &abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentLiteral, Bytes: []byte("|")}, {Kind: abi.SegmentValue, Bytes: digest(abi.SHA256)}}}
	var got []byte
	var length int64
	r := open(t, func(_ http.ResponseWriter, req *http.Request) {
		got, _ = io.ReadAll(req.Body)
		length = req.ContentLength
	}, map[string]guest{
		"upper":  transforms(puppet.Upper, nil, nil),
		"passes": transforms(puppet.PassesSays, sum, func(p *abi.Plan) { p.Digests = 1 << abi.SHA256 }),
		"sized":  transforms(puppet.Upper, nil, func(p *abi.Plan) { p.BodySize = 200<<10 + 1 }),
	})
	body := strings.Repeat("a small letter, ", 200<<10/16)
	want := sha256.Sum256([]byte(body))
	for name, expect := range map[string]string{"upper": strings.ToUpper(body), "sized": strings.ToUpper(body), "passes": body + "|" + hex.EncodeToString(want[:])} {
		for _, in := range []int{len(body), -1} {
			request := r.post(name, "/x", body)
			if request.Length = in; name == "passes" { // says its result in place of a last piece
				request.Length = -1
			}
			reply := r.Serve(request)
			text, err := read(t, reply)
			if wantLength := map[bool]int64{true: int64(len(body)), false: -1}[name == "sized"]; err != nil || reply.Status != 200 || string(got) != expect || length != wantLength {
				t.Errorf("%s: %d %s %v, %d bytes with length %d", name, reply.Status, text, err, len(got), length)
			}
		}
	}
	if _, err := read(t, r.Serve(r.get("upper", "/x"))); err != nil || len(got) != 0 {
		t.Error("a request without a body got one")
	}
	r.idle()
}

// A guest in Go begins anew with each body, whole or not.
func TestAGoGuestTransforms(t *testing.T) {
	r, got := openGraph(t)
	body := strings.Repeat("a small letter, ", 10000)
	want := sha256.Sum256([]byte(body))
	for range 3 {
		broken := r.post("graph", "/upper", "")
		broken.Body, broken.Length = io.MultiReader(strings.NewReader(body), failing{}), -1
		_, _ = read(t, r.Serve(broken))
		text, err := read(t, r.Serve(r.post("graph", "/upper", body)))
		if expect := strings.ToUpper(body) + "|" + fmt.Sprint(len(body)) + "|" + hex.EncodeToString(want[:]); err != nil || got.body != expect || text != "" {
			t.Errorf("%d bytes, want %d: %v", len(got.body), len(expect), err)
		}
	}
	r.idle()
}

// What fails in the midst of a body never looks whole to the upstream, and the
// agent learns which.
func TestTransformsThatFail(t *testing.T) {
	lit := func(s string) []byte { return abi.AppendLit(nil, s) }
	fails := &abi.BodyResult{Checks: []abi.Check{{A: lit("a"), B: lit("b"), Code: "signature_expired"}}}
	leaks := &abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentValue, Bytes: abi.AppendField(nil, "api_key")}}}
	outside := &abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentInput, Offset: 1 << 40, Length: 1}}}
	bomb := &abi.BodyResult{Segments: make([]abi.Segment, 100)}
	for i := range bomb.Segments {
		bomb.Segments[i] = abi.Segment{Kind: abi.SegmentInput, Length: 60 << 10}
	}
	short := func(p *abi.Plan) { p.BodySize = 1000 }
	guests := map[string]guest{
		"check": transforms(puppet.PassesSays, fails, nil), "checked": transforms(puppet.PassesSays, fails, func(p *abi.Plan) { p.BodySize = 100<<10 + 1 }),
		"leaks": transforms(puppet.Says, leaks, nil), "outside": transforms(puppet.Says, outside, nil), "bomb": transforms(puppet.Says, bomb, nil),
		"traps": transforms(puppet.Traps, nil, nil), "loops": transforms(puppet.Loops, nil, nil), "longer": transforms(puppet.Passes, nil, short),
		"shorter": transforms(puppet.Passes, nil, func(p *abi.Plan) { p.BodySize = 1 << 20 }),
	}
	r := open(t, func(_ http.ResponseWriter, req *http.Request) {
		if _, err := io.Copy(io.Discard, req.Body); err == nil {
			t.Errorf("%s: the upstream has a whole body", req.URL)
		}
	}, guests)
	for name := range guests {
		in := r.post(name, "/"+name, strings.Repeat("x", 100<<10))
		reply := r.Serve(in)
		text, err := read(t, reply)
		code := map[bool]string{true: "signature_expired", false: "plugin_failed"}[strings.HasPrefix(name, "check")]
		if err != nil || one(reply, "X-Seks-Error") != code || strings.Contains(text, theKey) {
			t.Errorf("%s: %d %s %v", name, reply.Status, text, err)
		}
	}
	// The agent breaks off.
	in := r.post("longer", "/broken", "")
	in.Body, in.Length = io.MultiReader(strings.NewReader("half"), failing{}), -1
	if reply := r.Serve(in); one(reply, "X-Seks-Error") != "bad_request" {
		t.Errorf("%d", reply.Status)
	}
	r.idle()
}

// An answer's body goes through its plugin after the search, and is searched
// again behind it.
func TestAnswerBodyIsTransformed(t *testing.T) {
	plan := &seks.Bearer("api_key").Inspect().Plan
	scrubPlan := &abi.ScrubPlan{TransformBody: true}
	hexKey := hex.EncodeToString([]byte(theKey))
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(theKey)+14))
		_, _ = io.WriteString(w, "the key is "+theKey+" so")
	}, map[string]guest{
		"upper": {plan: plan, scrub: scrubPlan, response: puppet.Upper},
		"says":  {plan: plan, scrub: scrubPlan, response: puppet.PassesSays, result: &abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentLiteral, Bytes: []byte("|" + hexKey)}}}},
		"leaks": {plan: plan, scrub: scrubPlan, response: puppet.Says, result: &abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentValue, Bytes: abi.AppendField(nil, "api_key")}}}},
		"traps": {plan: plan, scrub: scrubPlan, response: puppet.Traps},
	})
	reply := r.Serve(r.get("upper", "/x"))
	if text, err := read(t, reply); err != nil || reply.Length != -1 || !strings.HasPrefix(text, "THE KEY IS [REDACTED:UPPER-KEY]") || !strings.HasSuffix(text, " SO") {
		t.Errorf("%d %q %v", reply.Length, text, err)
	}
	reply = r.Serve(r.get("says", "/x"))
	if text, err := read(t, reply); err != nil || strings.Contains(text, hexKey) || !strings.Contains(text, "|[REDACTED:says-key]") {
		t.Errorf("%q %v", text, err)
	}
	for _, name := range []string{"leaks", "traps"} {
		text, err := read(t, r.Serve(r.get(name, "/x")))
		if err == nil || strings.Contains(text, theKey) {
			t.Errorf("%s: %q %v", name, text, err)
		}
		if l := r.lines(); l[len(l)-1].Error != "plugin_failed" {
			t.Errorf("%s: %+v", name, l[len(l)-1])
		}
	}
	r.idle()
}

// 256 MiB each way through a plugin, in the memory of a few pieces.
func TestTransformsAreFlat(t *testing.T) {
	const size = 256 << 20
	g := transforms(puppet.PassesSays, &abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentValue, Bytes: digest(abi.SHA1)}}}, func(p *abi.Plan) {
		p.Digests, p.InspectAnswer = 1<<abi.SHA1, true
	})
	g.response, g.scrub = puppet.Passes, &abi.ScrubPlan{TransformBody: true}
	block := bytes.Repeat([]byte("some text of no kind\n"), 50000)[:1<<20]
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		n, err := io.Copy(io.Discard, req.Body)
		if err != nil || n != size+40 {
			t.Errorf("%d bytes came, %v", n, err)
		}
		for range size >> 20 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}, map[string]guest{"flat": g})
	in := r.post("flat", "/x", "")
	in.Body, in.Length = io.LimitReader(endless(block), size), -1
	before, began := heap(), time.Now()
	reply := r.Serve(in)
	n, err := io.Copy(io.Discard, struct{ io.Reader }{reply.Body})
	took := time.Since(began)
	_ = reply.Body.Close()
	if grown := heap() - before; err != nil || n != size || grown > 16<<20 {
		t.Errorf("%d bytes, %v; %d bytes of heap more", n, err, grown)
	}
	t.Logf("%.0f MB/s, both ways taken together", 2*size/1e6/took.Seconds())
	r.idle()
}

type endless []byte

func (e endless) Read(p []byte) (int, error) { return copy(p, e), nil }

// Fields of a body are set where the API takes its key, and what stands there is
// masked where the API echoes it.
func TestBodyEdits(t *testing.T) {
	const odd = `s"e\c+r/e t-0123456789`
	sinks := func(kind abi.SinkKind) func(*abi.Manifest) {
		return func(m *abi.Manifest) {
			m.Bodies = []abi.BodyNeed{{Path: "/{rest...}"}}
			m.Fields[0].Sinks = []abi.Sink{{Kind: kind, Name: "auth"}}
		}
	}
	var got string
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		got = fmt.Sprint(req.ContentLength == int64(len(b)), " ", string(b))
		_, _ = w.Write(b)
	}, map[string]guest{
		"json": {manifest: sinks(abi.SinkJSON), plan: &abi.Plan{Edits: []abi.Edit{{Kind: abi.SetJSON, Name: "auth", Value: abi.AppendField(nil, "api_key")}}}},
		"form": {manifest: sinks(abi.SinkForm), plan: &abi.Plan{Edits: []abi.Edit{{Kind: abi.SetForm, Name: "auth", Value: abi.AppendField(nil, "api_key")}}}},
		"else": {manifest: sinks(abi.SinkForm), plan: &abi.Plan{Edits: []abi.Edit{{Kind: abi.SetForm, Name: "other", Value: abi.AppendField(nil, "api_key")}}}},
	})
	for _, name := range []string{"json", "form"} {
		r.secret(name, odd)
	}
	for _, c := range []struct{ provider, contentType, body, want, echo string }{
		{"json", "application/json", `{"auth":"x","q":1}`, `true {"auth":"s\"e\\c+r/e t-0123456789","q":1}`, `{"auth":"[REDACTED:json-key]*****","q":1}`},
		{"form", "application/x-www-form-urlencoded", `q=1`, `true q=1&auth=s%22e%5Cc%2Br%2Fe+t-0123456789`, `q=1&auth=[REDACTED:form-key]***********`},
	} {
		for _, length := range []int{len(c.body), -1} {
			in := r.post(c.provider, "/x", c.body, "Content-Type: "+c.contentType)
			in.Length = length
			text, err := read(t, r.Serve(in))
			if err != nil || got != c.want || text != c.echo {
				t.Errorf("%s: %s, %s (%v)", c.provider, got, text, err)
			}
		}
	}
	before := r.reached.Load()
	for _, c := range []struct{ provider, contentType, body, code string }{
		{"json", "application/json", `{"a":1,"a":2}`, "bad_request"}, {"json", "application/json", `{"a":"` + strings.Repeat("x", abi.MaxBodyInView) + `"}`, "bad_request"},
		{"json", "text/plain", `{}`, "bad_request"}, {"form", "application/json", `{}`, "bad_request"}, {"form", "application/x-www-form-urlencoded", "a=1&a=2", "bad_request"},
		{"json", "application/json", `[]`, "plugin_failed"}, {"else", "application/x-www-form-urlencoded", "a=1", "plugin_failed"}, {"json", "application/json", "", "bad_request"},
	} {
		reply := r.Serve(r.post(c.provider, "/x", c.body, "Content-Type: "+c.contentType))
		if text, _ := read(t, reply); one(reply, "X-Seks-Error") != c.code {
			t.Errorf("%s %.40s: %d %s", c.provider, c.body, reply.Status, text)
		}
	}
	if r.reached.Load() != before {
		t.Error("a body without its key reached the upstream")
	}
	r.idle()
}

// A secret that is born in an answer does not reach the agent, and an answer that
// can't be read for it is cut.
func TestBornSecrets(t *testing.T) {
	const born = "born-0123456789"
	g := guest{plan: &seks.Bearer("api_key").Inspect().Plan, scrub: &abi.ScrubPlan{SecretFields: []string{"result.value", "keys.*.secret"}}}
	answers := map[string]string{
		"/good": `{"result":{"id":7,"value":"` + born + `"},"keys":[{"secret":"` + born + `"}]}`,
		"/bad":  `{"result":{"id":07,"value":"` + born + `"}}`, "/text": "value: " + born, "/half": `{"result":{"value":"` + born, "/events": "data: {\"result\":{\"value\":\"" + born + "\"}}\n\n",
	}
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if req.URL.Query().Has("gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			_, _ = io.WriteString(z, answers[req.URL.Path])
			return
		}
		_, _ = io.WriteString(w, answers[req.URL.Path])
		if req.URL.Query().Has("stream") {
			w.(http.Flusher).Flush()
		}
	}, map[string]guest{"born": g})
	for path := range answers {
		for _, how := range []string{"", "?gzip", "?stream"} {
			text, err := read(t, r.Serve(r.get("born", path+how)))
			if strings.Contains(text, born[:8]) || (err == nil) != (path == "/good") {
				t.Errorf("%s%s: %q %v", path, how, text, err)
			}
			if want := strings.ReplaceAll(answers[path], born, strings.Repeat("*", len(born))); path == "/good" && text != want {
				t.Errorf("%s: %s", how, text)
			}
		}
	}
	r.idle()
}

// Keys of no credential of ours are counted, or masked, by their shape.
func TestKeyShapesInAnswers(t *testing.T) {
	foreign := "fk-" + strings.Repeat("0123456789", 3)
	shaped := guest{plan: bearer(), manifest: func(m *abi.Manifest) {
		m.KeyShapes = []abi.KeyShape{{Name: "a foreign key", Prefix: "fk-", Alphabet: "0-9", Min: 30, Max: 30}, {Name: "our key", Prefix: "sk-", Alphabet: "A-Za-z0-9_-", Min: 20, Max: 60}}
	}}
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, `{"a":"`+foreign[:10])
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, foreign[10:]+`","b":"`+theKey+`","c":"`+foreign+`"} `+foreign)
	}, map[string]guest{"shaped": shaped})
	masked := "[REDACTED]" + strings.Repeat("*", len(foreign)-10)
	for mode, want := range map[scrub.ShapeMode]string{scrub.ShapesOff: foreign, scrub.ShapesLog: foreign, scrub.ShapesMask: masked} {
		r.KeyShapes = mode
		before := len(r.lines())
		text, err := read(t, r.Serve(r.get("shaped", "/x")))
		ours := "[REDACTED:shaped-key]" + strings.Repeat("*", len(theKey)-len("[REDACTED:shaped-key]"))
		if err != nil || text != `{"a":"`+want+`","b":"`+ours+`","c":"`+want+`"} `+want {
			t.Errorf("%d: %s (%v)", mode, text, err)
		}
		l := r.lines()[before]
		if n := l.Shapes["a foreign key"]; n != map[bool]int{true: 0, false: 3}[mode == scrub.ShapesOff] || l.Shapes["our key"] != 0 || l.Scrubbed != 1 {
			t.Errorf("%d: %+v", mode, l)
		}
	}
}
