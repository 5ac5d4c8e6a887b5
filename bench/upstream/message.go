package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Message is a request or an answer as it is on the wire, but for its framing,
// which is taken apart (RFC 9112 section 6).
type Message struct {
	First    string      // request line or status line
	Headers  [][2]string // in order, names as sent, without the space around a value
	Framing  string      // of the body: "none", "length", "chunked", "close"
	Length   int         // as Content-Length says, -1 where there is none
	Body     []byte
	Trailers [][2]string
}

// ReadMessage reads one message. bodiless says that it has no body whatever its
// headers say: an answer to HEAD, and 204 and 304 are found out. An answer
// without framing lasts until the end of in; a request has no body then. io.EOF
// means that nothing came at all. It is for what tests send and get: it trusts
// that the message is well-formed.
func ReadMessage(in *bufio.Reader, bodiless bool) (Message, error) {
	m := Message{Framing: "none", Length: -1}
	head, err := readHead(in)
	if err != nil {
		return m, err
	}
	m.First, _, _ = strings.Cut(head, "\r\n")
	m.Headers = headerLines([]byte(head))
	answer := strings.HasPrefix(m.First, "HTTP/")
	if answer {
		m.Framing = "close"
	}
	for _, h := range m.Headers {
		switch strings.ToLower(h[0]) {
		case "content-length":
			if m.Length, err = strconv.Atoi(h[1]); err != nil {
				return m, err
			}
			m.Framing = "length"
		case "transfer-encoding":
			m.Framing = "chunked"
		}
	}
	if bodiless || answer && noBody(m.First) {
		m.Framing = "none"
		return m, nil
	}
	switch m.Framing {
	case "length":
		m.Body = make([]byte, m.Length)
		_, err = io.ReadFull(in, m.Body)
	case "chunked":
		err = m.readChunks(in)
	case "close":
		m.Body, err = io.ReadAll(in)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return m, err
}

func noBody(status string) bool {
	_, code, _ := strings.Cut(status, " ")
	return strings.HasPrefix(code, "1") || strings.HasPrefix(code, "204") || strings.HasPrefix(code, "304")
}

func readHead(in *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := in.ReadString('\n')
		head.WriteString(line)
		if errors.Is(err, io.EOF) && head.Len() > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", fmt.Errorf("%w after %q", err, head.String())
		}
		if line == "\r\n" {
			return head.String(), nil
		}
	}
}

func (m *Message) readChunks(in *bufio.Reader) error {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		digits, _, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ";")
		n, err := strconv.ParseUint(digits, 16, 31)
		if err != nil {
			return err
		}
		if n == 0 {
			trailers, err := readHead(in)
			m.Trailers = headerLines([]byte("\n" + trailers))
			return err
		}
		data := make([]byte, n+2)
		if _, err := io.ReadFull(in, data); err != nil {
			return err
		}
		if m.Body = append(m.Body, data[:n]...); string(data[n:]) != "\r\n" {
			return fmt.Errorf("a chunk ends in %q", data[n:])
		}
	}
}

// endsByClose says whether the end of an answer to a request is that of its
// connection, by its framing or its word.
func endsByClose(requestLine, answer string) bool {
	in := bufio.NewReader(strings.NewReader(answer))
	for {
		m, err := ReadMessage(in, strings.HasPrefix(requestLine, "HEAD "))
		if err != nil || m.Framing == "close" || strings.HasPrefix(m.First, "HTTP/1.0") {
			return true
		}
		for _, h := range m.Headers {
			if strings.EqualFold(h[0], "Connection") && strings.EqualFold(h[1], "close") {
				return true
			}
		}
		if _, status, _ := strings.Cut(m.First, " "); !strings.HasPrefix(status, "1") {
			return false
		}
	}
}
