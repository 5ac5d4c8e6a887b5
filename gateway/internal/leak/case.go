package leak

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// place is where in an answer a writing stands.
type place struct {
	name   string
	status int
	media  string
	coding string // Content-Encoding; "" for none
	header string // in this one; "" for the body
	pieces bool   // the body comes a few bytes at a time
	lined  bool   // a line break ends what a client takes for one text
	around [2]string
}

var places = []place{
	{name: "a JSON body", status: 200, media: "application/json", around: [2]string{`{"id":7,"echo":"`, `","more":[1,2]}`}},
	{name: "a JSON body in gzip", status: 200, media: "application/json", coding: "gzip", around: [2]string{`{"echo":"`, `"}`}},
	{name: "a JSON body in deflate", status: 200, media: "application/json", coding: "deflate", around: [2]string{`{"echo":"`, `"}`}},
	{name: "an event", status: 200, media: "text/event-stream", around: [2]string{"event: a\ndata: before\n\ndata: ", "\n\ndata: after\n\n"}},
	{name: "a line of NDJSON", status: 200, media: "application/x-ndjson", lined: true, around: [2]string{"{\"a\":1}\n{\"echo\":\"", "\"}\n{\"b\":2}\n"}},
	{name: "a page", status: 200, media: "text/html", around: [2]string{"<p>the key is ", "</p>"}},
	{name: "a text, a few bytes at a time", status: 200, media: "text/plain", pieces: true, around: [2]string{"here: ", " and on"}},
	{name: "bytes", status: 200, media: "application/octet-stream", around: [2]string{"\x00\x01\xff", "\xfe\x00"}},
	{name: "an error's body", status: 500, media: "application/json", around: [2]string{`{"error":{"message":"wrong key: `, `"}}`}},
	{name: "a header", status: 200, media: "text/plain", header: "X-Echo", around: [2]string{"it is ", "; so"}},
	{name: "Location", status: 302, media: "text/plain", header: "Location", around: [2]string{"/there?key=", "&x=1"}},
	{name: "a trailer", status: 200, media: "text/plain", header: http.TrailerPrefix + "X-Last", around: [2]string{"it is ", ""}},
}

// one is one answer of the double, and what must not come of it.
type one struct {
	writing writing
	place   place
	secret  string
	text    string // the secret, so written
}

func cases(secrets []string, opaque bool) []one {
	var list []one
	for _, s := range secrets {
		for _, w := range writings {
			text := w.write(s)
			for _, p := range places {
				if p.header != "" && strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
					continue // no header can hold it
				}
				if p.coding != "" && opaque {
					continue
				}
				if p.lined && strings.ContainsAny(text, "\r\n") {
					continue // nor a line
				}
				list = append(list, one{w, p, s, text})
			}
		}
	}
	return list
}

// say is the double's answer.
func (c *one) say(w http.ResponseWriter) {
	body := []byte("nothing")
	h := w.Header()
	h.Set("Content-Type", c.place.media)
	text := c.place.around[0] + c.text + c.place.around[1]
	if c.place.header == "" {
		body = []byte(text)
	} else {
		h.Set(c.place.header, text)
	}
	if c.place.coding != "" {
		h.Set("Content-Encoding", c.place.coding)
		body = coded(c.place.coding, body)
	}
	if !c.place.pieces && !strings.HasPrefix(c.place.header, http.TrailerPrefix) {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(c.place.status)
	for c.place.pieces && len(body) > 5 {
		_, _ = w.Write(body[:5]) // what the broker takes is its own to say
		_ = http.NewResponseController(w).Flush()
		body = body[5:]
	}
	_, _ = w.Write(body)
	_ = http.NewResponseController(w).Flush()
}

func coded(coding string, body []byte) []byte {
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if coding == "deflate" {
		w = zlib.NewWriter(&b)
	}
	_, _ = w.Write(body) // a bytes.Buffer takes all
	_ = w.Close()
	return b.Bytes()
}

// window is how many bytes of a writing in a row are a leak. What a mask leaves at
// its ends, characters with bits of other bytes, is less.
const window = 16

// leaks says whether anything of the secret is in what came.
func (c *one) leaks(came string) bool {
	if strings.Contains(came, c.secret) {
		return true
	}
	for i := 0; i+window <= len(c.text); i++ {
		if strings.Contains(came, c.text[i:i+window]) {
			return true
		}
	}
	return false
}
