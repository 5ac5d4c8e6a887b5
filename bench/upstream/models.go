package upstream

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
)

// models answers with the list of models, or with one of them.
func (s *Server) models(w http.ResponseWriter, id string) {
	data := []object{}
	for i := range s.options.Models {
		m := object{"id": fmt.Sprintf("double-%d", i+1), "object": "model", "created": created, "owned_by": "double"}
		if m["id"] == id {
			writeJSON(w, http.StatusOK, m)
			return
		}
		data = append(data, m)
	}
	if id != "" {
		writeError(w, http.StatusNotFound, "invalid_request_error", "model_not_found", "The model '"+id+"' does not exist")
		return
	}
	writeJSON(w, http.StatusOK, object{"object": "list", "data": data})
}

// embeddings answers with one vector for each input, which depends on nothing
// but the input.
func (s *Server) embeddings(w http.ResponseWriter, r *http.Request) {
	q := struct {
		Model      string          `json:"model"`
		Input      json.RawMessage `json:"input"`
		Format     string          `json:"encoding_format"`
		Dimensions int             `json:"dimensions"`
	}{Dimensions: 8}
	if !readJSON(w, r, &q) {
		return
	}
	if len(q.Input) == 0 || q.Dimensions < 1 || q.Dimensions > 4096 {
		writeError(w, http.StatusBadRequest, "invalid_request_error", "", "'input' is missing, or 'dimensions' out of range.")
		return
	}
	inputs := []json.RawMessage{q.Input}
	if bytes.HasPrefix(q.Input, []byte("[")) {
		_ = json.Unmarshal(q.Input, &inputs) // it is an array, and parsed before
	}
	data := []object{}
	for i, input := range inputs {
		vector := any(vectorOf(input, q.Dimensions))
		if q.Format == "base64" {
			vector = base64.StdEncoding.EncodeToString(littleEndian(vectorOf(input, q.Dimensions)))
		}
		data = append(data, object{"object": "embedding", "index": i, "embedding": vector})
	}
	writeJSON(w, http.StatusOK, object{"object": "list", "model": q.Model, "data": data,
		"usage": object{"prompt_tokens": promptTokens, "total_tokens": promptTokens}})
}

func vectorOf(input []byte, dimensions int) []float32 {
	v := make([]float32, dimensions)
	h := fnv.New64a()
	h.Write(input)
	for i := range v {
		h.Write([]byte{byte(i)})
		v[i] = float32(h.Sum64()>>40) / (1 << 24)
	}
	return v
}

func littleEndian(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

// responses is the least that a client of the Responses API takes.
func (s *Server) responses(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Model string `json:"model"`
	}
	if !readJSON(w, r, &q) {
		return
	}
	writeJSON(w, http.StatusOK, object{
		"id": s.newID("resp"), "object": "response", "created_at": created, "status": "completed", "model": q.Model,
		"error": nil, "incomplete_details": nil, "instructions": nil, "metadata": object{}, "tools": []object{},
		"output": []object{{
			"type": "message", "id": s.newID("msg"), "status": "completed", "role": "assistant",
			"content": []object{{"type": "output_text", "text": reply, "annotations": []object{}}},
		}},
		"usage": object{"input_tokens": promptTokens, "output_tokens": completionTokens, "total_tokens": promptTokens + completionTokens},
	})
}
