package peers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seksbot/seks-broker/bench/fastupstream"
)

// brokerConfig is a broker.toml with everything at its default but what a run
// on its own needs: ports of the system's choice, and where things are.
func brokerConfig(plugins, upstream string) string {
	return fmt.Sprintf(`listen = "127.0.0.1:0"
plugins_dir = %[1]q
[admin]
listen = ""
[providers.openai]
upstream = "http://%[2]s"
[providers.s3]
upstream = "http://%[2]s"
`, plugins, upstream)
}

// broker sets the real binary up in dir, with a credential and a token for each of
// two APIs, and runs it.
func (s *setup) broker(dir, build string) (*Target, error) {
	build, err := filepath.Abs(build)
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(build, "seks")
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("%w: run `make build` first", err)
	}
	file := filepath.Join(dir, "broker.toml")
	if err := os.WriteFile(file, []byte(brokerConfig(filepath.Join(build, "plugins"), s.upstream)), 0o600); err != nil {
		return nil, err
	}
	command := func(stdin string, args ...string) (string, error) {
		c := exec.Command(binary, append([]string{"--config", file}, args...)...)
		c.Stdin = strings.NewReader(stdin)
		var errs strings.Builder
		c.Stderr = &errs
		out, err := c.Output()
		if err != nil {
			err = fmt.Errorf("seks %s: %w: %s", strings.Join(args, " "), err, errs.String())
		}
		return strings.TrimSpace(string(out)), err
	}
	if _, err := command("", "init"); err != nil {
		return nil, err
	}
	if _, err := command(s.key+"\n", "credential", "set", "bench", "--provider", "openai"); err != nil {
		return nil, err
	}
	token, err := command("", "token", "issue", "--agent", "bench", "--credential", "bench", "--expires", "24h")
	if err != nil {
		return nil, err
	}
	if _, err := command("access_key_id="+fastupstream.KeyID+"\nsecret_access_key="+s.key+"\n", "credential", "set", "bench-s3", "--provider", "s3"); err != nil {
		return nil, err
	}
	text, err := command("", "token", "issue", "--json", "--agent", "bench", "--credential", "bench-s3", "--expires", "24h")
	if err != nil {
		return nil, err
	}
	var pair struct {
		ID     string `json:"access_key_id"`
		Secret string `json:"secret_access_key"`
	}
	if err := json.Unmarshal([]byte(text), &pair); err != nil {
		return nil, fmt.Errorf("seks token issue: %w", err)
	}
	t := &Target{Name: Subject, Prefix: "/api/openai", Bearer: token, S3: Pair{pair.ID, pair.Secret, "/api/s3"}}
	t.Child, err = start(s.cores.Gateway, exec.Command(binary, "--config", file, "serve"), func(line string) bool {
		if at, ok := strings.CutPrefix(line, "seks: listening on http://"); ok {
			t.Address = at
		}
		return strings.HasPrefix(line, "seks: ready")
	})
	return t, err
}
