package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicopt "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"google.golang.org/genai"

	"github.com/seksbot/seks-broker/bench/upstream/apis"
)

func (c *conn) openai() *openai.Client {
	client := openai.NewClient(option.WithBaseURL(c.base+"/v1/"), option.WithAPIKey(c.token), option.WithMaxRetries(0))
	return &client
}

func goOpenAI() goClient {
	return goClient{
		name: "openai-go", module: "github.com/openai/openai-go/v3", provider: "openai",
		wants: wants{kinds: map[int]string{0: "*apierror.Error"}, upstream: 429},
		call:  func(c *conn) error { return chat("gpt-double")(*c.openai(), c) },
		stream: func(c *conn) error {
			s, text := c.openai().Chat.Completions.NewStreaming(c, hello("gpt-double")), ""
			for s.Next() {
				for _, choice := range s.Current().Choices {
					text += choice.Delta.Content
				}
			}
			return errors.Join(s.Err(), expect("the text", text, reply))
		},
		pages: func(c *conn) error {
			n, all := 0, c.openai().Files.ListAutoPaging(c, openai.FileListParams{Limit: openai.Int(20)})
			for all.Next() {
				n++
			}
			if all.Err() == nil && n < 45 {
				return fmt.Errorf("%d files", n)
			}
			return all.Err()
		},
		upload: func(c *conn) error {
			f, err := c.openai().Files.New(c, openai.FileNewParams{File: openai.File(bytes.NewReader(c.content), "a.bin", "application/octet-stream"), Purpose: openai.FilePurposeUserData})
			if err != nil {
				return err
			}
			sum := sha256.Sum256(c.content)
			return expect("the digest", f.JSON.ExtraFields["sha256"].Raw(), `"`+hex.EncodeToString(sum[:])+`"`)
		},
		download: func(c *conn) error {
			text := strings.Repeat("\x00\xff line\n", 100)
			f, err := c.openai().Files.New(c, openai.FileNewParams{File: openai.File(strings.NewReader(text), "b.bin", "application/octet-stream"), Purpose: openai.FilePurposeUserData})
			if err != nil {
				return err
			}
			answer, err := c.openai().Files.Content(c, f.ID)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			return same(answer.Body, []byte(text))
		},
		more: map[string]func(*conn) error{
			"audio": func(c *conn) error {
				answer, err := c.openai().Audio.Speech.New(c, openai.AudioSpeechNewParams{Input: "hello", Model: openai.SpeechModelTTS1, Voice: openai.AudioSpeechNewParamsVoiceUnion{OfString: openai.String("alloy")}})
				if err != nil {
					return err
				}
				defer answer.Body.Close()
				said, err := io.ReadAll(answer.Body)
				if err := errors.Join(err, digest(said, answer.Header.Get("X-Digest"))); err != nil {
					return err
				}
				heard, err := c.openai().Audio.Transcriptions.New(c, openai.AudioTranscriptionNewParams{File: openai.File(bytes.NewReader(said), "a.mp3", "audio/mpeg"), Model: openai.AudioModelWhisper1})
				if err != nil {
					return err
				}
				return digest(said, heard.Text)
			},
			"images": func(c *conn) error {
				var answer *http.Response
				made, err := c.openai().Images.Generate(c, openai.ImageGenerateParams{Prompt: "a cat"}, option.WithResponseInto(&answer))
				if err != nil {
					return err
				}
				drawn, err := base64.StdEncoding.DecodeString(made.Data[0].B64JSON)
				return errors.Join(err, digest(drawn, answer.Header.Get("X-Digest")))
			},
			"batches": func(c *conn) error {
				made, err := c.openai().Batches.New(c, openai.BatchNewParams{CompletionWindow: "24h", Endpoint: "/v1/chat/completions", InputFileID: "file-1"})
				if err != nil {
					return err
				}
				got, err := c.openai().Batches.Get(c, made.ID)
				if err != nil {
					return err
				}
				return expect("the batch", got.ID, made.ID)
			},
			"responses": func(c *conn) error {
				r, err := c.openai().Responses.New(c, responses.ResponseNewParams{Model: "double", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("hello")}})
				if err != nil {
					return err
				}
				return expect("the text", r.OutputText(), reply)
			},
			"embeddings": func(c *conn) error {
				r, err := c.openai().Embeddings.New(c, openai.EmbeddingNewParams{Model: "double", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("hello")}})
				if err != nil {
					return err
				}
				return expect("the number of vectors", len(r.Data), 1)
			},
			"organization": func(c *conn) error {
				var answer *http.Response
				_, err := c.openai().Models.List(c, option.WithOrganization("org-1"), option.WithProject("proj-1"), option.WithResponseInto(&answer))
				if err != nil {
					return err
				}
				return errors.Join(expect("the organization", answer.Header.Get("OpenAI-Organization"), "org-1"), expect("the project", answer.Header.Get("OpenAI-Project"), "proj-1"))
			},
		},
		upstream: func(c *conn) error { return chat("error-429")(*c.openai(), c) },
		writing:  func(c *conn) error { return chat("gpt-double")(*c.openai(), c) },
		granting: func(c *conn) error {
			var made struct{ Value string }
			if err := c.openai().Post(c, "organization/admin_api_keys", map[string]string{"name": "a"}, &made); err != nil {
				return err
			}
			return masked("the new key", made.Value)
		},
	}
}

