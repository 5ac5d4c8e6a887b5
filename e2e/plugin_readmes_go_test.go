package e2e

import (
	"context"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicopt "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/cloudflare/cloudflare-go/v6"
	cloudflareopt "github.com/cloudflare/cloudflare-go/v6/option"
	"github.com/cloudflare/cloudflare-go/v6/zones"
	"github.com/google/go-github/v74/github"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"google.golang.org/genai"
)

// readmeGo are the lines for Go of the plugins' pages, as they stand there but for
// B and the token, by the client's name there. inSource holds the two together.
var readmeGo = map[string]func(ctx context.Context, B, token string) error{
	"openai-go": func(ctx context.Context, B, token string) error {
		client := openai.NewClient(option.WithBaseURL(B+"/api/openai/v1/"), option.WithAPIKey(token))
		_, err := client.Models.List(ctx)
		return err
	},
	"anthropic-sdk-go": func(ctx context.Context, B, token string) error {
		client := anthropic.NewClient(anthropicopt.WithBaseURL(B+"/api/anthropic"), anthropicopt.WithAPIKey(token))
		_, err := client.Models.List(ctx, anthropic.ModelListParams{})
		return err
	},
	"google.golang.org/genai": func(ctx context.Context, B, token string) error {
		client, err := genai.NewClient(ctx, &genai.ClientConfig{APIKey: token, HTTPOptions: genai.HTTPOptions{BaseURL: B + "/api/gemini"}})
		if err != nil {
			return err
		}
		_, err = client.Models.List(ctx, nil)
		return err
	},
	"cloudflare-go v2 and later": func(ctx context.Context, B, token string) error {
		client := cloudflare.NewClient(cloudflareopt.WithAPIToken(token), cloudflareopt.WithBaseURL(B+"/api/cloudflare/client/v4/"))
		_, err := client.Zones.List(ctx, zones.ZoneListParams{})
		return err
	},
	"google/go-github": func(ctx context.Context, B, token string) error {
		client := github.NewClient(nil).WithAuthToken(token)
		client.BaseURL, _ = url.Parse(B + "/api/github/")
		client.UploadURL = client.BaseURL
		if _, _, err := client.Repositories.Get(ctx, "octo", "hello"); err != nil {
			return err
		}
		client, err := client.WithEnterpriseURLs(B+"/api/github", B+"/api/github")
		if err != nil {
			return err
		}
		_, _, err = client.Repositories.Get(ctx, "octo", "hello")
		return err
	},
}

// inSource wants what is code in the row to stand in this file, where it is
// compiled, and run.
func (r pageRow) inSource(t *testing.T) {
	t.Helper()
	source, err := os.ReadFile("plugin_readmes_go_test.go")
	if err != nil {
		t.Fatal(err)
	}
	// gofmt sets no space around a + within a call's arguments; elsewhere it does.
	plain := func(code string) string {
		return regexp.MustCompile(`\s|\w+opt\.|option\.`).ReplaceAllString(code, "")
	}
	for _, code := range r.code {
		code = regexp.MustCompile(`"seks_\w+_…"`).ReplaceAllString(code, "token")
		code = regexp.MustCompile(`"B/`).ReplaceAllString(code, `B+"/`)
		if strings.HasPrefix(code, "B/") {
			code = `B+"` + strings.TrimPrefix(code, "B") + `"`
		}
		if !strings.Contains(plain(string(source)), plain(code)) {
			t.Errorf("%s: the page's line is not the one that is tested: %s", r.client, code)
		}
	}
}
