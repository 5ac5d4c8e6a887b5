package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:            "brave",
		Version:         "1.0.0",
		Title:           "Brave Search API",
		Upstreams:       []seks.Upstream{{Name: "main", URL: "https://api.search.brave.com"}},
		VersionPrefixes: []string{"/res/v1"},
		Fields: []seks.CredentialField{{
			Name: "api_key", Use: seks.Reveal, Main: true, Prefix: "BSA",
			Help:  "a subscription token from https://api-dashboard.search.brave.com/app/keys",
			Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "x-subscription-token"}},
		}},
		// Bearer is what OpenAI's SDKs send to chat/completions.
		TokenSlots: []seks.Slot{
			{Kind: seks.SlotHeader, Name: "x-subscription-token"},
			{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"},
		},
		ErrorShape: seks.ErrorShape{
			ContentType: "application/json",
			Body: `{"type":"ErrorResponse","message":"{{message}}","error":{"id":"{{request_id}}","status":{{status}},` +
				`"code":"{{code}}","detail":"{{message}}","meta":{}}}` + "\n",
		},
		KeyShapes: []seks.KeyShape{
			{Name: "Brave Search key", Prefix: "BSA", Alphabet: "A-Za-z0-9_-", Min: 24, Max: 64},
		},
		Operations: seks.Catalogue(table),
	},
	Always: new(seks.Plan).SetHeader("x-subscription-token", seks.Field("api_key")),
}