func (c *conn) anthropic() *anthropic.Client {
	client := anthropic.NewClient(anthropicopt.WithoutEnvironmentDefaults(), anthropicopt.WithBaseURL(c.base), anthropicopt.WithAPIKey(c.token), anthropicopt.WithMaxRetries(0))
	return &client
}

func goAnthropic() goClient {
	return goClient{
		name: "anthropic-sdk-go", module: "github.com/anthropics/anthropic-sdk-go", provider: "anthropic",
		wants: wants{kinds: map[int]string{0: "*apierror.Error"}, upstream: 529},
		call:  func(c *conn) error { return message("claude-double")(*c.anthropic(), c) },
		stream: func(c *conn) error {
			s, whole := c.anthropic().Messages.NewStreaming(c, greeting("claude-double")), anthropic.Message{}
			for s.Next() {
				if err := whole.Accumulate(s.Current()); err != nil {
					return err
				}
			}
			if s.Err() != nil {
				return s.Err()
			}
			return expect("the text", whole.Content[0].Text, reply)
		},
		pages: func(c *conn) error {
			n, all := 0, c.anthropic().Models.ListAutoPaging(c, anthropic.ModelListParams{})
			for all.Next() {
				n++
			}
			return errors.Join(all.Err(), expect("the number of models", n, 3))
		},
		upload: func(c *conn) error {
			f, err := c.anthropic().Files.Upload(c, anthropic.FileUploadParams{File: anthropic.File(bytes.NewReader(c.content), "a.bin", "application/octet-stream")})
			if err != nil {
				return err
			}
			sum := sha256.Sum256(c.content)
			return expect("the digest", f.JSON.ExtraFields["sha256"].Raw(), `"`+hex.EncodeToString(sum[:])+`"`)
		},
		download: func(c *conn) error {
			text := strings.Repeat("\x00\xff line\n", 100)
			f, err := c.anthropic().Files.Upload(c, anthropic.FileUploadParams{File: anthropic.File(strings.NewReader(text), "b.bin", "application/octet-stream")})
			if err != nil {
				return err
			}
			answer, err := c.anthropic().Files.Download(c, f.ID, anthropic.FileDownloadParams{})
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			return same(answer.Body, []byte(text))
		},
		more: map[string]func(*conn) error{
			"batches": func(c *conn) error {
				made, err := c.anthropic().Messages.Batches.New(c, anthropic.MessageBatchNewParams{Requests: []anthropic.MessageBatchNewParamsRequest{
					{CustomID: "one", Params: anthropic.MessageBatchNewParamsRequestParams{Model: "claude-double", MaxTokens: 8, Messages: greeting("").Messages}},
				}})
				if err != nil {
					return err
				}
				results := c.anthropic().Messages.Batches.ResultsStreaming(c, made.ID, anthropic.MessageBatchResultsParams{})
				if !results.Next() {
					return fmt.Errorf("no results: %w", results.Err())
				}
				return expect("the text", results.Current().Result.Message.Content[0].Text, reply)
			},
			"count tokens": func(c *conn) error {
				n, err := c.anthropic().Messages.CountTokens(c, anthropic.MessageCountTokensParams{Model: "double", Messages: greeting("").Messages})
				if err != nil {
					return err
				}
				return expect("more than none", n.InputTokens > 0, true)
			},
		},
		upstream: func(c *conn) error { return message("error-529")(*c.anthropic(), c) },
		writing:  func(c *conn) error { return message("claude-double")(*c.anthropic(), c) },
		granting: func(c *conn) error {
			made, err := c.anthropic().Beta.Organization.Webhooks.New(c, anthropic.BetaOrganizationWebhookNewParams{URL: "https://example.com/", EnabledEvents: []string{"user_profile.enforcement_action_opened"}})
			if err != nil {
				return err
			}
			return masked("the signing secret", made.SigningSecret)
		},
	}
}

