package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// Bounds of an answer's head.
const (
	maxHead    = 64 << 10 // bytes
	maxHeaders = 256      // lines
	maxInterim = 16       // 1xx answers before the real one
)

// head is a status line and its headers, as sent.
type head struct {
	status  int
	reason  string
	headers []request.Header
	old     bool // HTTP/1.0
}

// errProtocol is what an upstream sent that no strict reader accepts. Reading
// on would be guessing where the answer ends, and the next one begins.
type errProtocol struct{ what string }

func (e errProtocol) Error() string {
	return "the API's answer is not HTTP/1.1 as RFC 9112 has it: " + e.what
}

func protocolf(format string, args ...any) error { return errProtocol{fmt.Sprintf(format, args...)} }

// readHead reads one head. io.EOF means that nothing came at all.
func readHead(br *bufio.Reader) (head, error) {
	text, err := readLines(br)
	if err != nil {
		return head{}, err
	}
	line, rest, _ := strings.Cut(text, "\r\n")
	h, err := parseStatusLine(line)
	if err != nil {
		return head{}, err
	}
	h.headers, err = parseHeaders(rest)
	return h, err
}

// readLines reads up to and with the empty line, as one string.
func readLines(br *bufio.Reader) (string, error) {
	var all []byte
	for lineStart := 0; ; {
		part, err := br.ReadSlice('\n')
		all = append(all, part...)
		if len(all) > maxHead {
			return "", protocolf("its head has more than %d KiB", maxHead>>10)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			if errors.Is(err, io.EOF) && len(all) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		if n := len(all); n < lineStart+2 || all[n-2] != '\r' {
			return "", protocolf("a line ends in LF alone")
		}
		if len(all) == lineStart+2 {
			if lineStart == 0 {
				return "", protocolf("it begins with an empty line")
			}
			return string(all), nil
		}
		lineStart = len(all)
	}
}

func parseStatusLine(line string) (head, error) {
	version, rest, _ := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	h := head{reason: reason, old: version == "HTTP/1.0"}
	if !h.old && version != "HTTP/1.1" {
		return h, protocolf("its version is neither HTTP/1.1 nor HTTP/1.0")
	}
	if len(code) != 3 || code[0] < '1' || code[0] > '5' || !digit(code[1]) || !digit(code[2]) {
		return h, protocolf("its status is no number from 100 to 599")
	}
	if !visible(reason) {
		return h, protocolf("a control character in its status text")
	}
	h.status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	return h, nil
}

// parseHeaders takes lines that end in CRLF, up to the empty one.
func parseHeaders(text string) ([]request.Header, error) {
	list := make([]request.Header, 0, 16)
	for {
		line, rest, ok := strings.Cut(text, "\r\n")
		if line == "" || !ok {
			return list, nil
		}
		text = rest
		name, value, found := strings.Cut(line, ":")
		switch {
		case line[0] == ' ' || line[0] == '\t':
			return nil, protocolf("a folded header line")
		case !found || !token(name):
			return nil, protocolf("a header line without a proper name")
		case !visible(value):
			return nil, protocolf("a control character in the value of a header")
		case len(list) == maxHeaders:
			return nil, protocolf("more than %d header lines", maxHeaders)
		}
		list = append(list, request.Header{Name: name, Value: strings.Trim(value, " \t")})
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// token is RFC 9110 §5.6.2.
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !digit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// visible is RFC 9110 §5.5: no control character but tab.
func visible(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// framing says how long an answer's body is: -1 where it is chunked, -2 where
// it lasts until the connection closes (RFC 9112 §6.3, strictly).
func (h *head) framing(method string) (int64, error) {
	length, chunked := int64(-2), false
	for _, f := range h.headers {
		switch {
		case strings.EqualFold(f.Name, "Content-Length"):
			n, err := parseLength(f.Value)
			if err != nil || length >= 0 {
				return 0, protocolf("its Content-Length is not one number")
			}
			length = n
		case strings.EqualFold(f.Name, "Transfer-Encoding"):
			if chunked || !strings.EqualFold(f.Value, "chunked") || h.old {
				return 0, protocolf("its Transfer-Encoding is not chunked alone")
			}
			chunked = true
		}
	}
	if chunked && length >= 0 {
		return 0, protocolf("it has both Content-Length and Transfer-Encoding")
	}
	switch {
	case method == "HEAD", h.status == 304:
		return length, nil // what the body would have; there is none
	case h.status == 204:
		return 0, nil
	case chunked:
		return -1, nil
	}
	return length, nil
}

func parseLength(s string) (int64, error) {
	if s == "" || len(s) > 18 {
		return 0, errors.New("no length")
	}
	var n int64
	for i := range len(s) {
		if !digit(s[i]) {
			return 0, errors.New("no length")
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, nil
}

// keeps says whether the connection may serve another request.
func (h *head) keeps() bool {
	keep := !h.old
	for _, f := range h.headers {
		if !strings.EqualFold(f.Name, "Connection") {
			continue
		}
		for option := range strings.SplitSeq(f.Value, ",") {
			if strings.EqualFold(strings.Trim(option, " \t"), "close") {
				keep = false
			}
		}
	}
	return keep
}
