package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

// version stands before every path of the API.
const version = "/client/v4"

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:            "cloudflare",
		Version:         "1.0.0",
		Title:           "Cloudflare API",
		Upstreams:       []seks.Upstream{{Name: "main", URL: "https://api.cloudflare.com"}},
		VersionPrefixes: []string{version},
		Fields: []seks.CredentialField{
			{
				Name: "api_token", Use: seks.Reveal, Main: true, Optional: true,
				Help:  "an API token from https://dash.cloudflare.com/profile/api-tokens, for clients that send a Bearer",
				Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "authorization"}},
			},
			{
				Name: "api_key", Use: seks.Reveal, Optional: true,
				Help:  "the Global API Key, for clients that send X-Auth-Key and X-Auth-Email",
				Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "x-auth-key"}},
			},
			{Name: "email", Use: seks.Public, Optional: true, Help: "the account's address, beside api_key"},
		},
		TokenSlots: []seks.Slot{
			{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"},
			{Kind: seks.SlotHeader, Name: "x-auth-key"},
		},
		Headers: []string{"x-auth-email"},
		ErrorShape: seks.ErrorShape{
			ContentType: "application/json",
			Body: `{"success":false,"errors":[{"code":{{status}},"message":"{{message}}"}],` +
				`"messages":[{"code":{{status}},"message":"{{code}}"}],"result":null}` + "\n",
		},
		// https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/
		KeyShapes: []seks.KeyShape{
			{Name: "Cloudflare user token", Prefix: "cfut_", Alphabet: "A-Za-z0-9_-", Min: 40, Max: 64},
			{Name: "Cloudflare account token", Prefix: "cfat_", Alphabet: "A-Za-z0-9_-", Min: 40, Max: 64},
			{Name: "Cloudflare global key", Prefix: "cfk_", Alphabet: "A-Za-z0-9_-", Min: 40, Max: 64},
			{Name: "Cloudflare origin CA key", Prefix: "v1.0-", Alphabet: "a-f0-9-", Min: 160, Max: 180},
		},
		Operations: below(version, seks.Catalogue(table)),
	},
	Plan:  plan,
	Scrub: births.Scrub,
}

// plan also asks for the answers that bear a secret.
func plan(v *seks.View) *seks.Plan { return births.Watch(credential(v), v) }

// credential answers a client in the way that it asked: with the account's address
// beside its key, the Global API Key goes there; else it is an API token.
func credential(v *seks.View) *seks.Plan {
	for _, h := range v.Headers {
		if h.Value != "" { // the view brings no header but x-auth-email
			return new(seks.Plan).SetHeader("x-auth-email", seks.Field("email")).SetHeader("x-auth-key", seks.Field("api_key"))
		}
	}
	return seks.Bearer("api_token")
}

func below(prefix string, ops []seks.Operation) []seks.Operation {
	for i := range ops {
		ops[i].Path = prefix + ops[i].Path
	}
	return ops
}
