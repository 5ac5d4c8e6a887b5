package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// files serves texts as a real file server does, ranges and conditions among them.
func files(texts map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"tag"`)
		w.Header().Set("Content-Md5", "of this content")
		http.ServeContent(w, r, r.URL.Path, time.Unix(1e9, 0), strings.NewReader(texts[r.URL.Path]))
	}
}

// Every range of a short body, and ranges of a long one with its secret near their
// ends: what comes is that range of the masked whole.
func TestRanges(t *testing.T) {
	short := "front " + theKey + " back"
	long := strings.Repeat("0123456789", 500) + theKey + strings.Repeat("abcdefghij", 500)
	r := open(t, files(map[string]string{"/short.txt": short, "/long.txt": long, "/empty.txt": ""}), nil)
	masked := map[string]string{}
	for _, path := range []string{"/short.txt", "/long.txt"} {
		reply := r.Serve(r.get("p", path))
		text, err := read(t, reply)
		if r.check(err); reply.Status != 200 || strings.Contains(text, theKey) || one(reply, "Content-Md5") == "" {
			t.Fatalf("%d %s", reply.Status, text)
		}
		masked[path] = text
	}
	get := func(method, path, spec string, first, last int) {
		t.Helper()
		in := r.get("p", path, "Range: "+spec)
		in.Method = method
		reply := r.Serve(in)
		text, err := read(t, reply)
		want, total := masked[path][first:last+1], len(masked[path])
		if method == "HEAD" {
			want = ""
		}
		if err != nil || reply.Status != 206 || text != want || reply.Length != last-first+1 || one(reply, "Content-Range") != fmt.Sprintf("bytes %d-%d/%d", first, last, total) || one(reply, "Content-Md5") != "" {
			t.Fatalf("%s %s %s: %d, %d, %q: %q, want %q (%v)", method, path, spec, reply.Status, reply.Length, one(reply, "Content-Range"), text, want, err)
		}
	}
	for first := range len(short) {
		for last := first; last < len(short); last++ {
			get("GET", "/short.txt", fmt.Sprintf("bytes=%d-%d", first, last), first, last)
		}
		get("GET", "/short.txt", fmt.Sprintf("bytes=%d-", first), first, len(short)-1)
		get("GET", "/short.txt", fmt.Sprintf("bytes=-%d", first+1), len(short)-first-1, len(short)-1)
		get("HEAD", "/short.txt", fmt.Sprintf("bytes=%d-%d", first, first), first, first)
	}
	for at := 5000 - 3; at < 5000+len(theKey)+3; at++ {
		get("GET", "/long.txt", fmt.Sprintf("bytes=%d-%d", at, at), at, at)
		get("GET", "/long.txt", fmt.Sprintf("bytes=%d-%d", at, at+3000), at, at+3000)
		get("GET", "/long.txt", fmt.Sprintf("bytes=%d-%d", at-3000, at), at-3000, at)
	}
	for _, c := range []struct {
		path  string
		lines []string
		want  int
	}{
		{"/short.txt", []string{"Range: bytes=0-1,5-6"}, 200}, {"/short.txt", []string{"Range: bytes=5-2"}, 200}, {"/short.txt", []string{"Range: Bytes=0-1"}, 200},
		{"/short.txt", []string{"Range: bytes=0-1", `If-Range: "other"`}, 200}, {"/short.txt", []string{"Range: bytes=0-1", `If-Range: "tag"`}, 206},
		{"/short.txt", []string{"Range: bytes=0-1", `If-None-Match: "tag"`}, 304}, {"/short.txt", []string{"Range: bytes=0-1", `If-Match: "other"`}, 412},
		{"/short.txt", []string{fmt.Sprintf("Range: bytes=%d-", len(short))}, 416}, {"/short.txt", []string{"Range: bytes=90000-"}, 416}, {"/empty.txt", []string{"Range: bytes=0-"}, 200},
	} {
		reply := r.Serve(r.get("p", c.path, c.lines...))
		text, err := read(t, reply)
		switch {
		case err != nil || reply.Status != c.want:
			t.Errorf("%v: %d, want %d (%v)", c.lines, reply.Status, c.want, err)
		case c.want == 200 && text != masked[c.path] || c.want == 206 && text != masked[c.path][:2]:
			t.Errorf("%v: %q", c.lines, text)
		case c.want == 416 && one(reply, "Content-Range") != fmt.Sprint("bytes */", len(short)):
			t.Errorf("%v: Content-Range %q", c.lines, one(reply, "Content-Range"))
		case one(reply, "X-Seks-Error") == "range_not_satisfiable" && (!strings.Contains(text, `"range_not_satisfiable"`) || reply.Length != len(text)):
			t.Errorf("%v: %q", c.lines, text)
		}
	}
	r.idle()
}

// APIs that answer a range with something else get nothing out that was not
// searched with what stands around it.
func TestRangesAnsweredWrongly(t *testing.T) {
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		body := theKey[:14]
		switch req.URL.Path {
		case "/as-asked-by-the-agent":
			h.Set("Content-Range", "bytes 5000-5013/9000")
		case "/none":
		case "/multipart":
			h.Set("Content-Type", "multipart/byteranges; boundary=x")
			body = "--x\r\nContent-Range: bytes 0-13/9000\r\n\r\n" + body + "\r\n--x--"
		case "/coded":
			h.Set("Content-Range", "bytes 0-5013/5014")
			body = strings.Repeat("x", 5000) + body
			h.Set("Content-Encoding", "gzip")
		case "/short":
			h.Set("Content-Range", "bytes 2952-7061/9000")
			w.WriteHeader(206)
			w.(http.Flusher).Flush()
		}
		if req.URL.Path != "/short" {
			w.WriteHeader(206)
		}
		_, _ = io.WriteString(w, body)
	}, nil)
	for _, path := range []string{"/as-asked-by-the-agent", "/none", "/multipart", "/coded", "/short"} {
		reply := r.Serve(r.get("p", path, "Range: bytes=5000-5013"))
		text, err := read(t, reply)
		if err == nil && one(reply, "X-Seks-Error") != "upstream_protocol" || strings.Contains(text, theKey[:8]) {
			t.Errorf("%s: %d %q %v", path, reply.Status, text, err)
		}
	}
	r.idle()
}

// Where a provider's bodies are opaque, what is stored in a coding, whatever that
// is, is searched as it is and stays as it is; none is asked for.
func TestOpaqueBodies(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, strings.Repeat("some text ", 1000))
	_ = z.Close()
	stored := map[string]string{"gzip": zipped.String(), "compress": "\x1f\x9d what only its owner can read " + theKey + " and more", "aws-chunked": "as it is"}
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		coding := strings.TrimPrefix(req.URL.Path, "/")
		if accepted := req.Header.Values("Accept-Encoding"); len(accepted) != 1 || accepted[0] != "identity" {
			t.Errorf("Accept-Encoding %q", accepted)
		}
		w.Header().Set("Content-Encoding", coding)
		http.ServeContent(w, req, "", time.Time{}, strings.NewReader(stored[coding]))
	}, map[string]guest{"opaque": {plan: bearer(), manifest: func(m *abi.Manifest) { m.OpaqueBodies = true }}})
	for coding, text := range stored {
		masked := strings.ReplaceAll(text, theKey, "[REDACTED:opaque-key]"+strings.Repeat("*", len(theKey)-21))
		for _, c := range []struct{ headers, want string }{{"X-None: x", masked}, {"Range: bytes=3-6", masked[3:7]}} {
			reply := r.Serve(r.get("opaque", "/"+coding, "Accept-Encoding: gzip, br", c.headers))
			got, err := read(t, reply)
			if err != nil || got != c.want || one(reply, "Content-Encoding") != coding || reply.Length != len(c.want) {
				t.Errorf("%s, %s: %d, %d bytes of %d, %q (%v)", coding, c.headers, reply.Status, len(got), len(c.want), one(reply, "Content-Encoding"), err)
			}
		}
	}
	r.idle()
}
