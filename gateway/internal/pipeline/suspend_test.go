package pipeline_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A token whose answers keep bearing secrets, wherever in them, is suspended.
func TestSuspendAfter(t *testing.T) {
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/body":
			_, _ = io.WriteString(w, "it is "+theKey)
		case "/header":
			w.Header().Set("X-Echo", theKey)
			w.WriteHeader(204)
		default:
			_, _ = io.WriteString(w, "nothing")
		}
	}, map[string]guest{"q": {plan: bearer()}})
	r.SuspendAfter = 3
	do := func(provider, path string) (int, string) {
		reply := r.Serve(r.get(provider, path))
		text, err := read(t, reply)
		r.check(err)
		return reply.Status, one(reply, "X-Seks-Error") + text
	}
	for i, path := range []string{"/body", "/clean", "/header", "/clean", "/body"} {
		if status, text := do("p", path); status >= 300 {
			t.Fatalf("request %d: %d %s", i, status, text)
		}
	}
	status, text := do("p", "/clean")
	if status != 403 || !strings.Contains(text, "policy_denied") || !strings.Contains(text, "suspended") {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := do("q", "/body"); status != 200 {
		t.Errorf("another token: %d", status)
	}
	l := r.lines()
	if !strings.Contains(l[4].Reason, "suspended") || strings.Contains(l[2].Reason, "suspended") || l[5].TokenID != l[4].TokenID {
		t.Errorf("%+v", l)
	}
	r.check(r.Tokens.Resume(l[4].TokenID))
	if status, _ := do("p", "/body"); status != 200 {
		t.Errorf("resumed: %d", status)
	}
	r.idle()
}
