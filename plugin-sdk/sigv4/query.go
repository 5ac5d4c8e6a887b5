package sigv4

import "strings"

// Parameter is one of a query: Raw as it was sent, Name and Value decoded once. A
// plus is a plus.
type Parameter struct{ Raw, Name, Value string }

// Query takes a raw query apart.
func Query(raw string) []Parameter {
	var list []Parameter
	for pair := range strings.SplitSeq(raw, "&") {
		if pair != "" {
			name, value, _ := strings.Cut(pair, "=")
			list = append(list, Parameter{pair, decode(name), decode(value)})
		}
	}
	return list
}

// Join puts a query together again.
func Join(list []Parameter) string {
	var b strings.Builder
	for i, p := range list {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.Raw)
	}
	return b.String()
}

// Presigned is the authorization in a query.
type Presigned struct {
	Authorization
	Time    string // X-Amz-Date
	Expires string // X-Amz-Expires, in seconds
	Query   string // what is signed of the query: all but the signature
}

// ParsePresigned reads a query's authorization. ok is false where a part of it is
// missing, or stands twice.
func ParsePresigned(raw string) (p Presigned, ok bool) {
	all := Query(raw)
	kept := all[:0:0]
	seen := map[string]string{}
	for _, q := range all {
		switch q.Name {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature":
			if _, twice := seen[q.Name]; twice {
				return p, false
			}
			seen[q.Name] = q.Value
		}
		if q.Name != "X-Amz-Signature" {
			kept = append(kept, q)
		}
	}
	p.Authorization, ok = ParseAuthorization(seen["X-Amz-Algorithm"] + " Credential=" + seen["X-Amz-Credential"] +
		",SignedHeaders=" + seen["X-Amz-SignedHeaders"] + ",Signature=" + seen["X-Amz-Signature"])
	p.Time, p.Expires, p.Query = seen["X-Amz-Date"], seen["X-Amz-Expires"], Join(kept)
	return p, ok && p.Time != "" && p.Expires != ""
}

// Escape is s as it stands in a canonical query; EscapePath keeps the slashes.
func Escape(s string) string { return encode(s, false) }

// EscapePath is s as it stands in a canonical path.
func EscapePath(s string) string { return encode(s, true) }
