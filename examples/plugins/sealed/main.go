// Command sealed is a plugin that changes bodies as they stream: an upload gets a
// line with a signature of it at its end, and e-mail addresses in answers are
// masked. A body of any length goes through in constant memory.
package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

func init() { seks.Serve(provider) }

func main() {} // never run in a plugin

// seal is what the API expects: HMAC-SHA256 of the digest of all that came.
func seal(digest seks.Expr) seks.Expr {
	return seks.HMAC(seks.SHA256, seks.Field("seal_key"), digest)
}

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:      "sealed",
		Version:   "1.0.0",
		Title:     "An API whose uploads end with a seal",
		Upstreams: []seks.Upstream{{Name: "main", URL: "https://api.sealed.example"}},
		Fields: []seks.CredentialField{
			{Name: "api_key", Use: seks.Reveal, Main: true, Help: "the account's key", Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "authorization"}}},
			{Name: "seal_key", Use: seks.Sign, Help: "signs uploads", SignShapes: [][]byte{seal(seks.Any())}},
		},
		TokenSlots: []seks.Slot{{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
		ErrorShape: seks.ErrorShape{ContentType: "application/json", Body: `{"error":"{{code}}","reason":"{{message}}"}`},
		Operations: seks.Catalogue(`
			read   reports.list    GET   /v1/reports
			write  reports.upload  PUT   /v1/reports/{name}`),
	},
	Plan:         plan,
	Scrub:        scrub,
	RequestBody:  sealing,
	ResponseBody: masking,
}

func plan(v *seks.View) *seks.Plan {
	p := seks.Bearer("api_key").Inspect()
	if v.Method == "PUT" {
		p.TransformBody(seks.SHA256) // with a running digest, for the seal
	}
	return p
}

// sealing passes each piece as it came, and puts the seal behind the last. The
// host keeps the digest, and has the key.
func sealing() seks.Body {
	return func(piece []byte, last bool) *seks.BodyResult {
		r := seks.Pass(piece)
		if last {
			r.Text([]byte("\nseal: ")).Value(seal(seks.Digest(seks.SHA256)).Hex())
		}
		return r
	}
}

// scrub has text and JSON masked; pictures and archives hold no addresses.
func scrub(head *seks.AnswerHead) *seks.ScrubPlan {
	for _, h := range head.Headers {
		kind := strings.ToLower(h.Value)
		if strings.EqualFold(h.Name, "content-type") && (strings.HasPrefix(kind, "text/") || strings.Contains(kind, "json")) {
			return &seks.ScrubPlan{TransformBody: true}
		}
	}
	return nil
}

// maxLocal is how long the part of an address before its @ may be (RFC 5321 §4.5.3.1.1).
const maxLocal = 64

// masking writes * for the part of an e-mail address before its @. What may be the
// beginning of one is held back until the next piece shows what follows.
func masking() seks.Body {
	var text []byte
	return func(piece []byte, last bool) *seks.BodyResult {
		text = append(text, piece...)
		for i, c := range text {
			if c == '@' {
				mask(text[i-local(text[:i]) : i])
			}
		}
		ready := len(text)
		if !last {
			ready -= local(text)
		}
		r := new(seks.BodyResult).Text([]byte(string(text[:ready])))
		text = append(text[:0], text[ready:]...)
		return r
	}
}

// local is the length of what could stand before an @ at the end of a text.
func local(text []byte) int {
	n := 0
	for n < min(len(text), maxLocal) && isLocal(text[len(text)-1-n]) {
		n++
	}
	return n
}

func isLocal(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._%+-*", c) >= 0
}

func mask(b []byte) {
	for i := range b {
		b[i] = '*'
	}
}
