package main

import (
	"errors"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// provider is what the plugin is without parameters: the key goes into
// Authorization, as a bearer's.
var provider = made(place{kind: seks.SinkHeader, name: "authorization", prefix: "Bearer "})

// place is where the key goes, and what stands before it there.
type place struct {
	kind         seks.SinkKind
	name, prefix string
}

func made(at place) seks.Provider {
	value := seks.Field("api_key")
	if at.prefix != "" {
		value = seks.Concat(seks.Lit(at.prefix), value)
	}
	slots := []seks.Slot{{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"}}
	plan := new(seks.Plan)
	if at.kind == seks.SinkQuery {
		plan.SetQuery(at.name, value)
		slots = append([]seks.Slot{{Kind: seks.SlotQuery, Name: at.name}}, slots...)
	} else {
		plan.SetHeader(at.name, value)
		if own := (seks.Slot{Kind: seks.SlotHeader, Name: at.name, Scheme: scheme(at.prefix)}); own != slots[0] {
			slots = append([]seks.Slot{own}, slots...)
		}
	}
	return seks.Provider{
		Manifest: seks.Manifest{
			Name: "header", Version: "1.0.0", Title: "Any API whose key goes into one header or query parameter",
			Fields: []seks.CredentialField{{
				Name: "api_key", Use: seks.Reveal, Main: true, Help: "the key, without what stands before it",
				Sinks: []seks.Sink{{Kind: at.kind, Name: at.name}},
			}},
			TokenSlots: slots,
			Parameters: []seks.ParameterNeed{
				{Name: "header", Help: "the header that the key goes into; authorization"},
				{Name: "query", Help: "the query parameter that it goes into instead"},
				{Name: "prefix", Help: "what stands before the key; \"Bearer \" in authorization, nothing elsewhere"},
			},
		},
		Always:    plan,
		Configure: configure,
	}
}

func configure(parameters map[string]string) (seks.Provider, error) {
	at := place{kind: seks.SinkHeader, name: "authorization"}
	header, query := parameters["header"], parameters["query"]
	switch {
	case header != "" && query != "":
		return seks.Provider{}, errors.New("header and query are both given: the key goes to one place")
	case query != "":
		at.kind, at.name = seks.SinkQuery, query
	case header != "":
		at.name = strings.ToLower(header)
	}
	prefix, given := parameters["prefix"]
	if !given && at.kind == seks.SinkHeader && at.name == "authorization" {
		prefix = "Bearer "
	}
	at.prefix = prefix
	return made(at), nil
}

// scheme is the word of a prefix such as "Token ", which a client of the API
// writes before its key too. It is "" where the prefix is no such word.
func scheme(prefix string) string {
	word, ok := strings.CutSuffix(prefix, " ")
	if !ok || strings.Contains(word, " ") {
		return ""
	}
	return word
}
