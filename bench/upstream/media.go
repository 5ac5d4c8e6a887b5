package upstream

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// sample is what a model says or draws: any bytes, always the same. X-Digest
// gives their SHA-256, which is not in the real API.
func sample(w http.ResponseWriter, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	sum := sha256.Sum256(b)
	w.Header().Set("X-Digest", hex.EncodeToString(sum[:]))
	return b
}

func speech(w http.ResponseWriter, r *http.Request) {
	var q struct{ Input string }
	if !readJSON(w, r, &q) {
		return
	}
	said := sample(w, 200_000)
	w.Header().Set("Content-Type", "audio/mpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(said)))
	_, _ = w.Write(said)
}

// transcription answers with the digest of the file that came.
func transcription(w http.ResponseWriter, r *http.Request) {
	file, _, err := r.FormFile("file")
	if err != nil {
		writeError(w, http.StatusBadRequest, "invalid_request_error", "", "There is no file in the form.")
		return
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		writeError(w, http.StatusBadRequest, "invalid_request_error", "", "The file broke off.")
		return
	}
	writeJSON(w, http.StatusOK, object{"text": hex.EncodeToString(h.Sum(nil))})
}

func images(w http.ResponseWriter, r *http.Request) {
	var q struct{ Prompt string }
	if readJSON(w, r, &q) {
		writeJSON(w, http.StatusOK, object{"created": created, "data": []object{{"b64_json": base64.StdEncoding.EncodeToString(sample(w, 50_000))}}})
	}
}

// createJob and job are OpenAI's batches; Anthropic's are in anthropic.go.
func (s *Server) createJob(w http.ResponseWriter, r *http.Request) {
	var q struct {
		File     string `json:"input_file_id"`
		Endpoint string `json:"endpoint"`
	}
	if readJSON(w, r, &q) {
		s.job(w, s.newID("batch"), q.Endpoint, q.File)
	}
}

func (s *Server) job(w http.ResponseWriter, id, endpoint, file string) {
	writeJSON(w, http.StatusOK, object{"id": id, "object": "batch", "endpoint": endpoint, "input_file_id": file, "completion_window": "24h", "status": "validating", "created_at": created})
}
