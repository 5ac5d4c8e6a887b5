package request

import (
	"net/netip"
	"strings"
)

// authority is a Host header taken apart.
type authority struct {
	raw  string
	name string // in lower case; IPv6 in brackets
	port string
}

// parseAuthority takes host [":" port] (RFC 9110 §4.2.1), without userinfo. It
// is stricter than the grammar: no percent-encoding, no empty label, no empty
// port, because those are ways to write one name in two.
func parseAuthority(s string) (authority, error) {
	if s == "" {
		return authority{}, refuse("an empty Host")
	}
	if strings.Contains(s, "@") {
		return authority{}, refuse("a user name or a password in its Host or target")
	}
	name, port := s, ""
	if end := strings.LastIndexByte(s, ':'); end > strings.LastIndexByte(s, ']') {
		name, port = s[:end], s[end+1:]
		if !validPort(port) {
			return authority{}, refuse("a Host whose port is not a number from 1 to 65535")
		}
	}
	if !validHost(name) {
		return authority{}, refuse("a Host that is neither a host name nor an IP address")
	}
	return authority{raw: s, name: strings.ToLower(name), port: port}, nil
}

func validPort(s string) bool {
	if len(s) == 0 || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}

func validHost(s string) bool {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return ok && err == nil && a.Is6() && a.Zone() == ""
	}
	if len(s) > 253 {
		return false
	}
	before := byte('.')
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case c == '.' && before != '.':
		default:
			return false
		}
		before = c
	}
	return before != '.' // also where s is empty
}
