package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:    "github",
		Version: "1.0.0",
		Title:   "GitHub API",
		Upstreams: []seks.Upstream{
			{Name: "main", URL: "https://api.github.com"},
			{Name: "uploads", URL: "https://uploads.github.com"},
		},
		Fields: []seks.CredentialField{{
			Name: "token", Use: seks.Reveal, Main: true,
			Help:  "a personal access token from https://github.com/settings/tokens, or an installation's",
			Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "authorization"}},
		}},
		TokenSlots: []seks.Slot{
			{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"},
			{Kind: seks.SlotHeader, Name: "authorization", Scheme: "token"},
			{Kind: seks.SlotBasic},
		},
		Bodies: []seks.BodyNeed{{Path: "/graphql"}, {Path: "/graphql/"}, {Path: "/api/graphql"}, {Path: "/api/graphql/"}, {Path: "/api/v3/graphql"}, {Path: "/api/v3/graphql/"}},
		ErrorShape: seks.ErrorShape{
			ContentType: "application/json; charset=utf-8",
			Body: `{"message":"{{message}}","errors":[{"resource":"seks-broker","code":"{{code}}"}],` +
				`"documentation_url":"https://docs.github.com/rest","status":"{{status}}"}` + "\n",
		},
		// https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
		KeyShapes: []seks.KeyShape{
			{Name: "GitHub personal token", Prefix: "ghp_", Alphabet: "A-Za-z0-9", Min: 36, Max: 251},
			{Name: "GitHub fine-grained token", Prefix: "github_pat_", Alphabet: "A-Za-z0-9_", Min: 82, Max: 244},
			{Name: "GitHub OAuth token", Prefix: "gho_", Alphabet: "A-Za-z0-9", Min: 36, Max: 251},
			{Name: "GitHub user-to-server token", Prefix: "ghu_", Alphabet: "A-Za-z0-9", Min: 36, Max: 251},
			{Name: "GitHub installation token", Prefix: "ghs_", Alphabet: "A-Za-z0-9_.-", Min: 36, Max: 1024},
			{Name: "GitHub refresh token", Prefix: "ghr_", Alphabet: "A-Za-z0-9", Min: 36, Max: 251},
		},
		Operations: operations(),
	},
	Plan:  plan,
	Scrub: scrub,
}
