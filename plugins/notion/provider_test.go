package main

import (
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"api_key": "ntn_standin"})
}

func TestManifest(t *testing.T) { sdktest.Manifest(t, &provider.Manifest) }

// Every code of the broker is one that Notion's SDK knows: these are all of
// its APIErrorCode that an error of ours can be.
func TestErrorShape(t *testing.T) {
	known := map[string]bool{"unauthorized": true, "restricted_resource": true, "object_not_found": true, "rate_limited": true, "invalid_request": true,
		"validation_error": true, "internal_server_error": true, "service_overload": true, "service_unavailable": true, "gateway_timeout": true}
	if len(words) != 18 {
		t.Errorf("%d codes have a word; the broker has 18", len(words))
	}
	for _, w := range words {
		var got struct {
			Object, Code, Message string
			Additional            map[string]string `json:"additional_data"`
			RequestID             string            `json:"request_id"`
		}
		sdktest.Error(t, &provider.Manifest, w.Code, &got)
		if got.Object != "error" || !known[got.Code] || got.Message == "" || got.Additional["seks_error"] != w.Code || got.RequestID != "req_1" {
			t.Errorf("%+v", got)
		}
	}
}

func TestBirths(t *testing.T) { sdktest.Births(t, &provider.Manifest, births) }
