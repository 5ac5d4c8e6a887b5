package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"api_token": "cfut_standin", "api_key": "cfk_standin", "email": "owner@example.com"})
}

func TestManifest(t *testing.T) { sdktest.Manifest(t, &provider.Manifest) }

func TestErrorShape(t *testing.T) {
	type note struct {
		Code    int
		Message string
	}
	var got struct {
		Success          bool
		Errors, Messages []note
		Result           any
	}
	sdktest.Error(t, &provider.Manifest, "policy_denied", &got)
	if got.Success || got.Result != nil || len(got.Errors) != 1 || got.Errors[0] != (note{403, `a "reason"`}) || len(got.Messages) != 1 || got.Messages[0].Message != "policy_denied" {
		t.Errorf("%+v", got)
	}
}

// What mints a token, lets somebody in or has data sent elsewhere is a grant,
// and so is what tells a tunnel's token; taking it away is not.
func TestClasses(t *testing.T) {
	class := map[string]uint64{}
	for _, op := range provider.Manifest.Operations {
		class[op.Method+" "+strings.TrimPrefix(op.Path, version)] = uint64(op.Class)
		if op.Method == "DELETE" && op.Class != seks.Write {
			t.Errorf("%s %s is of class %d", op.Method, op.Path, op.Class)
		}
	}
	for line, want := range map[string]uint64{
		"GET /zones": 1, "GET /user/tokens/verify": 1, "POST /zones": 2, "GET /accounts/{account}/storage/kv/namespaces/{id}/values/{key...}": 1,
		"POST /accounts/{account}/d1/database/{id}/query": 2, "PUT /accounts/{account}/workers/scripts/{id}": 2, "POST /accounts/{account}/ai/run/{model...}": 2,
		"POST /user/tokens": 3, "PUT /user/tokens/{id}/value": 3, "POST /accounts/{account}/tokens": 3, "POST /accounts/{account}/members": 3,
		"POST /accounts/{account}/r2/temp-access-credentials": 3, "GET /accounts/{account}/cfd_tunnel/{id}/token": 3, "POST /accounts/{account}/logpush/jobs": 3,
		"POST /zones/{zone}/email/routing/rules": 3, "POST /accounts/{account}/access/service_tokens": 3, "POST /certificates": 3, "DELETE /user/tokens/{id}": 2,
	} {
		if class[line] != want {
			t.Errorf("%s is of class %d, want %d", line, class[line], want)
		}
	}
}

// Every call that Cloudflare's own SDK for Go can make is in the catalogue. Its
// lists of them come with the module, which the end-to-end tests use.
func TestCatalogueIsComplete(t *testing.T) {
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Skip("no go command here: ", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(cache)), "github.com/cloudflare/cloudflare-go/v6@v6.10.0/*/api.md"))
	if err != nil || len(files) == 0 {
		t.Skip("cloudflare-go v6.10.0 is not in the module cache: the tests in e2e bring it there")
	}
	have := map[string]bool{}
	for _, op := range provider.Manifest.Operations {
		have[sdktest.Line(op.Method, op.Path)] = true
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range regexp.MustCompile(`<code title="([a-z]+) (/[^"?]*)`).FindAllStringSubmatch(string(text), -1) {
			found++
			// {event_t}.{event_n} and {scan_id}.png are one segment.
			path := regexp.MustCompile(`(\{[^}]*\})\.[^/]*`).ReplaceAllString(c[2], "$1")
			for _, scope := range []string{"accounts", "zones"} {
				path := strings.Replace(path, "{accounts_or_zones}", scope, 1)
				if line := sdktest.Line(strings.ToUpper(c[1]), version+path); !have[line] {
					t.Errorf("%s is not in the catalogue", line)
				}
			}
		}
	}
	if found < 2000 {
		t.Fatalf("%d calls were read out of %d files", found, len(files))
	}
}

func TestBirths(t *testing.T) { sdktest.Births(t, &provider.Manifest, births) }
