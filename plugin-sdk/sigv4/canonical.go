package sigv4

import (
	"slices"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Request is what a signature is over.
type Request struct {
	Method, Path, Query string // as they are sent; Query without "?"
	Host                string
	Headers             []seks.Header // all but Host
	Payload             string        // x-amz-content-sha256
	Time                string        // x-amz-date, YYYYMMDDTHHMMSSZ

	// Computed are values that only the host knows, in the place of those above: of
	// a header, by its name in lower case, or of Payload, by no name.
	Computed map[string]seks.Expr
}

// Canonical is the canonical request, by S3's rules: the path is decoded once and
// encoded once, and nothing in it is folded. Computed values are left out.
func (r *Request) Canonical(signed []string) string {
	plain := *r
	plain.Computed = nil
	text := ""
	plain.write(signed, func(b []byte, _ seks.Expr) { text = string(b) })
	return text
}

// appendCanonical appends a program for the canonical request.
func (r *Request) appendCanonical(p []byte, signed []string) []byte {
	parts := 0
	r.write(signed, func(b []byte, value seks.Expr) {
		p = append(abi.AppendLit(p, string(b)), value...)
		if parts++; value != nil {
			parts++
		}
	})
	if parts == 1 {
		return p
	}
	return abi.AppendConcat(p, parts)
}

// write gives the canonical request in its parts: text, each with the computed
// value that follows it, and the rest.
func (r *Request) write(signed []string, part func(b []byte, value seks.Expr)) {
	b := make([]byte, 0, 1024)
	b = append(append(b, r.Method...), '\n')
	b = append(append(b, encode(decode(r.Path), true)...), '\n')
	b = append(append(b, query(r.Query)...), '\n')
	for _, name := range signed {
		b = append(append(b, name...), ':')
		if value := r.Computed[name]; value != nil {
			part(b, value)
			b = append(b[:0], '\n')
			continue
		}
		b = append(r.appendHeader(b, name), '\n')
	}
	b = append(b, '\n')
	for i, name := range signed {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	if value := r.Computed[""]; value != nil {
		part(b, value)
		b = b[:0]
	}
	part(append(b, r.Payload...), nil)
}

// appendHeader appends a header's value: trimmed, runs of spaces as one, repeats
// joined.
func (r *Request) appendHeader(b []byte, name string) []byte {
	if name == "host" {
		return append(b, r.Host...)
	}
	first := true
	for i := range r.Headers {
		h := &r.Headers[i]
		if len(h.Name) != len(name) || h.Name != name && !strings.EqualFold(h.Name, name) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		v := strings.TrimSpace(h.Value)
		if strings.Contains(v, "  ") || strings.IndexByte(v, '\t') >= 0 {
			v = strings.Join(strings.Fields(v), " ")
		}
		b = append(b, v...)
	}
	return b
}

// query sorts by encoded name and value. A parameter without a value has an
// empty one; a plus is a plus.
func query(raw string) string {
	if raw == "" {
		return ""
	}
	type pair struct{ name, value string }
	var pairs []pair
	for p := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(p, "=")
		if p != "" {
			pairs = append(pairs, pair{encode(decode(name), false), encode(decode(value), false)})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String()
}

// decode undoes each %XX once; what isn't one stays.
func decode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && digit(s[i+1]) < 16 && digit(s[i+2]) < 16 {
			out = append(out, digit(s[i+1])<<4|digit(s[i+2]))
			i += 2
		} else {
			out = append(out, s[i])
		}
	}
	return string(out)
}

func digit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// encode keeps the unreserved characters of RFC 3986 §2.3, and slashes in a path.
func encode(s string, path bool) string {
	plain := 0
	for plain < len(s) && kept(s[plain], path) {
		plain++
	}
	if plain == len(s) {
		return s
	}
	const digits = "0123456789ABCDEF"
	out := append(make([]byte, 0, len(s)+16), s[:plain]...)
	for i := plain; i < len(s); i++ {
		if c := s[i]; kept(c, path) {
			out = append(out, c)
		} else {
			out = append(out, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(out)
}

func kept(c byte, path bool) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' || c == '_' || c == '~' || path && c == '/'
}
