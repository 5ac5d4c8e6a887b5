// Command acme is the acme API's plugin for the SEKS Broker.
package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

func init() { seks.Serve(provider) }

func main() {} // never run in a plugin

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name:      "acme",
		Version:   "0.1.0",
		Title:     "acme API",
		Upstreams: []seks.Upstream{{Name: "main", URL: "https://api.acme.example"}},
		Fields: []seks.CredentialField{{
			Name: "api_key", Use: seks.Reveal, Main: true, Help: "a key from the API's console",
			Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "authorization"}},
		}},
		TokenSlots: []seks.Slot{{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
		ErrorShape: seks.ErrorShape{ContentType: "application/json", Body: `{"error":{"code":"{{code}}","message":"{{message}}"}}`},
		Operations: []seks.Operation{
			{Name: "models.list", Class: seks.Read, Method: "GET", Path: "/v1/models"},
			{Name: "models.create", Class: seks.Write, Method: "POST", Path: "/v1/models"},
		},
	},
	Always: seks.Bearer("api_key"),
}
