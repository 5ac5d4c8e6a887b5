package upstream

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxLead bounds ?lead=N, which puts N bytes before the key, so that encodings
// of it start at any alignment.
const maxLead = 1 << 20

// echo answers with the key that the request came with, in the form that the
// path names:
//
//	body header base64 base64url hex HEX   in the body (or X-Echo), plain or encoded
//	gzip deflate                           Content-Encoding of that name (RFC 9110 section 8.4.1)
//	sse                                    an event with it, then one without
//	split                                  the body, flushed after every byte
//	location                               302, with it in Location
//	status-text                            in the reason phrase of the status line
//	error                                  500, in the API's shape
//	request                                no key: what arrived, as JSON
func (s *Server) echo(w http.ResponseWriter, r *http.Request, form string) {
	lead, _ := strconv.Atoi(r.URL.Query().Get("lead")) // none, or not a number: 0
	key := strings.Repeat("x", min(max(lead, 0), maxLead)) + credentialOf(r)
	text := "your key is " + key + " and that's all\n"
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	switch form {
	case "body":
		_, _ = io.WriteString(w, text)
	case "header":
		h.Set("X-Echo", key)
		_, _ = io.WriteString(w, "see X-Echo\n")
	case "base64":
		_, _ = io.WriteString(w, base64.StdEncoding.EncodeToString([]byte(key)))
	case "base64url":
		_, _ = io.WriteString(w, base64.RawURLEncoding.EncodeToString([]byte(key)))
	case "hex":
		_, _ = io.WriteString(w, hex.EncodeToString([]byte(key)))
	case "HEX":
		_, _ = io.WriteString(w, strings.ToUpper(hex.EncodeToString([]byte(key))))
	case "gzip", "deflate":
		h.Set("Content-Encoding", form)
		_, _ = w.Write(compressed(form, text))
	case "sse":
		s.stream(w, r, []any{object{"key": key}, object{"key": nil}})
	case "split":
		writeSplit(w, text)
	case "location":
		h.Set("Location", "http://"+r.Host+"/v1/echo/body?key="+key)
		w.WriteHeader(http.StatusFound)
	case "status-text":
		writeStatusText(w, key)
	case "error":
		writeError(w, http.StatusInternalServerError, "server_error", "", "It went wrong with the key "+key+".")
	default:
		if form == "request" || strings.HasPrefix(form, "request/") {
			s.echoRequest(w, r)
			return
		}
		writeError(w, http.StatusNotFound, "invalid_request_error", "", "The double knows no echo "+form+".")
	}
}

func compressed(coding, text string) []byte {
	var b bytes.Buffer
	z := io.WriteCloser(zlib.NewWriter(&b)) // "deflate" is the zlib format
	if coding == "gzip" {
		z = gzip.NewWriter(&b)
	}
	_, _ = io.WriteString(z, text) // a bytes.Buffer always writes
	_ = z.Close()
	return b.Bytes()
}

func writeSplit(w http.ResponseWriter, text string) {
	flush := http.NewResponseController(w)
	for i := range len(text) {
		if _, err := io.WriteString(w, text[i:i+1]); err != nil || flush.Flush() != nil {
			return
		}
	}
}

// writeStatusText writes its own status line, which net/http has no way to set.
func writeStatusText(w http.ResponseWriter, key string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 %s\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n", key)
}

// echoRequest answers with the request as it was on the wire.
func (s *Server) echoRequest(w http.ResponseWriter, r *http.Request) {
	h := sha256.New()
	n, err := io.Copy(h, r.Body)
	if err != nil {
		writeError(w, http.StatusBadRequest, "invalid_request_error", "", "The body is cut short.")
		return
	}
	headers := [][2]string{}
	if c := connOf(r.Context()); c != nil {
		headers = append(headers, headerLines(c.current())...)
	}
	writeJSON(w, http.StatusOK, object{"method": r.Method, "target": r.RequestURI, "host": r.Host,
		"headers": headers, "body_bytes": n, "body_sha256": hex.EncodeToString(h.Sum(nil))})
}
