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

// Speech is what POST /v1/audio/speech says: any bytes, always the same.
func Speech() []byte { return noiseOf(200_000) }

// Image is what POST /v1/images/generations draws.
func Image() []byte { return noiseOf(50_000) }

func noiseOf(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(b) // never fails
	return b
}

func speech(w http.ResponseWriter, r *http.Request) {
	var q struct{ Input string }
	if !readJSON(w, r, &q) {
		return
	}
	w.Header().Set("Content-Type", "audio/mpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(Speech())))
	_, _ = w.Write(Speech())
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
		writeJSON(w, http.StatusOK, object{"created": created, "data": []object{{"b64_json": base64.StdEncoding.EncodeToString(Image())}}})
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
