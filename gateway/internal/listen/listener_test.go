package listen

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

func TestClientIP(t *testing.T) {
	s := New(nil, Config{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}})
	defer s.Cut()
	const name = "X-Forwarded-For"
	for _, tt := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"a stranger's word is nothing", "192.0.2.1", []string{"1.2.3.4"}, "192.0.2.1"},
		{"a stranger who claims to be a proxy", "192.0.2.1", []string{"10.0.0.1"}, "192.0.2.1"},
		{"a proxy that says nothing", "10.0.0.1", nil, "10.0.0.1"},
		{"a proxy's word", "10.0.0.1", []string{"1.2.3.4"}, "1.2.3.4"},
		{"what the agent put in front", "10.0.0.1", []string{"6.6.6.6, 1.2.3.4"}, "1.2.3.4"},
		{"a chain of proxies", "10.0.0.1", []string{"6.6.6.6, 1.2.3.4, 10.0.0.2,10.0.0.3"}, "1.2.3.4"},
		{"the last header counts", "10.0.0.1", []string{"6.6.6.6", "1.2.3.4"}, "1.2.3.4"},
		{"on to the header before", "10.0.0.1", []string{"6.6.6.6, 1.2.3.4", "10.0.0.2"}, "1.2.3.4"},
		{"proxies all the way", "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"garbage ends it", "10.0.0.1", []string{"1.2.3.4, unknown"}, "10.0.0.1"},
		{"garbage behind a proxy", "10.0.0.1", []string{"1.2.3.4, _hidden, 10.0.0.2"}, "10.0.0.2"},
		{"a port is garbage", "10.0.0.1", []string{"1.2.3.4:80"}, "10.0.0.1"},
		{"nothing is garbage", "10.0.0.1", []string{""}, "10.0.0.1"},
		{"IPv6", "2001:db8::1", []string{"2001:4860::1, 2001:db8::2"}, "2001:4860::1"},
		{"IPv4 in IPv6", "::ffff:10.0.0.1", []string{"::ffff:1.2.3.4"}, "1.2.3.4"},
	} {
		var headers []request.Header
		for i, v := range tt.forwarded {
			headers = append(headers, request.Header{Name: []string{name, strings.ToLower(name)}[i%2], Value: v}, request.Header{Name: "Forwarded", Value: "for=9.9.9.9"})
		}
		got := s.clientIP(&net.TCPAddr{IP: net.ParseIP(tt.peer), Port: 1}, headers)
		if got != netip.MustParseAddr(tt.want) {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
	if got := s.clientIP(&net.UnixAddr{Name: "x"}, []request.Header{{Name: name, Value: "1.2.3.4"}}); got.IsValid() {
		t.Errorf("a unix socket has the address %s", got)
	}
}

func TestUnixSockets(t *testing.T) {
	f := serve(t, Config{}, nil)
	path := filepath.Join(t.TempDir(), "s")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	f.check(err)
	stale.SetUnlinkOnClose(false)
	f.check(stale.Close())
	a := f.dial(f.on("unix:"+path, "", nil))
	a.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if resp, body := a.answer("GET"); resp.StatusCode != 200 || body != "ok\n" {
		t.Errorf("%v %q", resp, body)
	}
	file := filepath.Join(t.TempDir(), "file")
	f.check(os.WriteFile(file, []byte("mine"), 0o600))
	if _, err := Listen("unix:" + file); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Error(err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "mine" {
		t.Errorf("the file is gone: %q %v", b, err)
	}
}

// On a provider's own listener the path is the API's, whatever it looks like.
func TestAProvidersOwnListener(t *testing.T) {
	f := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	a := f.dial(f.on("127.0.0.1:0", "ok", nil))
	for _, path := range []string{"/x", "/api/none/x"} {
		a.say("GET " + path + " HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer " + f.token + "\r\n\r\n")
		if resp, body := a.answer("GET"); resp.StatusCode != 200 || body != path {
			t.Errorf("%d %q", resp.StatusCode, body)
		}
	}
}

// pair writes a certificate of that serial number, and its key.
func pair(t *testing.T, dir string, serial int64, at time.Time) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"broker.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := errors.Join(os.WriteFile(file, pem.EncodeToMemory(block), 0o600), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestTLS(t *testing.T) {
	f := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	cert, key := pair(t, t.TempDir(), 1, time.Now())
	config, err := Certificate(cert, key)
	f.check(err)
	at := f.on("127.0.0.1:0", "", config)
	c, err := tls.Dial("tcp", at.String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	f.check(err)
	defer c.Close()
	a := f.dial(at)
	a.Conn, a.br = c, bufio.NewReader(c)
	for range 2 { // in absolute form the scheme must be the one it came over
		a.say("GET https://broker.example/api/ok/x HTTP/1.1\r\nHost: broker.example\r\nAuthorization: Bearer " + f.token + "\r\n\r\n")
		if resp, body := a.answer("GET"); resp.StatusCode != 200 || body != "/x" {
			t.Errorf("%d %q", resp.StatusCode, body)
		}
	}
	if s := c.ConnectionState(); s.NegotiatedProtocol != "http/1.1" || s.Version < tls.VersionTLS12 {
		t.Errorf("%+v", s.NegotiatedProtocol)
	}
}

// A renewal is taken up; half of one, or a broken one, is not.
func TestCertificatesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	start := time.Now().Add(-time.Hour)
	cert, key := pair(t, dir, 1, start)
	c := &certificate{cert: cert, key: key}
	serial := func() int64 {
		t.Helper()
		c.looked = time.Time{} // as if a second had gone by
		p, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(p.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Fatalf("certificate %d", n)
	}
	// The new key has come, the certificate has not yet.
	oldCert, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	pair(t, dir, 2, start.Add(time.Minute))
	newCert, _ := os.ReadFile(cert)
	if err := os.WriteFile(cert, oldCert, 0o600); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 1 {
		t.Errorf("half a renewal gave certificate %d", n)
	}
	if err := os.WriteFile(cert, newCert, 0o600); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 2 {
		t.Errorf("a renewal gave certificate %d", n)
	}
	if err := os.WriteFile(cert, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 2 {
		t.Errorf("garbage gave certificate %d", n)
	}
	if _, err := Certificate(cert, key); err == nil || !strings.Contains(err.Error(), "[tls]") {
		t.Error(err)
	}
	if _, err := Certificate(filepath.Join(dir, "none"), key); err == nil || !strings.Contains(err.Error(), "[tls]") {
		t.Error(err)
	}
}

// Drain lets what runs finish and takes no more; Cut ends the rest.
func TestDrainAndCut(t *testing.T) {
	begun, release := make(chan struct{}, 2), make(chan struct{})
	f := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		begun <- struct{}{}
		if r.URL.Path == "/ends" {
			<-release
			_, _ = io.WriteString(w, "last")
			return
		}
		<-r.Context().Done()
	})
	at := f.on("127.0.0.1:0", "", nil)
	ask := func(path string) *agent {
		a := f.dial(at)
		a.say("GET /api/ok/" + path + " HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer " + f.token + "\r\n\r\n")
		return a
	}
	idle := f.dial(at)
	idle.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	idle.answer("GET")
	ends, stays := ask("ends"), ask("stays")
	<-begun
	<-begun
	ctx, cancel := context.WithCancel(context.Background())
	drained := make(chan struct{})
	go func() { f.Drain(ctx); close(drained) }()
	for { // the listener is closed first
		c, err := net.Dial("tcp", at.String())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	if !idle.ended() {
		t.Error("an idle connection goes on")
	}
	close(release)
	if _, body := ends.answer("GET"); body != "firstlast" {
		t.Errorf("a running request ended with %q", body)
	}
	cancel()
	<-drained
	f.Cut()
	// Its chunks lack their end, so the agent can tell that it was cut.
	if rest, err := io.ReadAll(stays.br); isTimeout(err) || strings.HasSuffix(string(rest), "0\r\n\r\n") {
		t.Errorf("after the cut: %q %v", rest, err)
	}
}
