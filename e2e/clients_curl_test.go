package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// curl is the client of shell scripts: it shows what an API's users type who use
// no SDK, and each place that a key may have.
type curl struct {
	*testing.T
	w *world
}

func (w *world) runCurl(t *testing.T, passed *tally, name string) {
	file := filepath.Join(t.TempDir(), "a.bin")
	data := content()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	openai, github, gemini := w.providers["openai"], w.providers["github"], w.providers["gemini"]
	chat := func(token, model string, more ...string) []string {
		return []string{w.base("openai") + "/v1/chat/completions", "-N", "-H", "Authorization: Bearer " + token, "--json", `{"model":"` + model + `","messages":[]` + strings.Join(more, "") + `}`}
	}
	wants := wants{kinds: map[int]string{0: "curl"}, upstream: 429}
	step := func(step string, has []string, args ...string) {
		t.Run(step, func(t *testing.T) {
			body, err := curl{t, w}.do(args...)
			o := outcome{Step: step}
			if err != nil {
				o.Kind, o.Message, o.Status = "curl", body, err.(*curlError).status
			}
			for _, part := range has {
				if !strings.Contains(body, part) {
					t.Errorf("%s: %s, without %q", step, body, part)
				}
			}
			if wants.check(t, o); !t.Failed() {
				passed.pass(name, step)
			}
		})
	}
	step(stepCall, []string{`"finish_reason":"stop"`}, chat(openai.token, "double")...)
	step(stepStream, []string{"data: [DONE]"}, chat(openai.token, "double", `,"stream":true`)...)
	step(stepPages, []string{`"has_more":true`}, w.base("openai")+"/v1/files?limit=20", "-H", "Authorization: Bearer "+openai.token)
	step(stepUpload, []string{digest}, w.base("openai")+"/files", "-H", "Authorization: Bearer "+openai.token, "-F", "purpose=user_data", "-F", "file=@"+file)
	step(stepDownload, []string{`token "SIGNED"; authorization ""`}, "-L", w.base("github")+"/repos/octo/hello/zipball/main", "-H", "Authorization: token "+github.token)
	step("Basic", []string{`"full_name":"octo/hello"`}, "-u", "octo:"+github.token, w.base("github")+"/repos/octo/hello")
	step("Brave", []string{"About seks"}, "--compressed", w.base("brave")+"/res/v1/news/search?q=seks", "-H", "X-Subscription-Token: "+w.providers["brave"].token)
	step("?key=", []string{"models/double-0"}, w.base("gemini")+"/v1beta/models?key="+gemini.token)
	generate := w.base("gemini") + "/v1/models/double-1:streamGenerateContent?"
	step("?key=, events", []string{"data: {", `"text":"double "`}, "-N", generate+"alt=sse&key="+gemini.token, "--json", "{}")
	step("?key=, array", []string{"[{", `"text":"double "`, "}]"}, "-N", generate+"key="+gemini.token, "--json", "{}")
	t.Run("resumable upload", func(t *testing.T) {
		if curl := (curl{t, w}); curl.resumable(gemini.token, file, digest) && !t.Failed() {
			passed.pass(name, "resumable upload")
		}
	})
	step("unix socket", []string{`"full_name":"octo/hello"`}, "--unix-socket", w.socket, "http://api.github.com/repos/octo/hello", "-H", "Authorization: Bearer "+github.token)
	step(stepUpstream, nil, chat(openai.token, "error-429")...)
	step(stepBadToken, nil, chat(openai.token[:len(openai.token)-1]+"_", "double")...)
	step(stepReads, []string{`"object":"list"`}, w.base("openai")+"/v1/files", "-H", "Authorization: Bearer "+openai.readOnly)
	step(stepWrites, nil, chat(openai.readOnly, "double")...)
	key := []string{w.base("openai") + "/v1/organization/admin_api_keys", "--json", `{"name":"a"}`, "-H"}
	step(stepGrant, nil, append(key, "Authorization: Bearer "+openai.token)...)
	step(stepGrantGood, []string{`"value":"` + strings.Repeat("*", 50)}, append(key, "Authorization: Bearer "+openai.granting)...)
}

type curlError struct{ status int }

func (e *curlError) Error() string { return fmt.Sprint("status ", e.status) }

// do runs curl, and gives what it prints. Its error is that of an HTTP status.
func (c curl) do(args ...string) (string, error) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "curl", append([]string{"-sS", "--fail-with-body", "--noproxy", "*"}, args...)...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 22: // "The requested URL returned error: 429"
		m := regexp.MustCompile(`\d+$`).FindString(strings.TrimSpace(string(exit.Stderr)))
		status, _ := strconv.Atoi(m)
		return string(out), &curlError{status}
	case err != nil:
		c.Fatalf("curl %q: %v: %s", args, err, exit.Stderr)
	}
	return string(out), nil
}

// resumable sends a file to where an answer's header says, as Google's documents
// have it: https://ai.google.dev/gemini-api/docs/files
func (c curl) resumable(token, file, digest string) bool {
	head, err := c.do(c.w.base("gemini")+"/upload/v1beta/files?key="+token, "-D", "-", "-o", "/dev/null", "-H", "X-Goog-Upload-Protocol: resumable",
		"-H", "X-Goog-Upload-Command: start", "--json", `{"file":{"display_name":"a"}}`)
	to := regexp.MustCompile(`(?im)^x-goog-upload-url: (.*?)\r?$`).FindStringSubmatch(head)
	if err != nil || to == nil || !strings.HasPrefix(to[1], c.w.base("gemini")+"/upload/") {
		c.Errorf("%v; the answer says %s", err, head)
		return false
	}
	body, err := c.do(to[1]+"&key="+token, "-H", "X-Goog-Upload-Offset: 0", "-H", "X-Goog-Upload-Command: upload, finalize", "--data-binary", "@"+file)
	var answer struct{ File struct{ Sha256Hash string } }
	if err := errors.Join(err, json.Unmarshal([]byte(body), &answer)); err != nil || answer.File.Sha256Hash != digest {
		c.Errorf("%v; the answer is %s", err, body)
	}
	return true
}
