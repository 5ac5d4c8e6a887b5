package plan

import (
	"net/url"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func (m *Manifest) checkHints(bad func(string, ...any)) {
	if len(m.Hints) > abi.MaxHints {
		bad("hints: there are %d; at most %d are allowed", len(m.Hints), abi.MaxHints)
	}
	for _, h := range m.Hints {
		switch {
		case h.Kind == abi.HintHeader && !lowerRE.MatchString(h.Name), h.Kind == abi.HintQuery && (!parameter(h.Name) || h.Prefix != ""):
			bad("hint %q: must be a header name in lower case, or the name of a query parameter and no prefix", h.Name)
		case h.Kind != abi.HintHeader && h.Kind != abi.HintQuery:
			bad("hint %q: kind %d is not one that this version knows", h.Name, h.Kind)
		}
		if !oneLine(h.Message) || h.Message == "" || !oneLine(h.Prefix) {
			bad("hint %q: its message and prefix must each be one line of up to %d printable characters", h.Name, maxLine)
		}
	}
}

// Hint is what the plugin says to a request that shows no token; "" for nothing.
func (m *Manifest) Hint(headers []request.Header, query string) string {
	for i := range m.Hints {
		h := &m.Hints[i]
		if h.Kind == abi.HintQuery && hasParameter(query, h.Name) {
			return h.Message
		}
		for _, line := range headers {
			if h.Kind == abi.HintHeader && strings.EqualFold(line.Name, h.Name) &&
				len(line.Value) >= len(h.Prefix) && strings.EqualFold(line.Value[:len(h.Prefix)], h.Prefix) {
				return h.Message
			}
		}
	}
	return ""
}

func hasParameter(query, name string) bool {
	for pair := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(key); err == nil && plain == name {
			return true
		}
	}
	return false
}

// WantsHeader says whether the view brings a header of that name.
func (m *Manifest) WantsHeader(name string) bool {
	for _, need := range m.Headers {
		start, open := strings.CutSuffix(need, "*")
		if open && len(name) >= len(start) && strings.EqualFold(name[:len(start)], start) || strings.EqualFold(name, need) {
			return true
		}
	}
	return false
}