func (c *conn) gemini() *genai.Client {
	client, err := genai.NewClient(c, &genai.ClientConfig{APIKey: c.token, Backend: genai.BackendGeminiAPI, HTTPOptions: genai.HTTPOptions{BaseURL: c.base}})
	if err != nil {
		panic(err) // it says which option is missing
	}
	return client
}

func goGemini() goClient {
	generate := func(model string) func(c *conn) error {
		return func(c *conn) error {
			r, err := c.gemini().Models.GenerateContent(c, model, genai.Text("Say hello."), nil)
			if err != nil {
				return err
			}
			return expect("the text", r.Text(), apis.Reply)
		}
	}
	return goClient{
		name: "google.golang.org/genai", module: "google.golang.org/genai", provider: "gemini",
		wants: wants{kinds: map[int]string{0: "genai.APIError"}, upstream: 429},
		call:  generate("double-1"),
		stream: func(c *conn) error {
			text := ""
			for r, err := range c.gemini().Models.GenerateContentStream(c, "double-1", genai.Text("Say hello."), nil) {
				if err != nil {
					return err
				}
				text += r.Text()
			}
			return expect("the text", text, apis.Reply)
		},
		pages: func(c *conn) error {
			n := 0
			page, err := c.gemini().Models.List(c, &genai.ListModelsConfig{PageSize: 2})
			for ; err == nil; page, err = page.Next(c) {
				if n += len(page.Items); page.NextPageToken == "" {
					break
				}
			}
			return errors.Join(err, expect("the number of models", n, 3))
		},
		upload: func(c *conn) error {
			f, err := c.gemini().Files.Upload(c, bytes.NewReader(c.content), &genai.UploadFileConfig{MIMEType: "text/plain", DisplayName: "a"})
			if err != nil {
				return err
			}
			sum := sha256.Sum256(c.content)
			return expect("the digest", f.Sha256Hash, hex.EncodeToString(sum[:]))
		},
		more: map[string]func(*conn) error{
			"v1": func(c *conn) error {
				r, err := c.gemini().Models.GenerateContent(c, "double-1", genai.Text("Say hello."), &genai.GenerateContentConfig{HTTPOptions: &genai.HTTPOptions{APIVersion: "v1"}})
				if err != nil {
					return err
				}
				return expect("the text", r.Text(), apis.Reply)
			},
			"embeddings": func(c *conn) error {
				r, err := c.gemini().Models.EmbedContent(c, "double-1", genai.Text("hello"), nil)
				if err != nil {
					return err
				}
				return expect("the number of vectors", len(r.Embeddings), 1)
			},
			"count tokens": func(c *conn) error {
				n, err := c.gemini().Models.CountTokens(c, "double-1", genai.Text("hello"), nil)
				if err != nil {
					return err
				}
				return expect("the number", n.TotalTokens, int32(3))
			},
		},
		upstream: generate("error-429"),
		writing:  generate("double-1"),
		granting: func(c *conn) error {
			made, err := c.gemini().AuthTokens.Create(c, &genai.CreateAuthTokenConfig{HTTPOptions: &genai.HTTPOptions{APIVersion: "v1alpha"}})
			if err != nil {
				return err
			}
			return masked("the ephemeral token", made.Name)
		},
	}
}
