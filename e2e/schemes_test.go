package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// front is a rig with a credential for Anthropic's API too, and how a client
// gets to it: over http, or over TLS with a certificate of its own.
type front struct {
	*rig
	base      string            // "http://127.0.0.1:PORT" or "https://localhost:PORT"
	roots     *x509.CertPool    // nil for http
	cert      string            // the file of the certificate; "" for http
	anthropic string            // the token for /api/anthropic
	narrow    map[string]string // by provider, a token that is for listing models only
}

// overBoth runs a test over http and over TLS.
func overBoth(t *testing.T, d upstream.Options, test func(*testing.T, *front)) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			f, o := &front{}, harness.Options{Dir: t.TempDir()}
			if scheme == "https" {
				f.cert = filepath.Join(o.Dir, "cert.pem")
				f.roots = writeCertificate(t, f.cert, filepath.Join(o.Dir, "key.pem"), 1)
				o.Extra = "[tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n"
			}
			f.rig = newRig(t, d, o)
			f.base = strings.Replace(f.URL, "https://127.0.0.1", "https://localhost", 1)
			f.must(f.key, "credential", "set", "anthropic-key", "--provider", "anthropic")
			_, f.anthropic = f.issueFor("anthropic-key", "agent-2")
			f.narrow = map[string]string{}
			for provider, credential := range map[string]string{"openai": credentialName, "anthropic": "anthropic-key"} {
				_, f.narrow[provider] = f.issueFor(credential, "narrow", "--op", "models.*")
			}
			test(t, f)
		})
	}
}

// httpClient speaks HTTP/1.1 and trusts the broker's certificate.
func (f *front) httpClient() *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: f.roots}}
	f.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
