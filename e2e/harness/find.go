package harness

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// Find says in which form a secret is in data: raw, hex in any case, or base64
// and base64url at any alignment. It is "" where it is not.
func Find(data []byte, secret string) string {
	if bytes.Contains(data, []byte(secret)) {
		return "raw"
	}
	if bytes.Contains(bytes.ToLower(data), []byte(hex.EncodeToString([]byte(secret)))) {
		return "hex"
	}
	for lead := range 3 {
		for i, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := e.EncodeToString(append(make([]byte, lead), secret...))
			// Without the digits that also hold bits of what stands around it.
			first, last := (lead*8+5)/6, (lead+len(secret))*8/6
			if bytes.Contains(data, []byte(text[first:last])) {
				return fmt.Sprintf("%s at alignment %d", []string{"base64", "base64url"}[i], lead)
			}
		}
	}
	return ""
}
