package upstream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	maxFiles    = 1000     // the oldest makes room
	maxKept     = 64 << 10 // bytes of an uploaded file that can be had back
	maxField    = 64 << 10 // bytes of a form field
	defaultPage = 20
	maxPage     = 10000
)

// file is what is known of an uploaded or generated file; its content is not
// kept, except for the beginning.
type file struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Bytes    int64  `json:"bytes"`
	Created  int64  `json:"created_at"`
	Filename string `json:"filename"`
	Purpose  string `json:"purpose"`
	Status   string `json:"status"`
	SHA256   string `json:"sha256"` // not in the real API
	kept     []byte // nil where the content is that of Content
}

type fileTable struct {
	mu   sync.Mutex
	list []file // oldest first
}

func (t *fileTable) add(f file) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) == maxFiles {
		t.list = slices.Delete(t.list, 0, 1)
	}
	t.list = append(t.list, f)
}

func (t *fileTable) find(id string, remove bool) (file, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.list, func(f file) bool { return f.ID == id })
	if i < 0 {
		return file{}, false
	}
	f := t.list[i]
	if remove {
		t.list = slices.Delete(t.list, i, i+1)
	}
	return f, true
}

// page gives up to limit files that are older than the one named after.
func (t *fileTable) page(after string, limit int) (page []file, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	page = []file{}
	begun := after == ""
	for _, f := range slices.Backward(t.list) {
		if begun && len(page) == limit {
			return page, true
		}
		if begun {
			page = append(page, f)
		}
		begun = begun || f.ID == after
	}
	return page, false
}

func generatedFile(n int64) file {
	const size = 100
	h := sha256.New()
	_, _ = io.Copy(h, Content(size)) // neither can fail
	return newFile(n, fmt.Sprintf("generated-%d.txt", n), "assistants", size, h)
}

func newFile(n int64, name, purpose string, size int64, h hash.Hash) file {
	return file{ID: fmt.Sprintf("file-%024d", n), Object: "file", Bytes: size, Created: created,
		Filename: name, Purpose: purpose, Status: "processed", SHA256: hex.EncodeToString(h.Sum(nil))}
}

func (s *Server) serveFiles(w http.ResponseWriter, r *http.Request, rest string) {
	id, content := strings.CutSuffix(rest, "/content")
	switch {
	case rest == "" && r.Method == http.MethodPost:
		s.upload(w, r)
		return
	case rest == "" && r.Method == http.MethodGet:
		s.listFiles(w, r)
		return
	}
	f, ok := s.files.find(id, r.Method == http.MethodDelete && !content)
	switch {
	case !ok:
		writeError(w, http.StatusNotFound, "invalid_request_error", "", "No such File object: "+id)
	case content && f.kept == nil:
		sendBytes(w, f.Bytes, false)
	case content && f.Bytes > maxKept:
		writeError(w, http.StatusBadRequest, "invalid_request_error", "", "The double keeps no content above 64 KiB.")
	case content:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.FormatInt(f.Bytes, 10))
		_, _ = w.Write(f.kept)
	case r.Method == http.MethodDelete:
		writeJSON(w, http.StatusOK, deletedFile(w, id))
	default:
		writeJSON(w, http.StatusOK, shownFile(w, f))
	}
}

func (s *Server) listFiles(w http.ResponseWriter, r *http.Request) {
	limit := defaultPage
	if q := r.URL.Query().Get("limit"); q != "" {
		n, err := strconv.Atoi(q)
		if err != nil || n < 1 || n > maxPage {
			writeError(w, http.StatusBadRequest, "invalid_request_error", "", "'limit' is out of range.")
			return
		}
		limit = n
	}
	page, more := s.files.page(r.URL.Query().Get("after"), limit)
	list := object{"object": "list", "data": page, "has_more": more, "first_id": nil, "last_id": nil}
	if len(page) > 0 {
		list["first_id"], list["last_id"] = page[0].ID, page[len(page)-1].ID
	}
	writeJSON(w, http.StatusOK, list)
}

// shownFile is f in the shape of the API that w answers for.
func shownFile(w http.ResponseWriter, f file) any {
	if _, ok := w.(anthropicWriter); ok {
		return anthropicFile(f)
	}
	return f
}

func deletedFile(w http.ResponseWriter, id string) object {
	if _, ok := w.(anthropicWriter); ok {
		return object{"id": id, "type": "file_deleted"}
	}
	return object{"id": id, "object": "file", "deleted": true}
}

// upload hashes the file as it streams and keeps only its beginning.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	parts, err := r.MultipartReader()
	if err != nil {
		writeError(w, http.StatusBadRequest, "invalid_request_error", "", "The request is no multipart/form-data.")
		return
	}
	var name, purpose string
	var size int64
	h, kept := sha256.New(), &beginning{limit: maxKept}
	for err == nil {
		var part *multipart.Part
		if part, err = parts.NextPart(); err != nil {
			break
		}
		switch part.FormName() {
		case "file":
			name = part.FileName()
			size, err = io.Copy(io.MultiWriter(h, kept), part)
		case "purpose":
			var b []byte
			b, err = io.ReadAll(io.LimitReader(part, maxField))
			purpose = string(b)
		}
	}
	if err != io.EOF || name == "" { // a wrapped EOF is an upload cut short
		writeError(w, http.StatusBadRequest, "invalid_request_error", "", "The upload is cut short, or has no file.")
		return
	}
	f := newFile(s.nextID(), name, purpose, size, h)
	f.kept = kept.bytes.Bytes()
	if f.kept == nil {
		f.kept = []byte{}
	}
	s.files.add(f)
	writeJSON(w, http.StatusOK, shownFile(w, f))
}

// beginning keeps the first bytes of what is written to it.
type beginning struct {
	bytes bytes.Buffer
	limit int
}

func (b *beginning) Write(p []byte) (int, error) {
	b.bytes.Write(p[:min(len(p), b.limit-b.bytes.Len())])
	return len(p), nil
}
