package e2e

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Amazon's and MinIO's clients from npm, over http and over TLS.
func TestS3ClientsFromNPM(t *testing.T) {
	node := installNodeIn(t, "node-s3")
	for _, secure := range []bool{false, true} {
		w := newS3(t, secure, "us-east-1")
		for _, client := range []string{"sdk", "minio"} {
			name := client + map[bool]string{false: " over http", true: " over TLS"}[secure]
			t.Run(name, func(t *testing.T) {
				host, port, err := net.SplitHostPort(w.own)
				if err != nil {
					t.Fatal(err)
				}
				if secure {
					host = "localhost" // as the certificate has it
				}
				c := exec.Command(node, "node-s3/run.mjs")
				c.Env = append(os.Environ(), "CLIENT="+client, "BASE="+w.base(), "HOST="+host, "PORT="+port, "SECURE="+map[bool]string{true: "true"}[secure],
					"ID="+w.agent.ID, "SECRET="+w.agent.Secret, "BUCKET=bucket-"+client, "LARGE="+map[bool]string{false: strconv.Itoa(manyParts), true: "12000000"}[secure], "NODE_EXTRA_CA_CERTS="+w.cert)
				var errs bytes.Buffer
				c.Stderr = &errs
				out, err := c.Output()
				if err != nil {
					t.Fatalf("%v\n%s%s", err, out, errs.String())
				}
				steps := 0
				for line := range strings.Lines(string(out)) {
					var step struct{ Step, Failed string }
					if err := json.Unmarshal([]byte(line), &step); err != nil {
						t.Fatalf("%v: %s", err, line)
					}
					if steps++; step.Failed != "" {
						t.Errorf("%s: %s", step.Step, step.Failed)
					}
				}
				if want := map[string]int{"sdk": 13, "minio": 10}[client]; steps != want {
					t.Errorf("%d steps, want %d\n%s", steps, want, errs.String())
				}
			})
		}
		w.clean(t)
	}
}
