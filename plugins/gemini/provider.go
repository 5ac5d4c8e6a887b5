package main

import (
	"slices"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// versions are those of the API; the first is added to a path without one.
var versions = []string{"/v1beta", "/v1", "/v1alpha"}

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:      "gemini",
		Version:   "1.0.0",
		Title:     "Gemini API",
		Upstreams: []seks.Upstream{{Name: "main", URL: "https://generativelanguage.googleapis.com"}},
		// Uploads and downloads have theirs further on: /upload/v1beta/files.
		VersionPrefixes: slices.Concat(versions, []string{"/upload", "/download"}),
		Fields: []seks.CredentialField{{
			Name: "api_key", Use: seks.Reveal, Main: true,
			Help: "an API key from https://aistudio.google.com/apikey",
			Sinks: []seks.Sink{
				{Kind: seks.SinkHeader, Name: "x-goog-api-key"},
				{Kind: seks.SinkHeader, Name: "authorization"},
			},
		}},
		TokenSlots: []seks.Slot{
			{Kind: seks.SlotHeader, Name: "x-goog-api-key"},
			{Kind: seks.SlotQuery, Name: "key"},
			{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"},
		},
		ErrorShape: seks.ErrorShape{
			ContentType: "application/json",
			Body: `{"error":{"code":{{status}},"message":"{{message}}","status":"{{word}}","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",` +
				`"reason":"{{code}}","domain":"seks-broker"}]}}` + "\n",
			Statuses: words,
		},
		KeyShapes: []seks.KeyShape{
			{Name: "Google API key", Prefix: "AIza", Alphabet: "A-Za-z0-9_-", Min: 35, Max: 35},
			{Name: "Google API key", Prefix: "AQ.", Alphabet: "A-Za-z0-9_-", Min: 40, Max: 128},
		},
		Operations: versioned(seks.Catalogue(table)),
	},
	Plan:  plan,
	Scrub: scrub,
}

// words are Google's canonical codes for the broker's.
// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
var words = []seks.CodeStatus{
	{Code: "token_missing", Word: "UNAUTHENTICATED"},
	{Code: "token_invalid", Word: "UNAUTHENTICATED"},
	{Code: "token_expired", Word: "UNAUTHENTICATED"},
	{Code: "token_revoked", Word: "UNAUTHENTICATED"},
	{Code: "policy_denied", Word: "PERMISSION_DENIED"},
	{Code: "signature_invalid", Word: "PERMISSION_DENIED"},
	{Code: "signature_expired", Word: "PERMISSION_DENIED"},
	{Code: "provider_unknown", Word: "NOT_FOUND"},
	{Code: "body_too_large", Word: "INVALID_ARGUMENT"},
	{Code: "rate_limited", Word: "RESOURCE_EXHAUSTED"},
	{Code: "bad_request", Word: "INVALID_ARGUMENT"},
	{Code: "plugin_failed", Word: "INTERNAL"},
	{Code: "upstream_unreachable", Word: "UNAVAILABLE"},
	{Code: "upstream_protocol", Word: "INTERNAL"},
	{Code: "credential_unavailable", Word: "UNAVAILABLE"},
	{Code: "audit_unavailable", Word: "UNAVAILABLE"},
	{Code: "overloaded", Word: "UNAVAILABLE"},
	{Code: "upstream_timeout", Word: "DEADLINE_EXCEEDED"},
}

// plan puts the key where the API's own clients put it, whichever slot the token
// came in: the endpoints for OpenAI's SDKs take it as a Bearer.
func plan(v *seks.View) *seks.Plan {
	p := new(seks.Plan)
	if _, below, ok := strings.Cut(v.Path, "/openai/"); ok && below != "" && slices.Contains(versions, strings.TrimSuffix(v.Path, "/openai/"+below)) {
		return p.SetHeader("authorization", seks.Concat(seks.Lit("Bearer "), seks.Field("api_key")))
	}
	if strings.HasPrefix(v.Path, "/upload/") {
		p.Inspect()
	}
	return births.Watch(p.SetHeader("x-goog-api-key", seks.Field("api_key")), v)
}

// scrub makes the URL to which the rest of a resumable upload goes one of the
// broker's: the client sends its token there too. What is born in an answer is masked.
func scrub(a *seks.AnswerHead) *seks.ScrubPlan {
	s := births.Scrub(a)
	if s == nil {
		s = new(seks.ScrubPlan)
	}
	seks.ToBroker(s, a, "x-goog-upload-url", "x-goog-upload-control-url", "location")
	return s
}

// versioned is the catalogue for each version of the API.
func versioned(below []seks.Operation) []seks.Operation {
	all := make([]seks.Operation, 0, len(below)*len(versions))
	for _, version := range versions {
		for _, op := range below {
			if strings.Contains(op.Path, "/VERSION/") {
				op.Path = strings.Replace(op.Path, "/VERSION", version, 1)
			} else {
				op.Path = version + op.Path
			}
			all = append(all, op)
		}
	}
	return all
}
