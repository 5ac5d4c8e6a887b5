package upstream

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// authorize answers 401, in the API's shape, unless the request has the key.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) bool {
	got := credentialOf(r)
	if s.options.Key != "" && subtle.ConstantTimeCompare([]byte(got), []byte(s.options.Key)) == 1 {
		return true
	}
	if a, ok := w.(anthropicWriter); ok {
		a.refuse(got, s.options.EchoKey)
		return false
	}
	message := "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth."
	if got != "" {
		shown := mask(got)
		if s.options.EchoKey {
			shown = got
		}
		message = "Incorrect API key provided: " + shown + ". You can find your API key at https://platform.openai.com/account/api-keys."
	}
	writeError(w, http.StatusUnauthorized, "invalid_request_error", "invalid_api_key", message)
	return false
}

// credentialOf is the key that the request came with, right or wrong.
func credentialOf(r *http.Request) string {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return key
	}
	return r.Header.Get("X-Api-Key")
}

// mask leaves of a key what the real API shows of it.
func mask(key string) string {
	const first, last = 8, 4
	if len(key) < 2*(first+last) {
		return strings.Repeat("*", len(key))
	}
	return key[:first] + strings.Repeat("*", len(key)-first-last) + key[len(key)-last:]
}
