package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:            "openai",
		Version:         "1.0.0",
		Title:           "OpenAI API",
		Upstreams:       []seks.Upstream{{Name: "main", URL: "https://api.openai.com"}},
		VersionPrefixes: []string{"/v1"},
		Fields: []seks.CredentialField{{
			Name: "api_key", Use: seks.Reveal, Main: true, Prefix: "sk-",
			Help:  "a secret key from https://platform.openai.com/api-keys",
			Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "authorization"}},
		}},
		TokenSlots: []seks.Slot{{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
		ErrorShape: seks.ErrorShape{
			ContentType: "application/json",
			Body:        `{"error":{"message":"{{message}}","type":"seks_error","param":null,"code":"{{code}}"}}` + "\n",
		},
		KeyShapes: []seks.KeyShape{
			{Name: "OpenAI key", Prefix: "sk-", Alphabet: "A-Za-z0-9_-", Min: 20, Max: 256},
		},
		Operations: operations,
	},
	Plan:  plan,
	Scrub: births.Scrub,
}
