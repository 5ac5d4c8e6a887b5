package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// dial connects to the first listener.
func dial(t *testing.T, r *rig) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// models is a request for the list of models, in full.
func (r *rig) models() string {
	return "GET /api/openai/v1/models HTTP/1.1\r\nHost: b\r\nConnection: close\r\nAuthorization: Bearer " + r.token + "\r\n\r\n"
}

func TestUnixSocketListener(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{Listen: []string{"127.0.0.1:0", "unix:agent.sock"}})
	r.works("the start")
	c, err := net.Dial("unix", filepath.Join(r.Dir, "agent.sock"))
	if err != nil {
		t.Fatalf("%v; serve listens on %v", err, r.Listeners)
	}
	a := exchangeOn(t, c, r.models())
	if a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if l := r.line(a.id()); l["client_ip"] != "" {
		t.Errorf("a socket has no address, but the log has %v", l["client_ip"])
	}
}

// A provider's own listener needs no /api/NAME.
func TestProvidersOwnListener(t *testing.T) {
	r := newStoppedRig(t, upstream.Options{}, harness.Options{})
	text, err := os.ReadFile(r.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(text), "[providers.openai]\n", "[providers.openai]\nlisten = \"127.0.0.1:0\"\nhosts = [\"openai.broker.example\"]\n", 1)
	if err := os.WriteFile(r.ConfigFile(), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	if len(r.Listeners) != 2 {
		t.Fatalf("serve listens on %v", r.Listeners)
	}
	at, _, _ := strings.Cut(strings.TrimPrefix(r.Listeners[1], "http://"), " ")
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	if a := exchangeOn(t, c, strings.Replace(r.models(), "/api/openai", "", 1)); a.Status != 200 || r.lastSeen().Target != "/v1/models" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	// Nor does a host name of its own.
	byHost := strings.Replace(strings.Replace(r.models(), "/api/openai", "", 1), "Host: b", "Host: openai.broker.example", 1)
	if a := r.exchange(byHost); a.Status != 200 {
		t.Errorf("by its host name: %d %s", a.Status, a.Body)
	}
	r.works("a provider's own listener")
}

// Both listeners speak TLS, and a certificate that is renewed needs no restart.
func TestTLSListener(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := writeCertificate(t, cert, key, 1)
	r := newStoppedRig(t, upstream.Options{}, harness.Options{Dir: dir, Extra: "[tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n"})
	r.start()
	if !strings.HasPrefix(r.URL, "https://") || !strings.HasPrefix(r.Admin, "https://") {
		t.Fatalf("agents at %s, admin at %s", r.URL, r.Admin)
	}
	at := strings.TrimPrefix(r.URL, "https://")
	c, err := tls.Dial("tcp", at, &tls.Config{RootCAs: first, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	a := exchangeOn(t, c, r.models())
	if a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if l := r.line(a.id()); l["client_ip"] != "127.0.0.1" {
		t.Errorf("the log has %v", l)
	}
	// One file of two: the old pair goes on.
	second := writeCertificate(t, cert, filepath.Join(dir, "next.pem"), 2)
	if c, err := tls.Dial("tcp", at, &tls.Config{RootCAs: first, ServerName: "localhost"}); err != nil {
		t.Errorf("while its key is missing: %v", err)
	} else {
		_ = c.Close()
	}
	if err := os.Rename(filepath.Join(dir, "next.pem"), key); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new certificate is shown", func() bool {
		c, err := tls.Dial("tcp", at, &tls.Config{RootCAs: second, ServerName: "localhost"})
		if err != nil {
			return false
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Cmp(big.NewInt(2)) == 0
	})
	c, err = tls.Dial("tcp", at, &tls.Config{RootCAs: second, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	if a := exchangeOn(t, c, r.models()); a.Status != 200 {
		t.Errorf("with the new certificate: %d %s", a.Status, a.Body)
	}
	if c, err := tls.Dial("tcp", at, &tls.Config{RootCAs: second, ServerName: "localhost", MaxVersion: tls.VersionTLS11}); err == nil {
		_ = c.Close()
		t.Error("it speaks TLS 1.1")
	}
}

// writeCertificate makes a self-signed pair and gives the roots that trust it.
func writeCertificate(t *testing.T, certFile, keyFile string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		Subject:      pkix.Name{CommonName: "localhost"}, // curl wants an issuer with a name
		SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	for path, text := range map[string][]byte{certFile: certPEM, keyFile: keyPEM} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return roots
}
