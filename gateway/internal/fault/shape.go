package fault

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"strconv"
	"strings"
)

// Shape is how a provider's API writes its errors, so that its SDK raises its
// own typed error for one of ours. Body is a template in which {{code}},
// {{message}}, {{status}} and {{request_id}} stand for the values, escaped for
// the content type.
type Shape struct {
	ContentType string
	Body        string
	Statuses    map[Code]int     // where the API uses another status for a code
	Words       map[Code]string  // the API's own word for a code
	Own         map[CodeWord]int // … for faults that have a word of their own
}

// CodeWord is a code with one of the API's words for it.
type CodeWord struct {
	Code Code
	Word string
}

// DefaultShape is used before a provider is known.
var DefaultShape = &Shape{
	ContentType: "application/json",
	Body:        `{"error":{"code":"{{code}}","message":"{{message}}","request_id":"{{request_id}}"}}` + "\n",
}

// Status is the status that the provider's API uses for f.
func (s *Shape) Status(f *Fault) int {
	if n, ok := s.Own[CodeWord{f.Code, f.Word}]; ok {
		return n
	}
	if n, ok := s.Statuses[f.Code]; ok {
		return n
	}
	return f.Status()
}

// Render writes the body for f.
func (s *Shape) Render(f *Fault, requestID string) []byte {
	escape := escapeJSON
	if strings.Contains(s.ContentType, "xml") {
		escape = escapeXML
	}
	word := cmp.Or(f.Word, s.Words[f.Code], string(f.Code))
	r := strings.NewReplacer(
		"{{code}}", escape(string(f.Code)),
		"{{word}}", escape(word),
		"{{message}}", escape(f.Message),
		"{{status}}", strconv.Itoa(s.Status(f)),
		"{{request_id}}", escape(requestID),
	)
	return []byte(r.Replace(s.Body))
}

func escapeJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}

func escapeXML(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a bytes.Buffer always writes
	return b.String()
}
