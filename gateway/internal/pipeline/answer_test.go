package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Whatever way an exchange goes, it ends once: one line, no lease left, and
// closing the body again does nothing.
func TestEveryExchangeEndsOnce(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			_, _ = io.WriteString(w, long)
		case "/empty":
		case "/nothing":
			w.WriteHeader(204)
		case "/same":
			w.WriteHeader(304)
		case "/oops":
			w.WriteHeader(500)
			_, _ = io.WriteString(w, "oops")
		case "/events":
			_, _ = io.WriteString(w, long)
			w.(http.Flusher).Flush()
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, long[:50])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/lzw":
			w.Header().Set("Content-Encoding", "compress")
			_, _ = io.WriteString(w, "?")
		}
	}
	const whole, none = -1, 0 // how much is read
	for _, c := range []struct {
		method, path string
		read         int
		status       int
		sent         int64 // bytes that the line says
		err          string
		reason       string
	}{
		{"GET", "/long", whole, 200, 1 << 20, "", "no rules"},
		{"GET", "/long", 10, 200, 10, "", "the agent went away"},
		{"GET", "/long", none, 200, 0, "", "the agent went away"},
		{"GET", "/events", whole, 200, 1 << 20, "", "no rules"},
		{"GET", "/empty", whole, 200, 0, "", "no rules"},
		{"HEAD", "/long", whole, 200, 0, "", "no rules"},
		{"GET", "/nothing", whole, 204, 0, "", "no rules"},
		{"GET", "/same", whole, 304, 0, "", "no rules"},
		{"GET", "/oops", whole, 500, 4, "", "no rules"},
		{"GET", "/cut", whole, 200, -1, "upstream_protocol", "the answer was cut"},
		{"GET", "/lzw", whole, 502, -1, "upstream_protocol", "content coding"},
	} {
		t.Run(c.method+c.path+fmt.Sprint(c.read), func(t *testing.T) {
			r := open(t, handler, nil)
			in := r.get("p", c.path)
			in.Method = c.method
			reply := r.Serve(in)
			if reply.Body != nil {
				if len(r.lines()) != 0 && c.status != 502 {
					t.Error("the line was written before the body's end")
				}
				var err error
				if c.read < 0 {
					_, err = io.Copy(io.Discard, reply.Body)
				} else {
					_, err = io.CopyN(io.Discard, reply.Body, int64(c.read))
				}
				if (err != nil) != (c.err != "" && c.status == 200) {
					t.Errorf("read: %v", err)
				}
				for range 3 {
					if err := reply.Body.Close(); err != nil {
						t.Error(err)
					}
				}
			}
			l := r.only()
			if reply.Status != c.status || l.Status != c.status || l.Decision != "allow" || l.Error != c.err || !strings.Contains(l.Reason, c.reason) ||
				c.sent >= 0 && l.BytesOut != c.sent {
				t.Errorf("%d %+v", reply.Status, l)
			}
			if r.reached.Load() != 1 {
				t.Errorf("%d requests reached the upstream", r.reached.Load())
			}
			r.idle()
		})
	}
}

// A reader that has read as many bytes as the length says stops there, as the
// listener does: that too is a whole answer.
func TestReadToTheLengthIsWhole(t *testing.T) {
	r := open(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "12345") }, nil)
	reply := r.Serve(r.get("p", "/x"))
	if _, err := io.ReadFull(reply.Body, make([]byte, reply.Length)); err != nil || reply.Length != 5 {
		t.Fatalf("%d %v", reply.Length, err)
	}
	_ = reply.Body.Close()
	if l := r.only(); strings.Contains(l.Reason, "went away") || l.BytesOut != 5 {
		t.Errorf("%+v", l)
	}
}

func TestNobodyThereEndsToo(t *testing.T) {
	dead := &rooms{t: t, dir: t.TempDir(), tokens: map[string]string{}}
	dead.wire("http://127.0.0.1:1", nil)
	for _, in := range []string{"GET", "POST"} {
		before := len(dead.lines())
		request := dead.post("p", "/x", "body")
		request.Method = in
		reply := dead.Serve(request)
		text, err := read(t, reply)
		l := dead.lines()[before]
		if err != nil || reply.Status != 502 || l.Error != "upstream_unreachable" || l.Decision != "allow" || strings.Contains(text, "127.0.0.1") || !strings.Contains(l.Reason, "127.0.0.1:1") {
			t.Errorf("%d %s %v %+v", reply.Status, text, err, l)
		}
	}
	dead.idle()
}

