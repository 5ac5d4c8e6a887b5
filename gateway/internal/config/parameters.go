package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	parameterName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	headerName    = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]{1,64}$`)
)

// kindHeader is the provider that needs no plugin of its own: the built-in plugin
// of that name, told where the credential goes.
const kindHeader = "header"

// parameters are what the plugin is told: those of the parameters table, or what a
// provider of a kind says in keys of its own.
func parameters(t table, p *Provider) map[string]string {
	if _, given := t.values["kind"]; given {
		return headerParameters(t, p)
	}
	list := t.table("parameters")
	var all map[string]string
	for _, n := range slices.Sorted(maps.Keys(list.values)) {
		if !parameterName.MatchString(n) {
			list.fault(n, "is no parameter's name: write lower-case letters, digits and _, a letter first, at most 32")
		}
		if all == nil {
			all = map[string]string{}
		}
		all[n] = list.text(n, "")
	}
	return all
}

func headerParameters(t table, p *Provider) map[string]string {
	if kind := t.text("kind", kindHeader); kind != kindHeader {
		t.fault("kind", `%q is no kind of provider: write "header", or leave it out and name a plugin`, kind)
	}
	if _, given := t.value("plugin"); given {
		t.fault("plugin", `stands beside kind = "header", which has a plugin of its own: leave one of the two out`)
	}
	if p.Upstream == nil && t.text("upstream", "") == "" {
		t.fault("kind", `"header" needs upstream: write the API's URL there, as in upstream = "https://api.example.com"`)
	}
	p.Plugin = kindHeader
	all := map[string]string{}
	header, query := t.text("header", ""), t.text("query", "")
	switch {
	case header != "" && query != "":
		t.fault("query", "stands beside header: the credential goes to one of the two")
	case query != "":
		all["query"] = query
		if !printable(query) || strings.ContainsAny(query, "&=#") {
			t.fault("query", "%q is no name of a query parameter", query)
		}
	case header != "":
		all["header"] = strings.ToLower(header)
		if !headerName.MatchString(header) {
			t.fault("header", `%q is no header's name: write the name alone, as in "X-Api-Key"`, header)
		}
	}
	if _, given := t.value("prefix"); given {
		all["prefix"] = t.text("prefix", "")
		if !printable(all["prefix"]) {
			t.fault("prefix", `holds what can't stand in a header: write what comes before the key, as in "Token "`)
		}
	}
	return all
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
