package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestItServesUntilStandardInputCloses(t *testing.T) {
	stdin, hold := io.Pipe()
	out, stdout := io.Pipe()
	cert := filepath.Join(t.TempDir(), "cert.pem")
	ended := make(chan error, 1)
	go func() {
		ended <- run([]string{"-key", "sk-x", "-print-addr", "-stdin", "-tls", "-cert-out", cert}, stdin, stdout)
	}()
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(url, "https://127.0.0.1:") {
		t.Fatalf("%q %v", url, err)
	}
	pem, err := os.ReadFile(cert)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("%q %v", pem, err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	answer, err := client.Get(strings.TrimSpace(url) + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	if _ = answer.Body.Close(); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d without a key", answer.StatusCode)
	}
	_ = hold.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestItSaysWhatIsMissing(t *testing.T) {
	for want, args := range map[string][]string{
		"-key is missing": nil,
		"upstream double": {"-key", "k", "-listen", "127.0.0.1:none"},
	} {
		if err := run(args, strings.NewReader(""), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}
