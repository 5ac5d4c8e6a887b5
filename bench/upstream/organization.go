package upstream

import (
	"io"
	"net/http"
)

// BornKey is the secret that the double mints, in its answers to
//
//	POST /v1/organization/admin_api_keys    OpenAI
//	POST /v1/organizations/webhooks         Anthropic
//
// With the header "X-Born: unreadable", the answer that holds it is no JSON.
const BornKey = "sk-born-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"

// born answers with BornKey in a field.
func born(w http.ResponseWriter, r *http.Request, field string) {
	if r.Header.Get("X-Born") == "unreadable" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "<p>Here it is: "+BornKey+"</p>")
		return
	}
	writeJSON(w, http.StatusOK, object{"id": "born_1", "name": "a", "created_at": created, field: BornKey})
}