// An agent whose body breaks off is to blame itself.
func TestABodyThatBreaksOff(t *testing.T) {
	r := open(t, func(_ http.ResponseWriter, req *http.Request) { _, _ = io.Copy(io.Discard, req.Body) }, nil)
	for _, length := range []int{-1, 10, 1 << 20} {
		in := r.post("p", "/x", "")
		in.Body, in.Length = io.MultiReader(strings.NewReader("hal"), failing{}), length
		reply := r.Serve(in)
		text, err := read(t, reply)
		if err != nil || reply.Status != 400 || one(reply, "X-Seks-Error") != "bad_request" || !strings.Contains(text, "body") {
			t.Errorf("%d: %d %s %v", length, reply.Status, text, err)
		}
	}
	for _, l := range r.lines() {
		if l.Error != "bad_request" || l.BytesIn != 3 || !strings.Contains(l.Reason, errBody.Error()) {
			t.Errorf("%+v", l)
		}
	}
	r.idle()
}

var errBody = errors.New("the agent's connection is gone")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBody }

func TestAnswerHeaders(t *testing.T) {
	forms := []string{theKey, base64.StdEncoding.EncodeToString([]byte("Bearer " + theKey)), strings.ReplaceAll(theKey, "-", "%2D")}
	r := open(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, value := range map[string]string{
			"Connection": "x-named, keep-alive", "X-Named": "1", "Keep-Alive": "timeout=5", "Proxy-Authenticate": "Basic", "Upgrade": "h2c", "Te": "trailers",
			"Set-Cookie": "session=1", "Alt-Svc": `h3=":443"`, "Strict-Transport-Security": "max-age=1", "Clear-Site-Data": `"*"`,
			"X-Seks-Error": "token_invalid", "x-seks-request-id": "req_forged", "X-Seks-Anything": "1",
			"X-Raw": "a " + forms[0] + " b", "X-Base64": forms[1], "Location": "https://api.example.com/?k=" + forms[2], theKey: "1",
			"Content-Type": "text/plain", "Etag": `"` + theKey + `"`, "X-Kept": "yes", "WWW-Authenticate": "Bearer",
		} {
			h[name] = []string{value}
		}
		h["X-Twice"] = []string{"1", "2"}
		_, _ = io.WriteString(w, "ok")
	}, nil)
	reply := r.Serve(r.get("p", "/x"))
	if text, err := read(t, reply); err != nil || text != "ok" || reply.Length != 2 {
		t.Fatalf("%q %v", text, err)
	}
	for _, gone := range []string{"Connection", "X-Named", "Keep-Alive", "Proxy-Authenticate", "Upgrade", "Te", "Set-Cookie", "Alt-Svc",
		"Strict-Transport-Security", "Clear-Site-Data", "X-Seks-Error", "X-Seks-Anything", "Content-Length", "Transfer-Encoding"} {
		if v := header(reply, gone); v != nil {
			t.Errorf("%s: %q came through", gone, v)
		}
	}
	for name, want := range map[string]string{"X-Kept": "yes", "Content-Type": "text/plain", "X-Twice": "1 | 2", "WWW-Authenticate": "Bearer"} {
		if got := one(reply, name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if id := one(reply, "X-Seks-Request-Id"); id != r.only().ID {
		t.Errorf("request id %q", id)
	}
	for _, h := range reply.Headers {
		for _, form := range forms {
			if strings.Contains(strings.ToLower(h.Name+h.Value), strings.ToLower(form)) {
				t.Errorf("%s: %s has the key", h.Name, h.Value)
			}
		}
	}
	if v := one(reply, "X-Raw"); !strings.HasPrefix(v, "a [REDACTED:p-key]") || len(v) != len("a "+theKey+" b") {
		t.Errorf("X-Raw: %q", v)
	}
	if got := r.only().Scrubbed; got < 5 {
		t.Errorf("%d places counted", got)
	}
}

func TestScrubPlanAddsAndTakesNothingAway(t *testing.T) {
	g := guest{
		plan: &seks.Bearer("api_key").Inspect().Plan,
		scrub: &abi.ScrubPlan{Drop: []string{"x-drop"}, Mask: []string{"x-mask"}, KeepCookies: []string{"kept"},
			Rewrites: []abi.Rewrite{{Header: "link", From: "https://api.example.com", To: "https://broker.example"}}},
	}
	r := open(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("X-Drop", "1")
		h.Set("X-Mask", "secret")
		h.Set("Link", "<https://api.example.com/2>")
		h["Set-Cookie"] = []string{"kept=1", "other=2", "kept=" + theKey}
		_, _ = io.WriteString(w, theKey)
	}, map[string]guest{"inspects": g})
	reply := r.Serve(r.get("inspects", "/x"))
	text, err := read(t, reply)
	if err != nil || strings.Contains(text, theKey) || len(text) != len(theKey) {
		t.Errorf("%q %v", text, err)
	}
	if header(reply, "X-Drop") != nil || one(reply, "X-Mask") != "******" || one(reply, "Link") != "<https://broker.example/2>" {
		t.Errorf("%q", reply.Headers)
	}
	cookies := header(reply, "Set-Cookie")
	if len(cookies) != 2 || cookies[0] != "kept=1" || strings.Contains(cookies[1], theKey) {
		t.Errorf("%q", cookies)
	}
}

