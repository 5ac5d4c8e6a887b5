package upstream

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// created is the time of everything in the double, in Unix seconds.
const created = 1_760_000_000

type object map[string]any

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// writeError answers in the shape of the API's errors. An empty code is null.
func writeError(w http.ResponseWriter, status int, kind, code, message string) {
	if a, ok := w.(anthropicWriter); ok {
		a.writeError(status, message)
		return
	}
	e := object{"message": message, "type": kind, "param": nil, "code": nil}
	if code != "" {
		e["code"] = code
	}
	writeJSON(w, status, object{"error": e})
}

// writeErrorNamed answers with the API's error of a status ("429").
func writeErrorNamed(w http.ResponseWriter, status string) {
	n, err := strconv.Atoi(status)
	switch {
	case err != nil || n < 400 || n > 599:
		writeError(w, http.StatusNotFound, "invalid_request_error", "", "The double knows no error "+status+".")
	case n == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "2")
		writeError(w, n, "requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again in 2s.")
	case n >= 500:
		writeError(w, n, "server_error", "", "The server had an error while processing your request. Sorry about that!")
	default:
		writeError(w, n, "invalid_request_error", "", "The double was asked for the error "+status+".")
	}
}
