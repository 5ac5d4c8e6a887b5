package upstream

import (
	"bufio"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/wire"
)

// maxInterim bounds the 1xx answers before the real one.
const maxInterim = 16

// head is a status line and its headers, as sent.
type head struct {
	status  int
	reason  string
	headers []request.Header
	old     bool // HTTP/1.0
}

// readHead reads one head. io.EOF means that nothing came at all.
func readHead(br *bufio.Reader) (head, error) {
	text, err := wire.ReadHead(br)
	if err != nil {
		return head{}, err
	}
	line, rest, _ := strings.Cut(text, "\r\n")
	h, err := parseStatusLine(line)
	if err != nil {
		return head{}, err
	}
	h.headers, err = wire.ParseHeaders(rest)
	return h, err
}

func parseStatusLine(line string) (head, error) {
	version, rest, _ := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	h := head{reason: reason, old: version == "HTTP/1.0"}
	if !h.old && version != "HTTP/1.1" {
		return h, wire.Errorf("its version is neither HTTP/1.1 nor HTTP/1.0")
	}
	if len(code) != 3 || code[0] < '1' || code[0] > '5' || code[1] < '0' || code[1] > '9' || code[2] < '0' || code[2] > '9' {
		return h, wire.Errorf("its status is no number from 100 to 599")
	}
	if !wire.Visible(reason) {
		return h, wire.Errorf("a control character in its status text")
	}
	h.status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	return h, nil
}

// framing says how long an answer's body is: wire.Chunked where it is chunked,
// wire.Unsaid where it lasts until the connection closes (RFC 9112 §6.3, strictly).
func (h *head) framing(method string) (int64, error) {
	length, err := wire.Framing(h.headers)
	switch {
	case err != nil:
		return 0, err
	case length == wire.Chunked && h.old:
		return 0, wire.Errorf("an answer of HTTP/1.0 has a Transfer-Encoding")
	case method == "HEAD", h.status == 304:
		// What the body would have; there is none.
		if length == wire.Chunked {
			length = wire.Unsaid
		}
		return length, nil
	case h.status == 204:
		return 0, nil
	}
	return length, nil
}

// keeps says whether the connection may serve another request.
func (h *head) keeps() bool { return !h.old && !wire.Options(h.headers, "close") }
