package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/seksbot/seks-broker/bench/upstream"
)

// reply is what the double says.
const reply = "Hello from the upstream double."

// anthropicClient is the official SDK, with another base URL and the token as
// its key.
func (f *front) anthropicClient(token string) anthropic.Client {
	return anthropic.NewClient(option.WithoutEnvironmentDefaults(), option.WithHTTPClient(f.httpClient()),
		option.WithBaseURL(f.base+"/api/anthropic"), option.WithAPIKey(token), option.WithMaxRetries(0))
}

func greeting(model string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{Model: anthropic.Model(model), MaxTokens: 64,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Say hello."))}}
}

func message(model string) func(anthropic.Client, context.Context) error {
	return func(c anthropic.Client, ctx context.Context) error {
		_, err := c.Messages.New(ctx, greeting(model))
		return err
	}
}

// The official SDK, unmodified but for its base URL and its key.
func TestAnthropicSDK(t *testing.T) {
	gate := make(chan struct{}) // for the streams; nothing else waits
	overBoth(t, upstream.Options{Gate: gate}, func(t *testing.T, f *front) {
		t.Run("calls", func(t *testing.T) { anthropicCalls(t, f) })
		t.Run("headers arrive as sent", func(t *testing.T) { anthropicHeaders(t, f) })
		t.Run("stream", func(t *testing.T) { anthropicStream(t, f, gate) })
		t.Run("typed errors", func(t *testing.T) { anthropicErrors(t, f) })
	})
}

func anthropicCalls(t *testing.T, f *front) {
	client, ctx := f.anthropicClient(f.anthropic), t.Context()
	t.Run("message", func(t *testing.T) {
		got, err := client.Messages.New(ctx, greeting("claude-double"))
		if err != nil || len(got.Content) != 1 || got.Content[0].Text != reply || got.Model != "claude-double" {
			t.Fatalf("%+v, %v", got, err)
		}
		f.sawKey(t, "/v1/messages")
	})
	t.Run("count tokens", func(t *testing.T) {
		p := anthropic.MessageCountTokensParams{Model: "claude-double", Messages: greeting("").Messages}
		got, err := client.Messages.CountTokens(ctx, p)
		if err != nil || got.InputTokens == 0 {
			t.Fatalf("%+v, %v", got, err)
		}
	})
	t.Run("upload", func(t *testing.T) {
		content := bytes.Repeat([]byte("\x00\xff line\r\n"), 300_000)
		sum := sha256.Sum256(content)
		got, err := client.Files.Upload(ctx, anthropic.FileUploadParams{File: anthropic.File(bytes.NewReader(content), "big.bin", "application/octet-stream")})
		if err != nil {
			t.Fatal(err)
		}
		if got.SizeBytes != int64(len(content)) || got.Filename != "big.bin" || got.JSON.ExtraFields["sha256"].Raw() != `"`+hex.EncodeToString(sum[:])+`"` {
			t.Errorf("another file arrived: %s", got.RawJSON())
		}
		f.sawKey(t, "/v1/files")
	})
	t.Run("models over pages", func(t *testing.T) {
		n := 0
		pages := client.Models.ListAutoPaging(ctx, anthropic.ModelListParams{})
		for ; pages.Next(); n++ {
		}
		if pages.Err() != nil || n != 3 {
			t.Errorf("%d models, %v", n, pages.Err())
		}
	})
	t.Run("batch", func(t *testing.T) {
		made, err := client.Messages.Batches.New(ctx, anthropic.MessageBatchNewParams{Requests: []anthropic.MessageBatchNewParamsRequest{
			{CustomID: "one", Params: anthropic.MessageBatchNewParamsRequestParams{Model: "claude-double", MaxTokens: 8, Messages: greeting("").Messages}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		results := client.Messages.Batches.ResultsStreaming(ctx, made.ID, anthropic.MessageBatchResultsParams{})
		if !results.Next() || results.Current().Result.Message.Content[0].Text != reply || results.Next() || results.Err() != nil {
			t.Errorf("%+v, %v", results.Current(), results.Err())
		}
	})
	for _, l := range f.log("--agent", "agent-2") {
		if l["status"] != 200.0 || l["provider"] != "anthropic" || l["operation"] == "" {
			t.Errorf("the log has %v", l)
		}
	}
}

// sawKey checks what reached the API last: the key once, where the API wants it.
func (f *front) sawKey(t *testing.T, target string) {
	t.Helper()
	seen := f.lastSeen()
	if seen.Target != target || strings.Join(seen.Values("X-Api-Key"), ",") != f.key || len(seen.Values("Authorization")) != 0 || bytes.Contains(seen.Head, []byte(f.anthropic)) {
		t.Errorf("the API saw %s", seen.Head)
	}
}

// What the client says of versions and betas arrives as it was sent, whichever
// header the token is in.
func anthropicHeaders(t *testing.T, f *front) {
	client := f.anthropicClient(f.anthropic)
	_, err := client.Beta.Messages.CountTokens(t.Context(), anthropic.BetaMessageCountTokensParams{Model: "m",
		Messages: []anthropic.BetaMessageParam{anthropic.NewBetaUserMessage(anthropic.NewBetaTextBlock("hi"))},
		Betas:    []anthropic.AnthropicBeta{"context-1m-2025-08-07", "files-api-2025-04-14"}})
	seen := f.lastSeen()
	if err != nil || seen.Target != "/v1/messages/count_tokens?beta=true" || strings.Join(seen.Values("Anthropic-Version"), "|") != "2023-06-01" ||
		strings.Join(seen.Values("Anthropic-Beta"), ",") != "context-1m-2025-08-07,files-api-2025-04-14" {
		t.Errorf("%v; the API saw %s", err, seen.Head)
	}
	for _, slot := range []string{"x-api-key: ", "authorization: Bearer "} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", f.base+"/api/anthropic/models", nil)
		name, scheme, _ := strings.Cut(slot, ": ")
		r.Header[name] = []string{scheme + f.anthropic}
		r.Header["anthropic-version"] = []string{"2026-10-21"}
		r.Header["Anthropic-BETA"] = []string{"one", "two, three"}
		answer, err := f.httpClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		head := string(f.lastSeen().Head)
		for _, line := range []string{"\r\nanthropic-version: 2026-10-21\r\n", "\r\nAnthropic-BETA: one\r\nAnthropic-BETA: two, three\r\n"} {
			if answer.StatusCode != 200 || !strings.Contains(head, line) {
				t.Errorf("%s: %d; the API saw %s, without %q", name, answer.StatusCode, head, line)
			}
		}
		f.sawKey(t, "/v1/models")
	}
}

// The first event is at the client before the API has sent its second.
func anthropicStream(t *testing.T, f *front, gate chan<- struct{}) {
	client := f.anthropicClient(f.anthropic)
	stream := client.Messages.NewStreaming(t.Context(), greeting("claude-double"))
	defer stream.Close()
	var whole anthropic.Message
	// The SDK shows no pings; the double sends one, as the API does, as its third.
	for n := 1; stream.Next(); n++ {
		if err := whole.Accumulate(stream.Current()); err != nil {
			t.Fatal(err)
		}
		if sent := f.double.Events(); sent > n+1 || n == 1 && sent > 1 { // one that was just written may not be counted yet
			t.Fatalf("event %d arrived when the API had sent %d, so they do not arrive one by one", n, sent)
		}
		if stream.Current().Type == "message_stop" {
			break
		}
		gate <- struct{}{}
		if n == 2 {
			gate <- struct{}{} // the one behind the ping
		}
	}
	if stream.Err() != nil || len(whole.Content) != 1 || whole.Content[0].Text != reply || whole.StopReason != "end_turn" {
		t.Errorf("%+v, %v", whole, stream.Err())
	}
}

func anthropicErrors(t *testing.T, f *front) {
	for _, c := range []struct {
		name, token, model string
		status             int
		kind, code         string // code: the broker's; "" for an error of the API's own
	}{
		{"bad token", f.anthropic[:len(f.anthropic)-1] + "_", "m", 401, "seks_error", "token_invalid"},
		{"a real key instead of a token", "sk-ant-api03-abcdef", "m", 401, "seks_error", "token_invalid"},
		{"another provider's token", f.token, "m", 401, "seks_error", "token_invalid"},
		{"denied", f.narrow["anthropic"], "m", 403, "seks_error", "policy_denied"},
		{"upstream 429", f.anthropic, "error-429", 429, "rate_limit_error", ""},
		{"upstream 500", f.anthropic, "error-500", 500, "api_error", ""},
		{"upstream 529", f.anthropic, "error-529", 529, "overloaded_error", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := message(c.model)(f.anthropicClient(c.token), t.Context())
			var e *anthropic.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T %v is not the SDK's own error", err, err)
			}
			if e.StatusCode != c.status || string(e.Type()) != c.kind || e.Response.Header.Get("X-Seks-Error") != c.code {
				t.Errorf("%d %q %v: %s", e.StatusCode, e.Type(), e.Response.Header, e.RawJSON())
			}
			if c.code != "" && !strings.Contains(e.RawJSON(), `"details":{"error_code":"`+c.code+`"}`) {
				t.Errorf("the code is not where the SDKs look for it: %s", e.RawJSON())
			}
			if (e.Response.Header.Get("Retry-After") == "2") != (c.status == 429) {
				t.Errorf("Retry-After is %q", e.Response.Header.Get("Retry-After"))
			}
		})
	}
}
