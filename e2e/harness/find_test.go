package harness

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// The search that the other tests rely on finds what it is for.
func TestFind(t *testing.T) {
	const secret = "sk-proj-0123456789abcdef"
	texts := []string{"x" + secret + "y", hex.EncodeToString([]byte("é" + secret)), strings.ToUpper(hex.EncodeToString([]byte(secret)))}
	for lead := range 4 {
		text := []byte(strings.Repeat("?", lead) + secret + "~~")
		texts = append(texts, base64.StdEncoding.EncodeToString(text), base64.RawURLEncoding.EncodeToString(text))
	}
	for _, text := range texts {
		if Find([]byte(text), secret) == "" {
			t.Errorf("not found in %s", text)
		}
		if found := Find([]byte(text), "sk-proj-0123X56789abcdef"); found != "" {
			t.Errorf("another secret was found in %s (%s)", text, found)
		}
	}
}
