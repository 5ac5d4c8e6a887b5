package cli

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

// loggedFolder is a folder with a broker.toml and the log of a broker that has
// ended: n lines, sealed.
func loggedFolder(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broker.toml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	l, err := accesslog.Open(accesslog.Config{Dir: filepath.Join(dir, "data", "log"), SegmentBytes: 1, Signer: &accesslog.Signer{
		Key: private.Public().(ed25519.PublicKey), Sign: func(m []byte) []byte { return ed25519.Sign(private, m) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		s, err := l.Reserve()
		if err != nil {
			t.Fatal(err)
		}
		s.Write(&exchange.Exchange{Status: 200})
		if err := l.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func seks(dir string, args ...string) (out, errs string, status int) {
	var o, e bytes.Buffer
	args = append([]string{"--config", filepath.Join(dir, "broker.toml")}, args...)
	status = Run(context.Background(), args, strings.NewReader(""), &o, &e, ops.Build{})
	return o.String(), e.String(), status
}

func TestLogVerify(t *testing.T) {
	dir := loggedFolder(t, 3)
	out, errs, status := seks(dir, "log", "checkpoint")
	if status != Done || errs != "" || strings.Count(out, "\n") != 1 {
		t.Fatal(out, errs, status)
	}
	held, key := filepath.Join(dir, "held.json"), filepath.Join(dir, "data", "log", "log.pub")
	if err := os.WriteFile(held, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, status = seks(dir, "log", "verify", "--checkpoint", held, "--key", key)
	if status != Done || errs != "" || !strings.HasPrefix(out, "3 lines in 3 segments, chain whole up to ") ||
		!strings.Contains(out, "; newest checkpoint at line 3, ") || strings.Contains(out, "note:") {
		t.Errorf("whole: %d\n%s%s", status, out, errs)
	}
	if out, _, status = seks(dir, "log", "verify"); status != Done || !strings.Contains(out, "note: the key is the one beside the log") {
		t.Errorf("without anything held: %d\n%s", status, out)
	}

	if err := os.Remove(filepath.Join(dir, "data", "log", "00000002.jsonl.zst")); err != nil {
		t.Fatal(err)
	}
	out, errs, status = seks(dir, "log", "verify")
	if status != Failed || !strings.Contains(out, "00000003.jsonl.zst: line 2: dropped: ") || !strings.Contains(out, "00000002.jsonl.zst: no segment: ") ||
		!strings.Contains(out, "2 lines in 2 segments, NOT whole; ") || errs != "seks: the access log is not as it was written: 2 findings\n" {
		t.Errorf("a segment gone: %d\n%s%s", status, out, errs)
	}
	var r accesslog.Report
	out, _, status = seks(dir, "log", "verify", "--json")
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != Failed || len(r.Findings) != 2 || r.Findings[1].Kind != accesslog.Dropped || r.Findings[1].First != 2 {
		t.Errorf("as JSON: %d %v\n%s", status, err, out)
	}

	if err := os.RemoveAll(filepath.Join(dir, "data", "log")); err != nil {
		t.Fatal(err)
	}
	if out, errs, status = seks(dir, "log", "verify", "--checkpoint", held); status != Failed {
		t.Errorf("all gone: %d\n%s%s", status, out, errs)
	}
}
