package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:            "notion",
		Version:         "1.0.0",
		Title:           "Notion API",
		Upstreams:       []seks.Upstream{{Name: "main", URL: "https://api.notion.com"}},
		VersionPrefixes: []string{"/v1"},
		Fields: []seks.CredentialField{{
			Name: "api_key", Use: seks.Reveal, Main: true, Prefix: "ntn_",
			Help:  "an integration's token from https://www.notion.so/profile/integrations (old ones begin with secret_)",
			Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "authorization"}},
		}},
		TokenSlots: []seks.Slot{{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
		ErrorShape: seks.ErrorShape{
			ContentType: "application/json",
			Body: `{"object":"error","status":{{status}},"code":"{{word}}","message":"{{message}}",` +
				`"additional_data":{"seks_error":"{{code}}"},"request_id":"{{request_id}}"}` + "\n",
			Statuses: words,
		},
		KeyShapes: []seks.KeyShape{
			{Name: "Notion token", Prefix: "ntn_", Alphabet: "A-Za-z0-9", Min: 40, Max: 64},
			{Name: "Notion token", Prefix: "secret_", Alphabet: "A-Za-z0-9", Min: 43, Max: 43},
		},
		Operations: seks.Catalogue(table),
	},
	Plan:  plan,
	Scrub: scrub,
}

// words are Notion's codes for the broker's: its SDK takes an error with any
// other code for no error of the API at all.
// https://developers.notion.com/reference/status-codes
var words = []seks.CodeStatus{
	{Code: "token_missing", Word: "unauthorized"},
	{Code: "token_invalid", Word: "unauthorized"},
	{Code: "token_expired", Word: "unauthorized"},
	{Code: "token_revoked", Word: "unauthorized"},
	{Code: "policy_denied", Word: "restricted_resource"},
	{Code: "signature_invalid", Word: "restricted_resource"},
	{Code: "signature_expired", Word: "restricted_resource"},
	{Code: "provider_unknown", Word: "object_not_found"},
	{Code: "body_too_large", Word: "validation_error"},
	{Code: "rate_limited", Word: "rate_limited"},
	{Code: "bad_request", Word: "invalid_request"},
	{Code: "plugin_failed", Word: "internal_server_error"},
	{Code: "upstream_unreachable", Word: "service_unavailable"},
	{Code: "upstream_protocol", Word: "internal_server_error"},
	{Code: "credential_unavailable", Word: "service_unavailable"},
	{Code: "audit_unavailable", Word: "service_unavailable"},
	{Code: "overloaded", Word: "service_overload"},
	{Code: "upstream_timeout", Word: "gateway_timeout"},
}