// Links in a JSON answer that name the API name the broker, in any coding; other
// answers pass as they are, and the key is masked as ever.
func TestLinksInAnswers(t *testing.T) {
	g := guest{plan: &seks.Bearer("api_key").Inspect().Plan, scrub: &abi.ScrubPlan{Links: []string{"*_url"}}}
	r := open(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/xml" {
			w.Header().Set("Content-Type", "text/xml; charset=utf-8")
			_, _ = io.WriteString(w, "<r><next_url>http://"+q.Host+"/2</next_url><url>http://"+q.Host+"/1</url></r>")
			return
		}
		text := `{"next_url":"http://` + q.Host + `/2","url":"http://` + q.Host + `/1","key_url":"http://` + q.Host + `/` + theKey + `"}`
		w.Header().Set("Content-Type", q.URL.Query().Get("type"))
		switch q.URL.Query().Get("as") {
		case "gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(gzipped(text))
		case "part":
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, text)
		default:
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			_, _ = io.WriteString(w, text)
		}
	}, map[string]guest{"linked": g})
	for query, want := range map[string]bool{
		"type=application/json": true, "type=Application/Hal%2BJSON%3Bcharset=utf-8": true, "type=application/json&as=gzip": true,
		"type=text/plain": false, "type=application/json&as=part": false, "type=": false,
	} {
		reply := r.Serve(r.get("linked", "/x?"+query))
		text, err := read(t, reply)
		if err != nil || strings.Contains(text, theKey) || strings.Contains(text, `"next_url":"http://broker/api/linked/2"`) != want || strings.Contains(text, `"key_url":"http://broker/api/linked/`) != want {
			t.Errorf("%s: %s, %v", query, text, err)
		}
		if strings.Contains(text, `"url":"http://broker`) {
			t.Errorf("%s: a member of another name has changed: %s", query, text)
		}
		if want != (reply.Length < 0) {
			t.Errorf("%s: the length is %d", query, reply.Length)
		}
	}
	text, err := read(t, r.Serve(r.get("linked", "/xml")))
	if err != nil || !strings.HasPrefix(text, "<r><next_url>http://broker/api/linked/2</next_url><url>http://127.") {
		t.Errorf("in XML: %s, %v", text, err)
	}
	r.idle()
}

// A bad scrub plan costs the answer, never its scrubbing.
func TestBadScrubPlan(t *testing.T) {
	g := guest{plan: &seks.Bearer("api_key").Inspect().Plan, scrub: &abi.ScrubPlan{SecretFields: []string{"a..b"}}}
	r := open(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, theKey) }, map[string]guest{"bad": g})
	reply := r.Serve(r.get("bad", "/x"))
	text, err := read(t, reply)
	if l := r.only(); err != nil || reply.Status != 502 || l.Error != "plugin_failed" || l.Decision != "allow" || strings.Contains(text, theKey) {
		t.Errorf("%d %s %v %+v", reply.Status, text, err, l)
	}
	r.idle()
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

