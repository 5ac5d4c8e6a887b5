package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"api_key": "sk-ant-standin"})
}

// Anthropic's SDKs choose the class of an error by its status, and read its
// message, type and details.error_code.
func TestErrorShape(t *testing.T) {
	shape := provider.Manifest.ErrorShape
	body := strings.NewReplacer("{{code}}", "token_expired", "{{message}}", "ask for a new one", "{{request_id}}", "req_1").Replace(shape.Body)
	type e struct {
		Type, Message string
		Details       struct {
			Code string `json:"error_code"`
		}
	}
	type answer struct {
		Type      string
		Error     e
		RequestID string `json:"request_id"`
	}
	var got answer
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := answer{Type: "error", Error: e{Type: "seks_error", Message: "ask for a new one"}, RequestID: "req_1"}
	want.Error.Details.Code = "token_expired"
	if got != want || shape.ContentType != "application/json" {
		t.Errorf("%s: %s", shape.ContentType, body)
	}
}

func TestManifestFitsTheContract(t *testing.T) {
	b := provider.Manifest.Marshal()
	if len(b) > abi.MaxManifest {
		t.Errorf("the manifest has %d bytes", len(b))
	}
	var m seks.Manifest
	if err := m.Unmarshal(b); err != nil || len(m.Operations) != len(operations) {
		t.Errorf("%d operations, %v", len(m.Operations), err)
	}
}

var parameter = regexp.MustCompile(`\{[a-z_]+\}`)

func lineOf(method, path string) string { return method + " " + parameter.ReplaceAllString(path, "{}") }

func TestCatalogue(t *testing.T) {
	name := regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)
	path := regexp.MustCompile(`^/v1(/[a-z_]+|/\{[a-z_]+\})+$`)
	names, lines := map[string]bool{}, map[string]bool{}
	for _, op := range operations {
		line := lineOf(op.Method, op.Path)
		if names[op.Name] || lines[line] {
			t.Errorf("%s or %s stands twice", op.Name, line)
		}
		names[op.Name], lines[line] = true, true
		if !name.MatchString(op.Name) || !path.MatchString(op.Path) {
			t.Errorf("%q, %q", op.Name, op.Path)
		}
		read := op.Class == seks.Read
		switch {
		case op.Name == "environments.work.poll", op.Name == "messages.count_tokens": // not what their methods say
		case read != (op.Method == "GET"):
			t.Errorf("%s %s is of class %d", op.Method, op.Path, op.Class)
		}
	}
}

// What gives somebody access, or has data sent elsewhere from then on, is a
// grant; using the API is not.
func TestClasses(t *testing.T) {
	class := map[string]uint64{}
	for _, op := range operations {
		class[op.Name] = uint64(op.Class)
		if m := regexp.MustCompile(`(invites|service_accounts|members|issuers|rules|webhooks|telemetry_destinations)\.(create|add|update)$`); m.MatchString(op.Name) && op.Class != seks.Grant {
			t.Errorf("%s is no grant", op.Name)
		}
	}
	for name, want := range map[string]uint64{
		"messages.create": 2, "messages.batches.create": 2, "completions.create": 2, "files.upload": 2, "files.delete": 2, "sessions.create": 2,
		"messages.count_tokens": 1, "models.list": 1, "files.download": 1, "messages.batches.results": 1,
		"organization.api_keys.update": 3, "organization.invites.create": 3, "organization.users.update": 3, "oauth.token.create": 3,
		"organization.webhooks.regenerate_signing_secret": 3, "tunnels.reveal_token": 3, "environments.work.poll": 3,
		"organization.workspaces.create": 2, "organization.invites.delete": 2, "organization.workspaces.members.remove": 2,
	} {
		if class[name] != want {
			t.Errorf("%s is of class %d, want %d", name, class[name], want)
		}
	}
}

// Every call that Anthropic's own SDK for Go can make is in the catalogue. Its
// list of them comes with the module, which the end-to-end tests use.
func TestCatalogueIsComplete(t *testing.T) {
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Skip("no go command here: ", err)
	}
	file := filepath.Join(strings.TrimSpace(string(cache)), "github.com/anthropics/anthropic-sdk-go@v1.84.0/api.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Skip("anthropic-sdk-go v1.84.0 is not in the module cache: the tests in e2e bring it there")
	}
	have := map[string]bool{}
	for _, op := range operations {
		have[lineOf(op.Method, op.Path)] = true
	}
	calls := regexp.MustCompile(`<code title="([a-z]+) (/v1/[^"?]*)`).FindAllStringSubmatch(string(text), -1)
	if len(calls) < 200 {
		t.Fatalf("%d calls were read out of %s", len(calls), file)
	}
	for _, c := range calls {
		if line := lineOf(strings.ToUpper(c[1]), c[2]); !have[line] {
			t.Errorf("%s is not in the catalogue", line)
		}
	}
}

func TestBirths(t *testing.T) { sdktest.Births(t, &provider.Manifest, births) }
