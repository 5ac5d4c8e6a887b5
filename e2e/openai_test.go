package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// The official SDK, unmodified but for its base URL and its key.
func TestOpenAISDK(t *testing.T) {
	r := newRig(t, upstream.Options{Files: 45}, harness.Options{})
	client, ctx := r.client(r.token), t.Context()

	t.Run("chat completion", func(t *testing.T) {
		got, err := client.Chat.Completions.New(ctx, hello("gpt-double"))
		if err != nil || got.Choices[0].Message.Content != "Hello from the upstream double." || got.Model != "gpt-double" {
			t.Fatalf("%+v, %v", got, err)
		}
		seen := r.lastSeen()
		if seen.Target != "/v1/chat/completions" || len(seen.Values("Authorization")) != 1 || seen.Values("Authorization")[0] != "Bearer "+r.key {
			t.Errorf("the API saw %s", seen.Head)
		}
	})
	t.Run("embeddings", func(t *testing.T) {
		got, err := client.Embeddings.New(ctx, openai.EmbeddingNewParams{
			Model: "embed-double", Dimensions: openai.Int(16),
			Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one", "two"}},
		})
		if err != nil || len(got.Data) != 2 || len(got.Data[1].Embedding) != 16 {
			t.Fatalf("%+v, %v", got, err)
		}
	})
	t.Run("upload of 20 MB", func(t *testing.T) {
		file := make([]byte, 20_000_000)
		seed := rand.NewPCG(1, 2)
		for i := range file {
			file[i] = byte(seed.Uint64())
		}
		sum := sha256.Sum256(file)
		got, err := client.Files.New(ctx, openai.FileNewParams{
			File: openai.File(bytes.NewReader(file), "big.bin", "application/octet-stream"), Purpose: openai.FilePurposeUserData,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.Bytes != int64(len(file)) || got.Filename != "big.bin" || got.JSON.ExtraFields["sha256"].Raw() != `"`+hex.EncodeToString(sum[:])+`"` {
			t.Errorf("another file arrived: %s", got.RawJSON())
		}
	})
	t.Run("list over pages", func(t *testing.T) {
		ids := map[string]bool{}
		pages := client.Files.ListAutoPaging(ctx, openai.FileListParams{Limit: openai.Int(10)})
		for pages.Next() {
			ids[pages.Current().ID] = true
		}
		if pages.Err() != nil || len(ids) < 45 {
			t.Errorf("%d files, %v", len(ids), pages.Err())
		}
	})
	t.Run("organization and project are kept", func(t *testing.T) {
		_, err := client.Models.List(ctx, option.WithOrganization("org-1"), option.WithProject("proj_2"))
		seen := r.lastSeen()
		if err != nil || strings.Join(seen.Values("OpenAI-Organization"), ",") != "org-1" || strings.Join(seen.Values("OpenAI-Project"), ",") != "proj_2" {
			t.Errorf("%v; the API saw %s", err, seen.Head)
		}
	})
	t.Run("file content", func(t *testing.T) {
		pages := client.Files.ListAutoPaging(ctx, openai.FileListParams{})
		for pages.Next() && pages.Current().Bytes != 100 { // the generated ones
		}
		resp, err := client.Files.Content(ctx, pages.Current().ID)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		want, _ := io.ReadAll(upstream.Content(100))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// The first event is at the client before the API has sent its second.
func TestOpenAIStream(t *testing.T) {
	gate := make(chan struct{})
	r := newRig(t, upstream.Options{Gate: gate}, harness.Options{})
	client := r.client(r.token)
	stream := client.Chat.Completions.NewStreaming(t.Context(), hello("gpt-double"))
	defer stream.Close()
	if !stream.Next() {
		t.Fatalf("no first event: %v", stream.Err())
	}
	if sent := r.double.Events(); sent > 1 { // it counts when it has sent one
		t.Fatalf("the API had sent %d events when the first arrived, so they do not arrive one by one", sent)
	}
	text := ""
	for sent := 1; ; sent++ {
		if chunk := stream.Current(); len(chunk.Choices) > 0 {
			text += chunk.Choices[0].Delta.Content
		}
		// Let one event go: it must arrive though none follows it yet.
		select {
		case gate <- struct{}{}:
		case <-t.Context().Done():
		}
		if !stream.Next() {
			break
		}
		if now := r.double.Events(); now > sent+1 {
			t.Fatalf("event %d arrived when the API had sent %d", sent+1, now)
		}
	}
	if stream.Err() != nil || text != "Hello from the upstream double." {
		t.Errorf("%q, %v", text, stream.Err())
	}
}

func TestOpenAITypedErrors(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	_, narrow := r.issue("narrow", "--allow", "POST /v1/chat/completions", "--deny", "* /v1/files*")
	for _, c := range []struct {
		name   string
		token  string
		call   func(openai.Client, context.Context) error
		status int
		code   string // of the broker; "" for an error of the API's own
		says   string
	}{
		{"bad token", r.token[:len(r.token)-1] + "_", chat("gpt-double"), 401, "token_invalid", "copy it"},
		{"no proxy token", "sk-something-else", chat("gpt-double"), 401, "token_invalid", "seks_"},
		{"denied path", narrow, listFiles, 403, "policy_denied", "allow"},
		{"path that no rule allows", narrow, listModels, 403, "policy_denied", "allow"},
		{"upstream 429", r.token, chat("error-429"), 429, "", "Please try again in 2s."},
		{"upstream 500", r.token, chat("error-500"), 500, "", "The server had an error"},
		{"upstream 400", r.token, chat("error-400"), 400, "", "asked for the error 400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.call(r.client(c.token), t.Context())
			var e *openai.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T %v is not the SDK's own error", err, err)
			}
			if e.StatusCode != c.status || !strings.Contains(e.Message, c.says) || e.Type == "" {
				t.Errorf("%d %q %q", e.StatusCode, e.Type, e.Message)
			}
			if got := e.Response.Header.Get("X-Seks-Error"); got != c.code || c.code != "" && e.Code != c.code {
				t.Errorf("X-Seks-Error %q, code %q; want %q", got, e.Code, c.code)
			}
			if c.status == http.StatusTooManyRequests && e.Response.Header.Get("Retry-After") != "2" {
				t.Errorf("Retry-After is %q", e.Response.Header.Get("Retry-After"))
			}
		})
	}
	if err := chat("gpt-double")(r.client(narrow), t.Context()); err != nil {
		t.Errorf("what the rules allow: %v", err)
	}
}

// The API's version prefix may be left out.
func TestVersionPrefixIsOptional(t *testing.T) {
	r := newRig(t, upstream.Options{}, harness.Options{})
	for _, base := range []string{"/api/openai/", "/api/openai/v1/", "/api/openai", "/api/openai/v1"} {
		client := openai.NewClient(option.WithBaseURL(r.URL+base), option.WithAPIKey(r.token), option.WithMaxRetries(0))
		if err := chat("gpt-double")(client, t.Context()); err != nil {
			t.Errorf("%s: %v", base, err)
		} else if got := r.lastSeen().Target; got != "/v1/chat/completions" {
			t.Errorf("%s reached %s", base, got)
		}
	}
}

func hello(model string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")}}
}

func chat(model string) func(openai.Client, context.Context) error {
	return func(c openai.Client, ctx context.Context) error {
		_, err := c.Chat.Completions.New(ctx, hello(model))
		return err
	}
}

func listFiles(c openai.Client, ctx context.Context) error {
	_, err := c.Files.List(ctx, openai.FileListParams{})
	return err
}

func listModels(c openai.Client, ctx context.Context) error {
	_, err := c.Models.List(ctx)
	return err
}

// lastSeen is the newest request that reached the API.
func (r *rig) lastSeen() upstream.Seen {
	r.t.Helper()
	seen := r.double.Requests()
	if len(seen) == 0 {
		r.t.Fatal("nothing has reached the API")
	}
	return seen[len(seen)-1]
}
