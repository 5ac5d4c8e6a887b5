package peers

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestNginxConfigDoesWhatTheBrokerDoes(t *testing.T) {
	const key = "sk-bench-Z9x"
	got := nginxConfig("/tmp/d", "127.0.0.1:1", "127.0.0.1:2", key)
	for _, want := range []string{
		`proxy_set_header Authorization "Bearer sk-bench-Z9x";`,
		`sub_filter "sk-bench-Z9x" `,
		`sub_filter "` + base64.StdEncoding.EncodeToString([]byte(key)) + `" `,
		`sub_filter "` + hex.EncodeToString([]byte(key)) + `" `,
		"sub_filter_once off;",
		"access_log /tmp/d/access.log full",
		"listen 127.0.0.1:1;",
		"server 127.0.0.1:2;",
		"daemon off;",
		"master_process off;",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if n := strings.Count(got, `sub_filter "`); n != 3 {
		t.Errorf("%d filters, want 3", n)
	}
	if strings.Count(got, "{") != strings.Count(got, "}") {
		t.Error("its braces don't match")
	}
}

// Where nginx is installed, it takes the configuration.
func TestNginxTakesIt(t *testing.T) {
	path, err := FindNginx()
	if errors.Is(err, ErrAbsent) {
		t.Skip("nginx is not installed")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(nginxConfig(dir, "127.0.0.1:1", "127.0.0.1:2", "sk-bench-Z9x")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, "-t", "-p", dir, "-c", file, "-e", "stderr").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestBrokerConfigQuotes(t *testing.T) {
	got := brokerConfig(`/a "b"`, "127.0.0.1:2")
	for _, want := range []string{`plugins_dir = "/a \"b\""`, `upstream = "http://127.0.0.1:2"`, `listen = "127.0.0.1:0"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
