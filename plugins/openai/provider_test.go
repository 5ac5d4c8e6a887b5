package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"api_key": "sk-standin"})
}

// OpenAI's SDKs read an error's message, type, param and code, all four.
func TestErrorShape(t *testing.T) {
	shape := provider.Manifest.ErrorShape
	body := strings.NewReplacer("{{code}}", "token_expired", "{{message}}", "ask for a new one").Replace(shape.Body)
	var answer struct {
		Error map[string]any `json:"error"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"message": "ask for a new one", "type": "seks_error", "param": nil, "code": "token_expired"}
	for name, value := range want {
		if got, ok := answer.Error[name]; !ok || got != value {
			t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
	if len(answer.Error) != len(want) || shape.ContentType != "application/json" {
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

func TestCatalogue(t *testing.T) {
	name := regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)
	path := regexp.MustCompile(`^/v1(/[a-z_]+|/\{[a-z_]+\})+$`)
	names, lines := map[string]bool{}, map[string]bool{}
	for _, op := range operations {
		line := op.Method + " " + regexp.MustCompile(`\{[a-z_]+\}`).ReplaceAllString(op.Path, "{}")
		if names[op.Name] || lines[line] {
			t.Errorf("%s or %s stands twice", op.Name, line)
		}
		names[op.Name], lines[line] = true, true
		if !name.MatchString(op.Name) || !path.MatchString(op.Path) {
			t.Errorf("%q, %q", op.Name, op.Path)
		}
		if op.Method == "GET" && op.Class != seks.Read || op.Method == "DELETE" && op.Class == seks.Read {
			t.Errorf("%s %s is of class %d", op.Method, op.Path, op.Class)
		}
	}
}

// What makes a key, a client secret, an invitation or a role is a grant; using
// the API is not.
func TestClasses(t *testing.T) {
	class := map[string]uint64{}
	for _, op := range operations {
		class[op.Name] = uint64(op.Class)
		last := op.Name[strings.LastIndex(op.Name, ".")+1:]
		for _, makes := range []string{"api_keys", "service_accounts", "invites", "client_secrets", "roles", "certificates"} {
			if strings.Contains(op.Name, makes+"."+last) && last == "create" && op.Class != seks.Grant {
				t.Errorf("%s is no grant", op.Name)
			}
		}
	}
	for name, want := range map[string]uint64{
		"chat.completions.create": 2, "responses.create": 2, "embeddings.create": 2, "files.create": 2, "files.delete": 2,
		"models.list": 1, "files.content": 1, "vector_stores.search": 1,
		"organization.admin_api_keys.create": 3, "organization.projects.service_accounts.create": 3, "organization.invites.create": 3,
		"realtime.client_secrets.create": 3, "chatkit.sessions.create": 3, "organization.admin_api_keys.delete": 2,
	} {
		if class[name] != want {
			t.Errorf("%s is of class %d, want %d", name, class[name], want)
		}
	}
}

// Every operation of OpenAI's own description is in the catalogue, and nothing
// else. The file is not part of the project.
func TestCatalogueIsComplete(t *testing.T) {
	const file = "../../../shared/openapi/openai.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Skip("OpenAI's OpenAPI file is not beside the project, at shared/openapi/openai.yaml")
	}
	described, path := map[string]bool{}, ""
	pathRE, methodRE := regexp.MustCompile(`^  (/[^:?]*)(\?[^:]*)?:\s*$`), regexp.MustCompile(`^    (get|post|delete|put|patch):\s*$`)
	_, paths, _ := strings.Cut(string(text), "\npaths:\n")
	paths, _, _ = strings.Cut(paths, "\ncomponents:\n")
	for _, line := range strings.Split(paths, "\n") {
		if m := pathRE.FindStringSubmatch(line); m != nil {
			path = m[1]
		} else if m := methodRE.FindStringSubmatch(line); m != nil {
			described[strings.ToUpper(m[1])+" /v1"+path] = true
		}
	}
	if len(described) < 200 {
		t.Fatalf("%d operations were read out of %s", len(described), file)
	}
	for _, op := range operations {
		if line := op.Method + " " + op.Path; !described[line] {
			t.Errorf("%s is in the catalogue only", line)
		} else {
			delete(described, line)
		}
	}
	for line := range described {
		t.Errorf("%s is not in the catalogue", line)
	}
}

func TestBirths(t *testing.T) { sdktest.Births(t, &provider.Manifest, births) }
