package upstream

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

const (
	maxJSON = 32 << 20 // bytes of a request that is read whole
	reply   = "Hello from the upstream double."
)

// usage is the same for every answer.
const promptTokens, completionTokens = 9, 6

type chatRequest struct {
	Model         string `json:"model"`
	Stream        bool   `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

// readJSON reads the request into v, and answers 400, or the error that the
// model's name asks for ("error-429"), where it can't go on.
func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSON))
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, "invalid_request_error", "", "We could not parse the JSON body of your request.")
		return false
	}
	var named struct {
		Model string `json:"model"`
	}
	_ = json.Unmarshal(body, &named) // it parsed above; a model that is no string names no error
	if status, ok := strings.CutPrefix(named.Model, "error-"); ok {
		writeErrorNamed(w, status)
		return false
	}
	return true
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	var q chatRequest
	if !readJSON(w, r, &q) {
		return
	}
	id := s.newID("chatcmpl")
	if q.Stream {
		s.streamChat(w, r, id, q)
		return
	}
	writeJSON(w, http.StatusOK, object{
		"id": id, "object": "chat.completion", "created": created, "model": q.Model,
		"choices": []object{{
			"index": 0, "finish_reason": "stop", "logprobs": nil,
			"message": object{"role": "assistant", "content": reply, "refusal": nil},
		}},
		"usage": usage(),
	})
}

func usage() object {
	return object{"prompt_tokens": promptTokens, "completion_tokens": completionTokens, "total_tokens": promptTokens + completionTokens}
}

// streamChat sends the reply word by word, each event when the gate lets it go.
func (s *Server) streamChat(w http.ResponseWriter, r *http.Request, id string, q chatRequest) {
	chunk := func(choices ...object) object {
		c := object{"id": id, "object": "chat.completion.chunk", "created": created, "model": q.Model, "choices": choices}
		if choices == nil {
			c["choices"], c["usage"] = []object{}, usage()
		}
		return c
	}
	delta := func(d object, finish any) object {
		return object{"index": 0, "delta": d, "logprobs": nil, "finish_reason": finish}
	}
	events := []any{chunk(delta(object{"role": "assistant", "content": ""}, nil))}
	for _, word := range strings.SplitAfter(reply, " ") {
		events = append(events, chunk(delta(object{"content": word}, nil)))
	}
	events = append(events, chunk(delta(object{}, "stop")))
	if q.StreamOptions.IncludeUsage {
		events = append(events, chunk())
	}
	s.stream(w, r, append(events, json.RawMessage("[DONE]")))
}

// namedEvent is a server-sent event with a name; others have none.
type namedEvent struct {
	name string
	data any
}

// stream sends server-sent events, flushed one by one. The first leaves at once.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, events []any) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	flush := http.NewResponseController(w)
	for i, event := range events {
		if i > 0 && s.options.Gate != nil {
			s.wait(r.Context(), s.options.Gate)
		}
		name := ""
		if n, ok := event.(namedEvent); ok {
			name, event = "event: "+n.name+"\n", n.data
		}
		data, err := json.Marshal(event)
		if raw, ok := event.(json.RawMessage); ok {
			data, err = raw, nil
		}
		if err != nil {
			return
		}
		if _, err := w.Write([]byte(name + "data: " + string(data) + "\n\n")); err != nil || flush.Flush() != nil {
			return
		}
		s.events.Add(1)
	}
}
