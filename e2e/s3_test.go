package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/e2e/harness"
)

// versitygw builds the S3 server that the broker's S3 is tested against: it
// verifies every signature, chunk and checksum. It is built once.
var versitygw = sync.OnceValues(func() (string, error) {
	path, err := filepath.Abs("../build/counterparts/versitygw")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-C", "counterparts", "-o", path, "github.com/versity/versitygw/cmd/versitygw").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build versitygw: %w\n%s", err, out)
	}
	return path, nil
})

// The real pair, which only the broker and the server know.
const (
	rootID     = "AKIAREALROOTKEY00001"
	rootSecret = "a-real-secret-that-no-agent-has-0123456789"
)

// s3World is an S3 server, and a broker before it.
type s3World struct {
	*harness.Broker
	t      *testing.T
	server string // host and port of the S3 server
	cert   string // the broker's certificate; "" for http
	own    string // host and port of the provider's own listener
	agent  pair
}

// pair is what an agent signs with.
type pair struct {
	TokenID string `json:"id"`
	ID      string `json:"access_key_id"`
	Secret  string `json:"secret_access_key"`
}

func newS3(t *testing.T, tls bool, region string) *s3World {
	t.Helper()
	w := &s3World{t: t, server: startVersity(t, region), own: freeAddress(t)}
	o := harness.Options{Dir: t.TempDir(), Providers: fmt.Sprintf(
		"[providers.s3]\nupstream = \"http://%s\"\nlisten = %q\nhosts = [\"s3.localhost\"]\n[providers.s3.parameters]\nregion = %q\n", w.server, w.own, region)}
	if tls {
		w.cert = filepath.Join(o.Dir, "cert.pem")
		writeCertificate(t, w.cert, filepath.Join(o.Dir, "key.pem"), 1)
		o.Extra = "[tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n"
	}
	w.Broker = newBroker(t, o)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seks serve printed:\n%s", w.Stderr())
		}
		_ = w.Kill()
	})
	if err := w.Must("access_key_id="+rootID+"\nsecret_access_key="+rootSecret+"\n", "credential", "set", "s3-key", "--provider", "s3"); err != nil {
		t.Fatal(err)
	}
	w.agent = w.issue()
	return w
}

// startVersity runs the server until the test ends.
func startVersity(t *testing.T, region string) string {
	t.Helper()
	path, err := versitygw()
	if err != nil {
		t.Fatal(err)
	}
	dir, at := t.TempDir(), freeAddress(t)
	for _, d := range []string{"data", "meta", "iam"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(path, "--port", at, "--region", region, "--iam-dir", dir+"/iam", "posix", "--sidecar", dir+"/meta", dir+"/data")
	c.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+rootID, "ROOT_SECRET_KEY="+rootSecret)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", at); err == nil {
			_ = conn.Close()
			return at
		}
	}
	t.Fatal("the S3 server did not start")
	return ""
}

// freeAddress is one that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// issue makes a pair, with more flags as given.
func (w *s3World) issue(flags ...string) (p pair) {
	w.t.Helper()
	r, err := w.Run("", append([]string{"token", "issue", "--json", "--agent", "agent-s3", "--credential", "s3-key"}, flags...)...)
	if err != nil || r.Status != 0 || json.Unmarshal([]byte(r.Out), &p) != nil || p.Secret == "" {
		w.t.Fatalf("token issue: %v %+v", err, r)
	}
	return p
}

// base is where clients find S3 below the broker's own address, with the name
// that the certificate has.
func (w *s3World) base() string {
	return strings.Replace(w.URL, "https://127.0.0.1", "https://localhost", 1) + "/api/s3"
}

// http is a client that trusts the broker.
func (w *s3World) http() *http.Client { return trusting(w.t, w.cert) }

// clean checks that no real secret is in the log, or in what the broker printed.
func (w *s3World) clean(t *testing.T) {
	t.Helper()
	log, err := w.Run("", "log", "--json")
	if err != nil || log.Status != 0 {
		t.Fatal(err, log.Err)
	}
	for _, secret := range []string{rootSecret, w.agent.Secret} {
		if form := harness.Find([]byte(log.Out+w.Stderr()), secret); form != "" {
			t.Errorf("a secret is in the log, or in what the broker printed (%s)", form)
		}
	}
}
