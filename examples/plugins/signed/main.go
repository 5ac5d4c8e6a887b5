// Command signed is a plugin for an API whose requests are signed: the key itself
// is never sent, and the plugin never has it.
package main

import (
	"strconv"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

func init() { seks.Serve(provider) }

func main() {} // never run in a plugin

// signature is what the API expects: HMAC-SHA256 of the message under the secret,
// in lower-case hex.
func signature(message seks.Expr) seks.Expr {
	return seks.HMAC(seks.SHA256, seks.Field("secret"), message)
}

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:      "signed",
		Version:   "1.0.0",
		Title:     "An API with signed requests",
		Upstreams: []seks.Upstream{{Name: "main", URL: "https://api.signed.example"}},
		Fields: []seks.CredentialField{
			{Name: "key_id", Use: seks.Public, Help: "names the key; not a secret"},
			// The secret leaves in no other way than as a signature of this shape.
			{Name: "secret", Use: seks.Sign, Main: true, Help: "the key's secret half", SignShapes: [][]byte{signature(seks.Any())}},
		},
		TokenSlots: []seks.Slot{{Kind: seks.SlotHeader, Name: "x-key-id"}},
		NeedsTime:  true,
		ErrorShape: seks.ErrorShape{ContentType: "application/json", Body: `{"error":"{{code}}","reason":"{{message}}"}`},
		Operations: seks.Catalogue(`
			read   orders.list    GET     /v1/orders
			write  orders.create  POST    /v1/orders
			write  orders.cancel  DELETE  /v1/orders/{id}`),
	},
	Plan: plan,
}

// plan signs the method, the path with its query, and the time; a client's own
// signature, made with the token, is replaced.
func plan(v *seks.View) *seks.Plan {
	target := v.UpstreamBase + v.Path
	if v.Query != "" {
		target += "?" + v.Query
	}
	time := strconv.FormatUint(v.Time, 10)
	return new(seks.Plan).
		SetHeader("x-key-id", seks.Field("key_id")).
		SetHeader("x-time", seks.Lit(time)).
		SetHeader("x-signature", signature(seks.Lit(v.Method+"\n"+target+"\n"+time)).Hex())
}
