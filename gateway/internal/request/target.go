package request

import "strings"

// splitTarget takes origin-form, or absolute-form whose authority and scheme
// are those of the request itself (RFC 9112 §3.2.1, §3.2.2: a server that
// ignored the one and a proxy that ignored the other would see two hosts).
func splitTarget(target string, host authority, tls bool) (path, query string, err error) {
	for i := range len(target) {
		switch c := target[i]; {
		case c < ' ' || c == 0x7f:
			return "", "", refuse("a control character in its target")
		case c == ' ' || c == '#':
			return "", "", refuse("a raw space or # in its target: percent-encode it")
		}
	}
	if !strings.HasPrefix(target, "/") {
		if target, err = cutOrigin(target, host, tls); err != nil {
			return "", "", err
		}
	}
	if !validEscapes(target) {
		return "", "", refuse("a %% in its target that two hexadecimal digits don't follow")
	}
	path, query, _ = strings.Cut(target, "?")
	if path == "" { // "http://host?q" is "http://host/?q" (RFC 9110 §4.2.3)
		path = "/"
	}
	return path, query, nil
}

// cutOrigin cuts scheme and authority off an absolute-form target.
func cutOrigin(target string, host authority, tls bool) (rest string, err error) {
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok {
		return "", refuse("a target that doesn't begin with / or with http://")
	}
	want := "http"
	if tls {
		want = "https"
	}
	if !strings.EqualFold(scheme, want) {
		return "", refuse("a target whose scheme is not the one it came over")
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	named, err := parseAuthority(rest[:end])
	if err != nil {
		return "", err
	}
	if named.name != host.name || named.port != host.port {
		return "", refuse("a target that names another host than its Host header")
	}
	return rest[end:], nil
}

func validEscapes(s string) bool {
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			return true
		}
		if len(s) < i+3 || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return false
		}
		s = s[i+3:]
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
