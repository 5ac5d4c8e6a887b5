package upstream

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// anthropicWriter marks a request that is answered in Anthropic's shapes.
type anthropicWriter struct{ http.ResponseWriter }

func (a anthropicWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// anthropicErrors are the API's error types by status, as its documentation
// lists them.
var anthropicErrors = map[int]string{
	400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
	413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 504: "timeout_error", 529: "overloaded_error",
}

func (a anthropicWriter) writeError(status int, message string) {
	kind := anthropicErrors[status]
	if kind == "" {
		kind = "api_error"
	}
	writeJSON(a, status, object{"type": "error", "error": object{"type": kind, "message": message}, "request_id": a.Header().Get("Request-Id")})
}

// refuse answers a request whose key is got. The real API never repeats one.
func (a anthropicWriter) refuse(got string, echo bool) {
	switch {
	case got == "":
		a.writeError(http.StatusUnauthorized, "x-api-key header is required")
	case echo:
		a.writeError(http.StatusUnauthorized, "invalid x-api-key: "+got)
	default:
		a.writeError(http.StatusUnauthorized, "invalid x-api-key")
	}
}

// routeAnthropic says false for what is the same at both APIs.
func (s *Server) routeAnthropic(w anthropicWriter, r *http.Request, head, rest string) bool {
	id, batch := strings.CutPrefix(rest, "batches/")
	post, get := r.Method == http.MethodPost, r.Method == http.MethodGet
	switch {
	case head == "messages" && rest == "" && post:
		s.messages(w, r)
	case head == "messages" && rest == "count_tokens" && post:
		countTokens(w, r)
	case head == "messages" && rest == "batches" && post:
		s.createBatch(w, r)
	case head == "messages" && batch && get:
		s.batch(w, r, id)
	case head == "organizations" && rest == "webhooks" && post:
		born(w, r, "signing_secret")
	case head == "models" && get:
		s.anthropicModels(w, rest)
	case head == "chat" || head == "embeddings" || head == "responses":
		w.writeError(http.StatusNotFound, "Not found: "+r.URL.Path)
	default:
		return false
	}
	return true
}

// messages answers with the whole reply, or with the events that it is made of.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	var q chatRequest
	if !readJSON(w, r, &q) {
		return
	}
	message := s.message(q.Model)
	if !q.Stream {
		writeJSON(w, http.StatusOK, message)
		return
	}
	message["content"], message["stop_reason"] = []object{}, nil
	message["usage"] = object{"input_tokens": promptTokens, "output_tokens": 1}
	events := []any{
		namedEvent{"message_start", object{"type": "message_start", "message": message}},
		namedEvent{"content_block_start", object{"type": "content_block_start", "index": 0, "content_block": object{"type": "text", "text": ""}}},
		namedEvent{"ping", object{"type": "ping"}},
	}
	for _, word := range strings.SplitAfter(reply, " ") {
		events = append(events, namedEvent{"content_block_delta",
			object{"type": "content_block_delta", "index": 0, "delta": object{"type": "text_delta", "text": word}}})
	}
	s.stream(w, r, append(events,
		namedEvent{"content_block_stop", object{"type": "content_block_stop", "index": 0}},
		namedEvent{"message_delta", object{"type": "message_delta", "delta": object{"stop_reason": "end_turn", "stop_sequence": nil},
			"usage": object{"output_tokens": completionTokens}}},
		namedEvent{"message_stop", object{"type": "message_stop"}},
	))
}

func (s *Server) message(model string) object {
	return object{
		"id": s.newID("msg"), "type": "message", "role": "assistant", "model": model,
		"content":     []object{{"type": "text", "text": reply}},
		"stop_reason": "end_turn", "stop_sequence": nil,
		"usage": object{"input_tokens": promptTokens, "output_tokens": completionTokens},
	}
}

func countTokens(w http.ResponseWriter, r *http.Request) {
	var q struct{ Messages []json.RawMessage }
	if readJSON(w, r, &q) {
		writeJSON(w, http.StatusOK, object{"input_tokens": promptTokens * len(q.Messages)})
	}
}

// createBatch keeps nothing but the number of requests, which the id says.
func (s *Server) createBatch(w http.ResponseWriter, r *http.Request) {
	var q struct{ Requests []json.RawMessage }
	if readJSON(w, r, &q) {
		id := s.newID(fmt.Sprintf("msgbatch-%d", len(q.Requests)))
		writeJSON(w, http.StatusOK, batchObject(r, id, len(q.Requests), "in_progress"))
	}
}

func (s *Server) batch(w anthropicWriter, r *http.Request, rest string) {
	id, results := strings.CutSuffix(rest, "/results")
	var n int
	if _, err := fmt.Sscanf(id, "msgbatch-%d-", &n); err != nil || n < 0 || n > maxPage {
		w.writeError(http.StatusNotFound, "No such batch: "+id)
		return
	}
	if !results {
		writeJSON(w, http.StatusOK, batchObject(r, id, n, "ended"))
		return
	}
	w.Header().Set("Content-Type", "application/x-jsonl")
	lines := json.NewEncoder(w)
	for i := range n {
		line := object{"custom_id": fmt.Sprint("request-", i+1), "result": object{"type": "succeeded", "message": s.message("double-1")}}
		if lines.Encode(line) != nil {
			return
		}
	}
}

func batchObject(r *http.Request, id string, n int, status string) object {
	b := object{
		"id": id, "type": "message_batch", "processing_status": status,
		"created_at": when(created), "expires_at": when(created + 86400), "ended_at": nil, "archived_at": nil, "cancel_initiated_at": nil, "results_url": nil,
		"request_counts": object{"processing": n, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
	}
	if status == "ended" {
		scheme := "http://"
		if r.TLS != nil {
			scheme = "https://"
		}
		b["ended_at"], b["results_url"] = when(created), scheme+r.Host+"/v1/messages/batches/"+id+"/results"
		b["request_counts"] = object{"processing": 0, "succeeded": n, "errored": 0, "canceled": 0, "expired": 0}
	}
	return b
}

func (s *Server) anthropicModels(w anthropicWriter, id string) {
	data := []object{}
	for i := range s.options.Models {
		m := object{"type": "model", "id": fmt.Sprintf("double-%d", i+1), "display_name": fmt.Sprintf("Double %d", i+1), "created_at": when(created)}
		if m["id"] == id {
			writeJSON(w, http.StatusOK, m)
			return
		}
		data = append(data, m)
	}
	if id != "" {
		w.writeError(http.StatusNotFound, "model: "+id)
		return
	}
	list := object{"data": data, "has_more": false, "first_id": nil, "last_id": nil}
	if len(data) > 0 {
		list["first_id"], list["last_id"] = data[0]["id"], data[len(data)-1]["id"]
	}
	writeJSON(w, http.StatusOK, list)
}

// anthropicFile has the file's digest, which is not in the real API.
func anthropicFile(f file) object {
	return object{"id": f.ID, "type": "file", "filename": f.Filename, "mime_type": "application/octet-stream", "size_bytes": f.Bytes,
		"created_at": when(f.Created), "downloadable": false, "sha256": f.SHA256}
}

// when is a time in Unix seconds as the API writes it (RFC 3339).
func when(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }
