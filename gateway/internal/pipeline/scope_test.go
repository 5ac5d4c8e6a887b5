package pipeline_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// An API that has another credential of the tenant's, from wherever, does not hand
// it out by way of ours: not in a body, nor in a header, and without its name.
func TestAnotherCredentialOfTheTenantIsMasked(t *testing.T) {
	const other, short = "another-secret-0123456789", "fifteen-letters"
	r := open(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Echo", base64.StdEncoding.EncodeToString([]byte(other)))
		_, _ = io.WriteString(w, other+" "+short+" "+theKey)
	}, nil)
	for name, value := range map[string]string{"mine": other, "short": short} {
		_, err := r.Credentials.Set("default", name, "p", []string{r.origin.Host}, map[string]credential.Field{"api_key": {Value: secret.New([]byte(value))}})
		r.check(err)
	}
	for range 2 {
		reply := r.Serve(r.get("p", "/x"))
		text, err := read(t, reply)
		want := "[REDACTED]" + strings.Repeat("*", len(other)-10) + " " + short + " [REDACTED:p-key]" + strings.Repeat("*", len(theKey)-16)
		if err != nil || text != want {
			t.Errorf("%q, want %q: %v", text, want, err)
		}
		if echo := one(reply, "X-Echo"); !strings.HasPrefix(echo, "[REDACTED]*") {
			t.Errorf("header %q", echo)
		}
	}
	l := r.lines()
	if len(l) != 2 || l[0].Needles != 2 || l[1].Needles != 0 || l[0].Scrubbed != 3 || fmt.Sprint(l[0].Hits) != "[{header base64 0} {body raw 0} {body raw 42}]" {
		t.Errorf("the line of the request that made the needles says so, and no other: %+v", l)
	}
}
