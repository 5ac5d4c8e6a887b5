package apis

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strings"
)

// Brave is api.search.brave.com: GET /res/v1/web/search and /res/v1/news/search,
// coded with gzip where the client takes it. The query "error" is an error.
func Brave(key string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /res/v1/{kind}/search", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query().Get("q")
		if q == "error" {
			braveError(w, 422, "VALIDATION", "Unable to validate request parameter(s)")
			return
		}
		list := object{"type": "search", "results": []object{{"title": "About " + q, "url": "https://example.com/", "description": "found"}}}
		found := object{"type": "search", "query": object{"original": q}, "web": list, "results": list["results"]}
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			answer(w, 200, found)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_ = json.NewEncoder(z).Encode(found) // as far as the client reads
		_ = z.Close()
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { braveError(w, 404, "NOT_FOUND", "Not found") })
	return keyed(key, header("X-Subscription-Token"), func(w http.ResponseWriter, _ *http.Request) {
		braveError(w, 422, "SUBSCRIPTION_TOKEN_INVALID", "The provided subscription token is invalid.")
	}, mux)
}

func braveError(w http.ResponseWriter, status int, code, detail string) {
	answer(w, status, object{"type": "ErrorResponse", "error": object{"id": "double", "status": status, "code": code, "detail": detail}})
}
