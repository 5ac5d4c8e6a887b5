package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:            "anthropic",
		Version:         "1.0.0",
		Title:           "Anthropic API",
		Upstreams:       []seks.Upstream{{Name: "main", URL: "https://api.anthropic.com"}},
		VersionPrefixes: []string{"/v1"},
		Fields: []seks.CredentialField{{
			Name: "api_key", Use: seks.Reveal, Main: true, Prefix: "sk-ant-",
			Help:  "an API key from https://platform.claude.com/settings/keys",
			Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "x-api-key"}},
		}},
		// Some versions of Anthropic's SDKs send a key as the one, some as the
		// other; the API takes a key as either, so one sink will do.
		TokenSlots: []seks.Slot{
			{Kind: seks.SlotHeader, Name: "x-api-key"},
			{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"},
		},
		ErrorShape: seks.ErrorShape{
			ContentType: "application/json",
			Body: `{"type":"error","error":{"type":"seks_error","message":"{{message}}","details":{"error_code":"{{code}}"}},` +
				`"request_id":"{{request_id}}"}` + "\n",
		},
		KeyShapes: []seks.KeyShape{
			{Name: "Anthropic key", Prefix: "sk-ant-", Alphabet: "A-Za-z0-9_-", Min: 24, Max: 256},
		},
		Operations: operations,
	},
	Plan:  plan,
	Scrub: scrub,
}

func plan(v *seks.View) *seks.Plan {
	p := new(seks.Plan).SetHeader("x-api-key", seks.Field("api_key")).RemoveHeader("authorization")
	if isBatch(v.Path) {
		p.Inspect()
	}
	return births.Watch(p, v)
}

// scrub masks what is born in an answer, and makes the URL of a batch's results
// one of the broker's: the SDK for TypeScript follows it.
func scrub(a *seks.AnswerHead) *seks.ScrubPlan {
	s := births.Scrub(a)
	if s != nil && isBatch(a.Path) {
		s.Links = []string{"results_url"}
	}
	return s
}

func isBatch(path string) bool { return strings.Contains(path, "/messages/batches") }
