// Command goguest is a plugin that makes garbage on every call, as real plugins
// do: the test of flat memory runs it a million times.
package main

import (
	"strconv"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

func init() { seks.Serve(provider) }

func main() {}

var calls int

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name: "goguest", Version: "1.0.0",
		Upstreams:  []seks.Upstream{{Name: "main", URL: "https://api.example.com"}},
		Fields:     []seks.CredentialField{{Name: "api_key", Use: seks.Reveal, Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "x-key"}}}},
		TokenSlots: []seks.Slot{{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
	},
	Plan: plan,
	Scrub: func(head *seks.AnswerHead) *seks.ScrubPlan {
		return &seks.ScrubPlan{Drop: []string{"x-" + strconv.FormatUint(head.Status, 10)}}
	},
}

func plan(v *seks.View) *seks.Plan {
	switch v.Path {
	case "/panic":
		panic("as told")
	case "/nil":
		return nil
	}
	calls++
	garbage := make([]byte, 512+calls%512)
	garbage[0] = byte(calls)
	return new(seks.Plan).
		SetHeader("x-key", seks.Concat(seks.Lit(v.Path), seks.Field("api_key")).Base64()).
		SetHeader("x-garbage", seks.Lit(strconv.Itoa(len(string(garbage))))).
		Inspect()
}
