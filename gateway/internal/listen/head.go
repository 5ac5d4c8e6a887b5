package listen

import (
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/wire"
)

// message is a request's head, read strictly.
type message struct {
	request.Raw
	length int64 // of the body: what wire.Framing says of it, 0 where it says nothing
	old    bool  // HTTP/1.0
}

// parseHead takes a head apart. Its strings are text's own memory, which nothing
// writes to again.
func parseHead(text string) (message, *fault.Fault) {
	line, rest, _ := strings.Cut(text, "\r\n")
	method, line, _ := strings.Cut(line, " ")
	target, version, _ := strings.Cut(line, " ")
	m := message{Raw: request.Raw{Method: method, Target: target}, old: version == "HTTP/1.0"}
	switch {
	case !request.Token(method) || target == "" || !strings.HasPrefix(version, "HTTP/"):
		return message{}, unreadable(wire.Errorf("its first line is not a method, a target and a version, with one space between them"))
	case !m.old && version != "HTTP/1.1":
		return m, fault.Newf(fault.BadRequest, "the request's version is neither HTTP/1.1 nor HTTP/1.0")
	}
	var err error
	if m.Headers, err = wire.ParseHeaders(rest); err != nil {
		return m, unreadable(err)
	}
	if m.length, err = wire.Framing(m.Headers); err != nil {
		return m, unreadable(err)
	}
	switch {
	case m.length == wire.Unsaid:
		m.length = 0
	case m.length == wire.Chunked && m.old:
		return m, unreadable(wire.Errorf("a request of HTTP/1.0 is chunked"))
	}
	for i := range m.Headers {
		if h := &m.Headers[i]; len(h.Name) == len("Host") && strings.EqualFold(h.Name, "Host") {
			m.Host = h.Value
			m.Hosts++
		}
	}
	return m, nil
}

// unreadable is what can't be read as one request.
func unreadable(err error) *fault.Fault {
	return fault.Newf(fault.BadRequest, "this is not a request that can be read: check its request line, headers and length").Because(err)
}

// keeps says whether the agent wants another request on the connection.
func (m *message) keeps() bool {
	if m.old {
		return wire.Options(m.Headers, "keep-alive")
	}
	return !wire.Options(m.Headers, "close")
}

// expects says that the agent waits for leave to send its body (RFC 9110
// §10.1.1).
func (m *message) expects() bool {
	if m.old {
		return false
	}
	for i := range m.Headers {
		if h := &m.Headers[i]; len(h.Name) == len("Expect") && strings.EqualFold(h.Name, "Expect") {
			return strings.EqualFold(h.Value, "100-continue")
		}
	}
	return false
}
