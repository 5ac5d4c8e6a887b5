package upstream

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// block is what Content repeats: text as APIs send it, with no secret in it.
const block = `{"id":"item-0001","object":"double.item","note":"The quick brown fox jumps over the lazy dog.","tags":["a","b"],"n":12345},` + "\n"

const copyBytes = 64 << 10

// Content is the n bytes that /v1/bytes/{n} answers with, in constant memory.
func Content(n int64) io.Reader {
	blocks := strings.Repeat(block, copyBytes/len(block)+1)
	return io.LimitReader(&repeat{text: blocks}, n)
}

type repeat struct {
	text string
	at   int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

func serveBytes(w http.ResponseWriter, r *http.Request, n string) {
	size, err := strconv.ParseInt(n, 10, 64)
	if err != nil || size < 0 {
		writeError(w, http.StatusNotFound, "invalid_request_error", "", "/v1/bytes/{n} wants a number.")
		return
	}
	sendBytes(w, size, r.URL.Query().Get("chunked") == "1")
}

func sendBytes(w http.ResponseWriter, size int64, chunked bool) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if chunked {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush() // before the body: so its length isn't found out
	} else {
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	}
	_, _ = io.CopyBuffer(onlyWriter{w}, Content(size), make([]byte, copyBytes)) // a client that left has seen enough
}

// onlyWriter hides ReadFrom, which would copy with a buffer of its own size.
type onlyWriter struct{ io.Writer }

func sink(w http.ResponseWriter, r *http.Request) {
	h := sha256.New()
	hashed := r.URL.Query().Get("nohash") != "1"
	into := io.Writer(h)
	if !hashed {
		into = onlyWriter{io.Discard}
	}
	n, err := io.CopyBuffer(into, r.Body, make([]byte, copyBytes))
	if err != nil {
		writeError(w, http.StatusBadRequest, "invalid_request_error", "", "The body is cut short.")
		return
	}
	answer := object{"bytes": n}
	if hashed {
		answer["sha256"] = hex.EncodeToString(h.Sum(nil))
	}
	writeJSON(w, http.StatusOK, answer)
}
