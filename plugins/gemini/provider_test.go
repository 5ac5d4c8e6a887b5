package main

import (
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"api_key": "AIzaStandin"})
}

func TestManifest(t *testing.T) { sdktest.Manifest(t, &provider.Manifest) }

// Google's SDKs read the code, the message and the canonical status; what the
// broker calls it stands in the details.
func TestErrorShape(t *testing.T) {
	if len(words) != 18 {
		t.Errorf("%d codes have a word; the broker has 18", len(words))
	}
	var got struct {
		Error struct {
			Code            int
			Message, Status string
			Details         []map[string]string
		}
	}
	sdktest.Error(t, &provider.Manifest, "token_expired", &got)
	if e := got.Error; e.Code != 403 || e.Message != `a "reason"` || e.Status != "UNAUTHENTICATED" || len(e.Details) != 1 || e.Details[0]["reason"] != "token_expired" {
		t.Errorf("%+v", got)
	}
}

// Every operation stands below each version, once.
func TestVersions(t *testing.T) {
	have := map[string]seks.Operation{}
	for _, op := range provider.Manifest.Operations {
		have[op.Method+" "+op.Path] = op
	}
	for line, want := range map[string]uint64{
		"POST /v1beta/models/{model}:generateContent":              2,
		"POST /v1/models/{model}:streamGenerateContent":            2,
		"POST /v1alpha/models/{model}:countTokens":                 1,
		"POST /upload/v1beta/files":                                2,
		"PUT /upload/v1/files":                                     2,
		"GET /download/v1beta/files/{file}:download":               1,
		"POST /v1alpha/auth_tokens":                                3,
		"POST /v1/webhooks":                                        3,
		"POST /v1beta/tunedModels/{model}/permissions":             3,
		"POST /v1beta/openai/chat/completions":                     2,
		"GET /v1beta/openai/models/{model...}":                     1,
		"DELETE /v1beta/corpora/{corpus}/permissions/{permission}": 2,
	} {
		if uint64(have[line].Class) != want {
			t.Errorf("%s is of class %d, want %d", line, have[line].Class, want)
		}
	}
}

// Only what names the API is rewritten.
func TestUploadURL(t *testing.T) {
	s := scrub(&seks.AnswerHead{Origin: "https://generativelanguage.googleapis.com", Public: "http://127.0.0.1:8080/api/gemini"})
	for _, r := range s.Rewrites {
		if r.From != "https://generativelanguage.googleapis.com/" || r.To != "http://127.0.0.1:8080/api/gemini/" {
			t.Errorf("%+v", r)
		}
	}
	if len(s.Rewrites) != 3 || s.Rewrites[0].Header != "x-goog-upload-url" {
		t.Errorf("%+v", s)
	}
}

func TestBirths(t *testing.T) { sdktest.Births(t, &provider.Manifest, births) }
