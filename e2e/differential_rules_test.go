package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
)

// The differences that there are to be. A rule changes what went straight into
// what has to come through the broker; why is the reason for it.
type rule struct {
	why  string
	drop func(name string) bool // headers that go no further; may be nil
	edit func(m *upstream.Message)
}

func named(names ...string) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
}

func prefixed(prefix string) func(string) bool {
	return func(name string) bool { return strings.HasPrefix(strings.ToLower(name), prefix) }
}

var hopByHop = named("Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "Proxy-Connection")

var requestRules = []rule{
	{why: "the credential takes the place of the token", drop: named("Authorization")},
	{why: "it concerns one connection only (RFC 9110 section 7.6.1)", drop: hopByHop, edit: dropNamedByConnection},
	{why: "it is for a proxy, and the broker is the last of them", drop: prefixed("proxy-")},
	{why: "it says where the agent is, or lets it pretend to be elsewhere", drop: func(n string) bool {
		return prefixed("x-forwarded-")(n) || named("Forwarded", "Via", "X-Real-IP")(n)
	}},
	{why: "the body's framing is compared by itself", drop: named("Content-Length", "Transfer-Encoding")},
	{why: "codings that the scrubber can't search are not asked for", edit: narrowAcceptEncoding},
	{why: "several ranges become the whole, so that no secret is cut by their ends", drop: named("Range")},
	{why: "a POST without a body says so (RFC 9110 section 8.6)", edit: func(m *upstream.Message) {
		method, _, _ := strings.Cut(m.First, " ")
		if m.Framing == "none" && slices.Contains([]string{"POST", "PUT", "PATCH"}, method) {
			m.Framing, m.Length, m.Body = "length", 0, []byte{}
		}
	}},
	{why: "the query is kept without its ?, and so an empty one is none", edit: func(m *upstream.Message) {
		m.First = strings.Replace(m.First, "? HTTP/", " HTTP/", 1)
	}},
}

var answerRules = []rule{
	{why: "it concerns one connection only (RFC 9110 section 7.6.1)", drop: hopByHop, edit: dropNamedByConnection},
	{why: "the body's framing is compared by itself", drop: named("Content-Length", "Transfer-Encoding")},
	{why: "it leaves something with the client for a whole origin, and that is the broker's", drop: named("Set-Cookie", "Alt-Svc", "Strict-Transport-Security")},
	{why: "only the broker speaks for the broker", drop: prefixed("x-seks-")},
	{why: "the broker speaks HTTP/1.1 itself (RFC 9110 section 2.5)", edit: func(m *upstream.Message) {
		m.First = strings.Replace(m.First, "HTTP/1.0", "HTTP/1.1", 1)
	}},
	{why: "the space before an empty status text is part of the status line (RFC 9112 section 4)", edit: func(m *upstream.Message) {
		if strings.Count(m.First, " ") == 1 {
			m.First += " "
		}
	}},
	{why: "an answer 204 has no Content-Length (RFC 9110 section 8.6)", edit: func(m *upstream.Message) {
		if strings.HasPrefix(m.First, "HTTP/1.1 204 ") {
			m.Length = -1
		}
	}},
	{why: "the agent's connection outlives the answer, and so its length is said", edit: func(m *upstream.Message) {
		if m.Framing == "close" {
			m.Framing = "chunked"
		}
	}},
}

// apply drops and edits, in the rules' order, but finds what to drop first.
func apply(rules []rule, m upstream.Message) upstream.Message {
	for _, r := range rules {
		if r.edit != nil {
			r.edit(&m)
		}
	}
	m.Headers = slices.DeleteFunc(slices.Clone(m.Headers), func(h [2]string) bool {
		return slices.ContainsFunc(rules, func(r rule) bool { return r.drop != nil && r.drop(h[0]) })
	})
	if len(m.Headers) == 0 {
		m.Headers = nil
	}
	return m
}

// upTo is what a request has to look like at the API. With a key, it is one that
// came through the broker: only what says whose it is is taken out.
func upTo(m upstream.Message, host, key string) upstream.Message {
	at := slices.IndexFunc(m.Headers, func(h [2]string) bool { return strings.EqualFold(h[0], "Host") && h[1] == host })
	if at < 0 {
		m.First += " (with another Host)"
	} else {
		m.Headers = slices.Delete(slices.Clone(m.Headers), at, at+1)
	}
	if key == "" {
		return apply(requestRules, m)
	}
	return apply([]rule{
		{why: "it is the credential", drop: named("Authorization")},
		{why: "the body's framing is compared by itself", drop: named("Content-Length", "Transfer-Encoding")},
		{why: "the key must be there, once", edit: func(m *upstream.Message) {
			if n := countHeader(*m, "Authorization", "Bearer "+key); n != 1 {
				m.First += " (without the key)"
			}
		}},
	}, m)
}

// downFrom is what an answer has to look like at the agent.
func downFrom(m upstream.Message) upstream.Message { return apply(answerRules, m) }

// arrived is an answer from the broker, without what is the broker's own.
func arrived(t *testing.T, m upstream.Message, last bool) upstream.Message {
	t.Helper()
	ids := slices.DeleteFunc(slices.Clone(m.Headers), func(h [2]string) bool { return h[0] != "X-Seks-Request-Id" })
	if last != (len(ids) == 1) {
		t.Errorf("an answer with the request ids %q", ids)
	}
	return apply([]rule{
		{why: "the broker's own", drop: named("X-Seks-Request-Id")},
		{why: "framing and connection are compared by themselves", drop: named("Content-Length", "Transfer-Encoding", "Connection", "Trailer")},
	}, m)
}

func countHeader(m upstream.Message, name, value string) (n int) {
	for _, h := range m.Headers {
		if strings.EqualFold(h[0], name) {
			if n++; h[1] != value {
				return -1
			}
		}
	}
	return n
}

func dropNamedByConnection(m *upstream.Message) {
	var options []string
	for _, h := range m.Headers {
		if strings.EqualFold(h[0], "Connection") {
			for option := range strings.SplitSeq(h[1], ",") {
				options = append(options, strings.TrimSpace(option))
			}
		}
	}
	m.Headers = slices.DeleteFunc(slices.Clone(m.Headers), func(h [2]string) bool { return named(options...)(h[0]) })
}

// narrowAcceptEncoding knows the values of the scripts only.
func narrowAcceptEncoding(m *upstream.Message) {
	narrow := map[string]string{"gzip;q=1.0, identity; q=0.5, *;q=0": "gzip;q=1.0, identity; q=0.5"}
	m.Headers = slices.Clone(m.Headers)
	for i, h := range m.Headers {
		if to, ok := narrow[h[1]]; ok && strings.EqualFold(h[0], "Accept-Encoding") {
			m.Headers[i][1] = to
		}
	}
}

func dropHeader(m *upstream.Message, name string) {
	m.Headers = slices.DeleteFunc(slices.Clone(m.Headers), func(h [2]string) bool { return strings.EqualFold(h[0], name) })
}
