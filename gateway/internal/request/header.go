package request

import "strings"

// headerKind is what the door knows of a header by its name.
type headerKind byte

const (
	ordinary headerKind = iota
	hopByHop            // concerns this connection only, or is written anew for the next
	override            // makes some servers act on another method, path or host
	hostLine
	lengthLine
	codingLine
)

// kinds is by folded name. Hop-by-hop is RFC 9110 §7.6.1 with what a proxy
// writes itself (Host, lengths, Expect) and what would tell the API, or let the
// agent pretend to it, where a request came from.
var kinds = map[string]headerKind{
	"connection": hopByHop, "keep-alive": hopByHop, "te": hopByHop, "trailer": hopByHop, "upgrade": hopByHop,
	"expect": hopByHop, "forwarded": hopByHop, "via": hopByHop, "x-real-ip": hopByHop,
	"host": hostLine, "content-length": lengthLine, "transfer-encoding": codingLine,

	"x-http-method-override": override, "x-http-method": override, "x-method-override": override,
	"x-original-method": override, "x-original-url": override, "x-original-uri": override,
	"x-rewrite-url": override, "x-original-host": override, "x-http-host-override": override, "x-host": override,
}

// kindOf folds case, and "_" to "-": CGI and its heirs make both one name, and
// so an X_Original_URL is an X-Original-URL to some.
func kindOf(name string) headerKind {
	var buf [32]byte // longer than every name in kinds; the prefixes fit too
	n := min(len(name), len(buf))
	for i := range n {
		buf[i] = fold(name[i])
	}
	key := buf[:n]
	if hasPrefix(key, "proxy-") || hasPrefix(key, "x-forwarded-") {
		return hopByHop
	}
	if n < len(name) {
		return ordinary
	}
	return kinds[string(key)]
}

func fold(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case c == '_':
		return '-'
	}
	return c
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

// checkHeaders refuses lines that no header may be, lines that say twice and
// differently what may be said once, and lines that override the request.
func checkHeaders(headers []Header, host string) error {
	var hosts, lengths, codings int
	underscores := false
	for _, h := range headers {
		switch {
		case !Token(h.Name):
			return refuse("a header whose name is not a word of letters, digits and hyphens")
		case !validValue(h.Value):
			return refuse("a control character in the value of a header")
		}
		underscores = underscores || strings.Contains(h.Name, "_")
		switch kindOf(h.Name) {
		case override:
			return refuse("a header that makes some servers act on another method, path or host: %s", strings.ToLower(h.Name))
		case hostLine:
			if hosts++; hosts > 1 || h.Value != host {
				return refuse("more than one Host")
			}
		case lengthLine:
			if lengths++; lengths > 1 || !digits(h.Value) {
				return refuse("a Content-Length that is not one number")
			}
		case codingLine:
			if codings++; codings > 1 || !strings.EqualFold(h.Value, "chunked") {
				return refuse("a Transfer-Encoding other than chunked")
			}
		}
	}
	if lengths > 0 && codings > 0 { // RFC 9112 §6.1: the way requests are smuggled
		return refuse("both Content-Length and Transfer-Encoding")
	}
	if underscores {
		return checkTwins(headers)
	}
	return nil
}

// checkTwins refuses two names that differ in "_" and "-" only, such as
// x_api_key beside x-api-key: a server that makes them one picks either.
func checkTwins(headers []Header) error {
	seen := make(map[string]string, len(headers))
	for _, h := range headers {
		twin, ok := seen[folded(h.Name)]
		if ok && !strings.EqualFold(twin, h.Name) {
			return refuse("two headers whose names differ in _ and - only")
		}
		seen[folded(h.Name)] = h.Name
	}
	return nil
}

func folded(name string) string {
	b := []byte(name)
	for i, c := range b {
		b[i] = fold(c)
	}
	return string(b)
}

// validValue is RFC 9110 §5.5, without the control characters that it lets a
// recipient keep.
func validValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// HopByHop says that a header of this name never goes upstream as it came:
// those of RFC 9110 §7.6.1, Host, Content-Length and Expect, which are written
// anew, and every Proxy-*, X-Forwarded-*, Forwarded, Via and X-Real-IP.
func HopByHop(name string) bool {
	switch kindOf(name) {
	case hopByHop, hostLine, lengthLine, codingLine:
		return true
	}
	return false
}

// Stripped is headers without those that are HopByHop or named by a Connection
// header. Order, case and repeats of the rest stay; headers is not changed.
func Stripped(headers []Header) []Header {
	named := connectionOptions(headers)
	kept := make([]Header, 0, len(headers))
	for _, h := range headers {
		if HopByHop(h.Name) || named != nil && named[folded(h.Name)] {
			continue
		}
		kept = append(kept, h)
	}
	return kept
}

// EndToEnd is an answer's headers without those that concern its connection only
// (RFC 9110 §7.6.1), by their own name or by a Connection header's, and without
// its framing. Order, case and repeats of the rest stay; headers is not changed.
func EndToEnd(headers []Header) []Header {
	named := connectionOptions(headers)
	kept := make([]Header, 0, len(headers)+1)
	for _, h := range headers {
		if !concernsConnection(h.Name) && (named == nil || !named[folded(h.Name)]) {
			kept = append(kept, h)
		}
	}
	return kept
}

func concernsConnection(name string) bool {
	switch len(name) {
	case 2:
		return strings.EqualFold(name, "TE")
	case 7:
		return strings.EqualFold(name, "Trailer") || strings.EqualFold(name, "Upgrade")
	case 10:
		return strings.EqualFold(name, "Connection") || strings.EqualFold(name, "Keep-Alive")
	case 14:
		return strings.EqualFold(name, "Content-Length")
	case 16:
		return strings.EqualFold(name, "Proxy-Connection")
	case 17:
		return strings.EqualFold(name, "Transfer-Encoding")
	case 18:
		return strings.EqualFold(name, "Proxy-Authenticate")
	}
	return false
}

// Trailers is what of the lines behind a request's body may go upstream: those
// that the door would let in as headers, and that no server may take for
// framing, routing or an override (RFC 9110 §6.5.1). The body has gone by then,
// so the others are left out, not refused.
func Trailers(lines []Header) []Header {
	var kept []Header
	for _, l := range lines {
		if Token(l.Name) && validValue(l.Value) && kindOf(l.Name) == ordinary {
			kept = append(kept, l)
		}
	}
	return kept
}

// connectionOptions is what the Connection headers name, folded; nil where they
// name no header.
func connectionOptions(headers []Header) map[string]bool {
	var named map[string]bool
	for _, h := range headers {
		if !strings.EqualFold(h.Name, "Connection") {
			continue
		}
		for option := range strings.SplitSeq(h.Value, ",") {
			option = strings.Trim(option, " \t")
			if strings.EqualFold(option, "keep-alive") || strings.EqualFold(option, "close") {
				continue
			}
			if named == nil {
				named = map[string]bool{}
			}
			named[folded(option)] = true
		}
	}
	return named
}
