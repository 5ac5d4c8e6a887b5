package e2e

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/e2e/harness"
)

// What `make demo` runs prints its four views, and the real key is in one.
func TestDemo(t *testing.T) {
	c := exec.CommandContext(t.Context(), "go", "run", "./demo", build+"/seks")
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.Bytes(), errs.Bytes())
	}
	text := out.String()
	parts := strings.Split(text, "\n== ")
	if len(parts) != 6 || strings.Count(text, "\n") > 60 || strings.Contains(text, "\x1b") || errs.Len() > 0 {
		t.Fatalf("%d parts:\n%s%s", len(parts), text, errs.Bytes())
	}
	views := parts[1:5]
	for i, want := range [][]string{
		{"What the agent sent", "GET /api/openai/v1/", "Bearer seks_openai_", "OpenAI/Go"},
		{"What the API saw", "GET /v1/", "authorization: Bearer sk-"},
		{"What the agent got", "HTTP/1.1 200 OK", "[REDACTED:openai-prod]", "Hello |from |the |upstream |double."},
		{"access log", `"agent":"demo-agent"`, `"credential":"openai-prod"`, `"scrubbed":1`},
	} {
		for _, w := range want {
			if !strings.Contains(views[i], w) {
				t.Errorf("view %d lacks %q:\n%s", i+1, w, views[i])
			}
		}
	}
	key := regexp.MustCompile(`sk-proj-[A-Z0-9]{40,}`).FindString(views[1])
	if key == "" {
		t.Fatalf("no key in what the API saw:\n%s", views[1])
	}
	for i, part := range parts {
		if found := harness.Find([]byte(part), key); (found != "") != (i == 2) {
			t.Errorf("part %d: the key is there: %q", i, found)
		}
	}
	if !strings.Contains(parts[5], "the real key is in view 2 and in no other") {
		t.Errorf("it ends with %s", parts[5])
	}
}
