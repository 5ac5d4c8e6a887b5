package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

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
	Scrub: births.Scrub,
}

func plan(v *seks.View) *seks.Plan {
	return births.Watch(new(seks.Plan).SetHeader("x-api-key", seks.Field("api_key")).RemoveHeader("authorization"), v)
}
