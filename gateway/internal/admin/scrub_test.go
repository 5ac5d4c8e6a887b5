package admin

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// A log that grows is searched as it comes, however long it goes on; over TCP only
// for the bearer of the admin token.
func TestScrubAsItComes(t *testing.T) {
	b, socket, url := served(t)
	const value = "a-secret-0123456789"
	if _, err := b.Credentials.Set(ops.Tenant, "c1", "p", nil, map[string]credential.Field{"k": {Value: secret.New([]byte(value))}}); err != nil {
		t.Fatal(err)
	}
	c, err := Dial(socket)
	if err != nil {
		t.Fatal(err)
	}
	in, feed := io.Pipe()
	out, result := io.Pipe()
	var forms map[string]int
	done := make(chan error, 1)
	go func() {
		var err error
		forms, err = c.Scrub(context.Background(), result, in, ops.ScrubIn{Credential: "c1", Type: "application/x-ndjson"})
		_ = result.Close()
		done <- err
	}()
	lines := bufio.NewScanner(out)
	for range 3 {
		_, _ = io.WriteString(feed, `{"say":"`+value+"\"}\n")
		if !lines.Scan() || lines.Text() != `{"say":"[REDACTED:c1]******"}` {
			t.Fatalf("%q %v", lines.Text(), lines.Err())
		}
	}
	_ = feed.Close()
	if lines.Scan() {
		t.Errorf("more came: %q", lines.Text())
	}
	if err := <-done; err != nil || len(forms) != 1 || forms["raw"] != 3 {
		t.Errorf("%v %v", forms, err)
	}
	if _, err := c.Scrub(context.Background(), io.Discard, strings.NewReader(""), ops.ScrubIn{Credential: "none"}); err == nil || !strings.Contains(err.Error(), "no credential of that name: see `seks credential list`") {
		t.Error(err)
	}
	if status, _, text := do(t, "POST", url+"/admin/v1/stream/scrub?credential=c1", value); status != 401 {
		t.Errorf("%d %s", status, text)
	}
}