func TestCodings(t *testing.T) {
	zipped, clean := gzipped("the key is "+theKey), gzipped("nothing of note")
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
		case "/named": // what Connection names is hop-by-hop, and the body coded all the same
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Connection", "content-encoding")
		case "/broken":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "no gzip at all")
			return
		case "/long-broken":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, strings.Repeat("no gzip at all", 1<<17))
			return
		case "/clean":
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Etag", `"1"`)
			_, _ = w.Write(clean)
			return
		case "/chunked":
			w.Header().Set("Content-Encoding", "gzip")
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(clean)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(zipped)))
		_, _ = w.Write(zipped)
	}, nil)
	for _, path := range []string{"/gzip", "/named"} {
		reply := r.Serve(r.get("p", path))
		text, err := read(t, reply)
		if err != nil || reply.Length != -1 || header(reply, "Content-Encoding") != nil || header(reply, "Content-Length") != nil ||
			!strings.HasPrefix(text, "the key is [REDACTED:p-key]") || strings.Contains(text, theKey) {
			t.Errorf("%s: %d %q %q %v", path, reply.Length, reply.Headers, text, err)
		}
	}
	in := r.get("p", "/gzip")
	in.Method = "HEAD" // there is nothing to decode, and the headers are those of a GET
	reply := r.Serve(in)
	if one(reply, "Content-Encoding") != "gzip" || reply.Length != len(zipped) || reply.Body != nil {
		t.Errorf("%+v", reply)
	}
	reply = r.Serve(r.get("p", "/broken")) // nothing had been sent, so it is a clear refusal
	if text, err := read(t, reply); err != nil || reply.Status != 502 || one(reply, "X-Seks-Error") != "upstream_protocol" || strings.Contains(text, "no gzip") {
		t.Errorf("%d %q %v", reply.Status, text, err)
	}
	reply = r.Serve(r.get("p", "/long-broken"))
	if text, err := read(t, reply); reply.Status != 200 || err == nil || strings.Contains(text, "no gzip") {
		t.Errorf("%d %q %v", reply.Status, text, err)
	}
	// A clean answer of known length leaves as it came; one of unknown length, decoded.
	reply = r.Serve(r.get("p", "/clean"))
	if text, err := read(t, reply); err != nil || text != string(clean) || reply.Length != len(clean) || one(reply, "Content-Encoding") != "gzip" || one(reply, "ETag") != `"1"` {
		t.Errorf("%q %q %v", reply.Headers, text, err)
	}
	reply = r.Serve(r.get("p", "/chunked"))
	if text, err := read(t, reply); err != nil || text != "nothing of note" || reply.Length != -1 || header(reply, "Content-Encoding") != nil {
		t.Errorf("%q %q %v", reply.Headers, text, err)
	}
	r.idle()
}

// What is asked for is what can be decoded.
func TestAcceptEncodingGoesUpstreamNarrowed(t *testing.T) {
	var got []string
	r := open(t, func(_ http.ResponseWriter, req *http.Request) { got = req.Header["Accept-Encoding"] }, nil)
	for _, c := range []struct{ sent, want string }{
		{"", ""}, {"gzip;q=0.5,deflate", "gzip;q=0.5,deflate"}, {"br, gzip", "br, gzip"}, {"zstd, compress", "zstd"}, {"compress", "identity"}, {"*", "identity"},
	} {
		in := r.get("p", "/x")
		if c.sent != "" {
			in = r.get("p", "/x", "Accept-encoding: "+c.sent)
		}
		if _, err := read(t, r.Serve(in)); err != nil || strings.Join(got, "|") != c.want {
			t.Errorf("%q: %q %v", c.sent, got, err)
		}
	}
}

// Neither a token nor a hop-by-hop header goes upstream, and the credential does.
func TestWhatTheUpstreamSees(t *testing.T) {
	var seen *http.Request
	var body []byte
	r := open(t, func(_ http.ResponseWriter, req *http.Request) {
		seen = req
		body, _ = io.ReadAll(req.Body)
	}, nil)
	in := r.post("p", "/things/a%2Fb?x=1&key="+r.tokens["p"]+"&y=2", "hello", "X-Api-Key: sk-agent", "Connection: x-hop", "X-Hop: 1", "Keep-Alive: 1", "X-Forwarded-For: 1.2.3.4", "Accept: a/b")
	if _, err := read(t, r.Serve(in)); err != nil {
		t.Fatal(err)
	}
	if seen.RequestURI != "/things/a%2Fb?x=1&y=2" || string(body) != "hello" || seen.Header.Get("Authorization") != "Bearer "+theKey || seen.Host != r.origin.Host {
		t.Errorf("%s %q %v %s", seen.RequestURI, body, seen.Header, seen.Host)
	}
	if len(seen.Header) != 3 || seen.Header.Get("Accept") != "a/b" || seen.Header.Get("Content-Length") != "5" {
		t.Errorf("%v", seen.Header)
	}
}

// An error that repeats the credential reaches the log without it: here, a
// certificate for a name that is the key.
func TestReasonsAreScrubbed(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{theKey}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(never(t))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	r := &rooms{t: t, dir: t.TempDir(), tokens: map[string]string{}}
	r.wire(strings.Replace(server.URL, "127.0.0.1", "localhost", 1), nil)
	reply := r.Serve(r.get("p", "/x"))
	text, err := read(t, reply)
	l := r.only() // looks for the key itself
	if err != nil || l.Error != "upstream_unreachable" || strings.Contains(text, "REDACTED") || !strings.Contains(l.Reason, "[REDACTED:p-key]") {
		t.Errorf("%s %v %+v", text, err, l)
	}
}

func TestStatusTextIsMasked(t *testing.T) {
	r := open(t, func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 %s\r\nContent-Length: 0\r\n\r\n", theKey)
		_ = c.Close()
	}, nil)
	reply := r.Serve(r.get("p", "/x"))
	if _, err := read(t, reply); err != nil || !strings.HasPrefix(reply.Reason, "[REDACTED:p-key]") {
		t.Errorf("%q %v", reply.Reason, err)
	}
}
