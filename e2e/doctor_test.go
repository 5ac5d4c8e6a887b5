package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// No built-in provider lets a writing of a secret through, by the check that its
// operator runs; the clients of S3 sign for it.
func TestDoctorFindsNoLeak(t *testing.T) {
	providers := []string{"openai", "anthropic", "github", "brave", "cloudflare", "notion", "gemini", "s3"}
	r := newRig(t, upstream.Options{}, harness.Options{Providers: "[providers." + strings.Join(providers, "]\n[providers.") + "]\n"})
	for _, provider := range providers {
		var report struct {
			Writings, Answers int
			Leaks             []string
		}
		if err := json.Unmarshal([]byte(r.must("", "doctor", "--leak", provider, "--json")), &report); err != nil {
			t.Fatalf("%s: %v", provider, err)
		}
		if report.Writings < 30 || report.Answers < 300 || len(report.Leaks) != 0 {
			t.Errorf("%s: %+v", provider, report)
		}
	}
}
