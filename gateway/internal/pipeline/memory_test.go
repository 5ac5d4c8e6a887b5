package pipeline_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// After ten thousand requests of several agents of two tenants, to an API that
// echoes the credential in its headers and shows them to the plugin, no instance's
// memory holds a byte string of a stored credential or a proxy token, or anything
// of the other tenant.
func TestGuestMemoryHoldsNoSecret(t *testing.T) {
	echoes := func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Authorization")
		w.Header().Set("X-Echo", key)
		w.Header()["X-"+strings.TrimPrefix(key, "Bearer ")] = []string{"in the name"}
		w.Header().Set("X-Echo-Base64", base64.StdEncoding.EncodeToString([]byte(key)))
		w.Header().Set("X-Echo-Hex", hex.EncodeToString([]byte(key)))
		w.WriteHeader(http.StatusNoContent)
	}
	inspects := seks.Bearer("api_key")
	inspects.InspectAnswer = true
	r := open(t, echoes, map[string]guest{"shown": {plan: &inspects.Plan, scrub: &abi.ScrubPlan{}}})
	tenants := []string{"default", "other"}
	keys := map[string]string{"default": theKey, "other": "sk-other-9876543210zyxwvutsrq"}
	_, err := r.Credentials.Set("other", "key", "shown", []string{r.origin.Host}, map[string]credential.Field{"api_key": {Value: secret.New([]byte(keys["other"]))}})
	r.check(err)
	tokens := map[string][]string{}
	for _, tenant := range tenants {
		for agent := range 3 {
			name := map[string]string{"default": "shown-key", "other": "key"}[tenant]
			plain, _, err := r.Tokens.Issue(token.Record{Tenant: tenant, Agent: fmt.Sprint("agent-", agent), Provider: "shown", Credential: name})
			r.check(err)
			tokens[tenant] = append(tokens[tenant], string(plain.Reveal()))
		}
	}
	var agents sync.WaitGroup
	for i, tenant := range tenants { // the limiter has room for two at a time
		agents.Go(func() {
			for n := range 5_000 {
				own := tokens[tenant][n%3]
				in := incoming("GET", fmt.Sprintf("/api/shown/things/of-%s-%d?i=%d", tenant, n, i), "Authorization: Bearer "+own)
				reply := r.Serve(in)
				if reply.Status != http.StatusNoContent {
					t.Errorf("request %d of %s: %d", n, tenant, reply.Status)
				}
				if _, err := read(t, reply); err != nil {
					t.Error(err)
				}
			}
		})
	}
	agents.Wait()
	dumps := map[string]int{}
	r.Providers().Plugins["shown"].Memories(func(tenant string, memory []byte) {
		dumps[tenant]++
		if !bytes.Contains(memory, []byte("of-"+tenant+"-")) || !bytes.Contains(memory, []byte("X-Echo")) {
			t.Errorf("%s: its own requests are not there: the dump is not of what ran", tenant)
		}
		for _, other := range tenants {
			if other != tenant && bytes.Contains(memory, []byte("of-"+other+"-")) {
				t.Errorf("%s: a request of %s is in its memory", tenant, other)
			}
			secrets := append([]string{keys[other]}, tokens[other]...)
			for _, s := range secrets {
				for _, form := range []string{s, hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte("Bearer " + s))[12:]} {
					if bytes.Contains(bytes.ToLower(memory), bytes.ToLower([]byte(form[:len(form)-4]))) {
						t.Errorf("%s: a secret of %s is in its memory", tenant, other)
					}
				}
			}
		}
	})
	if dumps["default"] == 0 || dumps["other"] == 0 {
		t.Errorf("dumped: %v", dumps)
	}
}
