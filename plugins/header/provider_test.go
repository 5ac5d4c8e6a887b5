package main

import (
	"reflect"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"api_key": "stand-in"})
}

func TestManifest(t *testing.T) { sdktest.Manifest(t, &provider.Manifest) }

// Where the key goes, and where a client may put its token, with each set of
// parameters.
func TestConfigure(t *testing.T) {
	bearer := seks.Slot{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"}
	for _, c := range []struct {
		name       string
		parameters map[string]string
		plan       string
		slots      []seks.Slot
	}{
		{"none", nil, "set-header authorization   \"Bearer \" field:api_key concat:2\n", []seks.Slot{bearer}},
		{"a header", map[string]string{"header": "X-Api-Key"}, "set-header x-api-key   field:api_key\n",
			[]seks.Slot{{Kind: seks.SlotHeader, Name: "x-api-key"}, bearer}},
		{"a word of its own", map[string]string{"prefix": "Token "}, "set-header authorization   \"Token \" field:api_key concat:2\n",
			[]seks.Slot{{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Token"}, bearer}},
		{"no word", map[string]string{"header": "authorization", "prefix": ""}, "set-header authorization   field:api_key\n",
			[]seks.Slot{{Kind: seks.SlotHeader, Name: "authorization"}, bearer}},
		{"something that is no word", map[string]string{"header": "x-auth", "prefix": "key=1 "}, "set-header x-auth   \"key=1 \" field:api_key concat:2\n",
			[]seks.Slot{{Kind: seks.SlotHeader, Name: "x-auth", Scheme: "key=1"}, bearer}},
		{"two words", map[string]string{"header": "x-auth", "prefix": "my key "}, "set-header x-auth   \"my key \" field:api_key concat:2\n",
			[]seks.Slot{{Kind: seks.SlotHeader, Name: "x-auth"}, bearer}},
		{"a query parameter", map[string]string{"query": "api_key"}, "set-query api_key   field:api_key\n",
			[]seks.Slot{{Kind: seks.SlotQuery, Name: "api_key"}, bearer}},
	} {
		p, err := configure(c.parameters)
		if err != nil || p.Always.Text() != c.plan || !reflect.DeepEqual(p.Manifest.TokenSlots, c.slots) {
			t.Errorf("%s: %v\n%s%+v\nwant\n%s%+v", c.name, err, p.Always.Text(), p.Manifest.TokenSlots, c.plan, c.slots)
		}
		if s := p.Manifest.Fields[0].Sinks; len(s) != 1 || p.Manifest.Name != provider.Manifest.Name {
			t.Errorf("%s: sinks %+v", c.name, s)
		}
	}
	if _, err := configure(map[string]string{"header": "a", "query": "b"}); err == nil {
		t.Error("two places were taken")
	}
}
