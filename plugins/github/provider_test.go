package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"token": "ghp_standin"})
}

func TestManifest(t *testing.T) { sdktest.Manifest(t, &provider.Manifest) }

func TestErrorShape(t *testing.T) {
	var got struct {
		Message, Status string
		URL             string `json:"documentation_url"`
		Errors          []map[string]string
	}
	sdktest.Error(t, &provider.Manifest, "policy_denied", &got)
	if got.Message != `a "reason"` || got.Status != "403" || got.URL == "" || len(got.Errors) != 1 || got.Errors[0]["code"] != "policy_denied" {
		t.Errorf("%+v", got)
	}
}

// Where GitHub takes a request, whichever way a client puts it.
func TestPaths(t *testing.T) {
	for _, c := range []struct{ method, path, base, upstream, want string }{
		{"GET", "/repos/o/r", "", "", ""},
		{"GET", "/", "", "", ""},
		{"GET", "/repos/o/r/contents/", "", "", "/repos/o/r/contents"},
		{"POST", "/repos/o/r/keys/", "", "", "/repos/o/r/keys"},
		{"GET", "/api/v3/repos/o/r", "", "", "/repos/o/r"},
		{"GET", "/api/v3", "", "", "/"},
		{"GET", "/api/v3x", "", "", ""},
		{"POST", "/api/graphql", "", "", "/graphql"},
		{"POST", "/graphql", "", "", ""},
		{"POST", "/repos/o/r/releases/1/assets", "", "uploads", ""},
		{"GET", "/repos/o/r/releases/1/assets", "", "", ""},
		{"POST", "/repositories/7/releases/1/assets", "", "uploads", ""},
		{"POST", "/repos/o/r/releases/1/assets/", "", "uploads", "/repos/o/r/releases/1/assets"},
		{"POST", "/api/uploads/repos/o/r/releases/1/assets", "", "uploads", "/repos/o/r/releases/1/assets"},
		{"POST", "/api/v3/repos/o/r/releases/1/assets", "", "uploads", "/repos/o/r/releases/1/assets"},
		// An Enterprise Server as the upstream.
		{"GET", "/repos/o/r", "/api/v3", "", ""},
		{"GET", "/api/v3/repos/o/r", "/api/v3", "", "/api/v3/repos/o/r"},
		{"POST", "/api/graphql", "/api/v3", "", "/api/graphql"},
		{"POST", "/graphql", "/api/v3", "", "/api/graphql"},
		{"POST", "/api/uploads/repos/o/r/releases/1/assets", "/api/v3", "uploads", "/api/uploads/repos/o/r/releases/1/assets"},
		{"POST", "/repos/o/r/releases/1/assets", "/api/v3", "uploads", ""},
	} {
		p := plan(&seks.View{Method: c.method, Path: c.path, UpstreamBase: c.base})
		p.Acts = nil // TestGraphQL has those
		want := seks.Bearer("token").Inspect().To(c.upstream)
		if c.want != "" {
			want.SetPath(c.want)
		}
		if got, want := p.Text(), want.Text(); got != want {
			t.Errorf("%s %s (base %q):\n%s\nwant\n%s", c.method, c.path, c.base, got, want)
		}
	}
}

// What gives somebody a key, a role or a place in what is private is a grant, by
// each of its names; using the API, or taking something away, is not.
func TestClasses(t *testing.T) {
	class := map[string]uint64{}
	for _, op := range provider.Manifest.Operations {
		class[op.Method+" "+op.Path] = uint64(op.Class)
		if op.Method == "GET" && op.Class != seks.Read || op.Method == "DELETE" && op.Class != seks.Write {
			t.Errorf("%s %s is of class %d", op.Method, op.Path, op.Class)
		}
	}
	for line, want := range map[string]uint64{
		"GET /repos/{owner}/{repo}": 1, "GET /repositories/{id}/issues": 1, "GET /organizations/{org}/repos": 1, "GET /user/{account_id}/repos": 1, "POST /markdown": 1,
		"POST /repos/{owner}/{repo}/issues": 2, "PUT /repos/{owner}/{repo}/contents/{path...}": 2, "POST /repos/{owner}/{repo}/releases/{release_id}/assets": 2,
		"POST /repos/{owner}/{repo}/keys": 3, "POST /repositories/{id}/keys": 3, "POST /repos/{owner}/{repo}/hooks": 3, "PATCH /repositories/{id}/hooks/{hook_id}": 3,
		"PUT /repos/{owner}/{repo}/collaborators/{username}": 3, "POST /app/installations/{installation_id}/access_tokens": 3, "POST /user/keys": 3,
		"POST /repos/{owner}/{repo}/actions/runners/registration-token": 3, "POST /orgs/{org}/actions/runners/generate-jitconfig": 3, "POST /orgs/{org}/invitations": 3,
		"PUT /organizations/{org}/team/{team_id}/repos/{owner}/{repo}": 3, "PUT /orgs/{org}/memberships/{username}": 3, "POST /app-manifests/{code}/conversions": 3,
		"DELETE /repos/{owner}/{repo}/keys/{key_id}": 2, "DELETE /repositories/{id}/hooks/{hook_id}": 2,
	} {
		if class[line] != want {
			t.Errorf("%s is of class %d, want %d", line, class[line], want)
		}
	}
}

// Every call that octokit knows by name is in the catalogue. Its list comes with
// the clients of the end-to-end tests.
func TestCatalogueIsComplete(t *testing.T) {
	const file = "../../e2e/node/node_modules/@octokit/plugin-rest-endpoint-methods/dist-src/generated/endpoints.js"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Skip("octokit is not there: the tests in e2e bring it")
	}
	have := map[string]bool{}
	for _, op := range provider.Manifest.Operations {
		have[sdktest.Line(op.Method, op.Path)] = true
	}
	calls := regexp.MustCompile(`"(GET|POST|PUT|PATCH|DELETE) (/(?:[^"{]|\{[^?])*)`).FindAllStringSubmatch(string(text), -1)
	if len(calls) < 900 {
		t.Fatalf("%d calls were read out of %s", len(calls), file)
	}
	for _, c := range calls {
		path := strings.Replace(c[2], "{base}...{head}", "{basehead}", 1)
		if line := sdktest.Line(c[1], path); !have[line] {
			t.Errorf("%s is not in the catalogue", line)
		}
	}
}

// Links to the API become the broker's; a name that only begins like it does not.
func TestLinks(t *testing.T) {
	s := scrub(&seks.AnswerHead{Origin: "https://api.github.com", Public: "http://127.0.0.1:8080/api/github"})
	if len(s.Rewrites) != 2 || s.Rewrites[0] != (seks.Rewrite{Header: "link", From: "https://api.github.com/", To: "http://127.0.0.1:8080/api/github/"}) {
		t.Errorf("%+v", s)
	}
}

func TestBirths(t *testing.T) { sdktest.Births(t, &provider.Manifest, births) }
