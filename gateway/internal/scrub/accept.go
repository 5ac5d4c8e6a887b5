package scrub

import (
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// AcceptEncoding is what of an Accept-Encoding value (RFC 9110 §12.5.3) may go
// upstream: the codings that can be decoded on the way back, with their
// weights, in their order. A coding that is dropped would come back as an answer
// that can't be searched, and so be refused; "*" stands for any, and goes too.
// Where nothing is dropped the value stays as it is; where nothing is left it
// becomes "identity", since no value at all would mean that any coding will do.
func AcceptEncoding(value string) string {
	var named, known int
	for element := range strings.SplitSeq(value, ",") {
		if name := codingOf(element); name != "" {
			named++
			if decodable(name) {
				known++
			}
		}
	}
	switch known {
	case 0:
		return "identity"
	case named:
		return value
	}
	kept := make([]string, 0, known)
	for element := range strings.SplitSeq(value, ",") {
		if decodable(codingOf(element)) {
			kept = append(kept, strings.Trim(element, " \t"))
		}
	}
	return strings.Join(kept, ", ")
}

// Accept narrows each Accept-Encoding header in place. None is added.
func Accept(headers []request.Header) {
	for i := range headers {
		if strings.EqualFold(headers[i].Name, "Accept-Encoding") {
			headers[i].Value = AcceptEncoding(headers[i].Value)
		}
	}
}

func codingOf(element string) string {
	name, _, _ := strings.Cut(element, ";")
	return strings.Trim(name, " \t")
}

func decodable(name string) bool {
	for _, known := range [...]string{"gzip", "x-gzip", "deflate", "br", "zstd", "identity"} {
		if strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}
