// Package apis holds doubles of further APIs, each as much of it as tests of its
// official clients use. Each wants its key where the real API wants it, and
// answers in its shapes; package upstream serves and records them
// (upstream.Options.Handler).
package apis

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

type object = map[string]any

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// keyed lets through what has the right key, and has refuse answer the rest.
func keyed(key string, got func(*http.Request) string, refuse http.HandlerFunc, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key == "" || subtle.ConstantTimeCompare([]byte(got(r)), []byte(key)) != 1 {
			refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// header is the one value of a header, "" where there are several.
func header(name string) func(*http.Request) string {
	return func(r *http.Request) string {
		if v := r.Header.Values(name); len(v) == 1 {
			return v[0]
		}
		return ""
	}
}

// read decodes a JSON body.
func read(r *http.Request) (body object) {
	_ = json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&body) // a body that is none is an empty one
	return body
}

// number is a query parameter, or what it is without one.
func number(r *http.Request, name string, standard int) int {
	if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil {
		return n
	}
	return standard
}

// self is a URL of this double's own, as the real API writes absolute ones.
func self(r *http.Request, format string, args ...any) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + fmt.Sprintf(format, args...)
}
