package main

import (
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"api_key": "BSAstandin"})
}

func TestManifest(t *testing.T) { sdktest.Manifest(t, &provider.Manifest) }

// The client from npm reads a message at the top; Brave's documents have an
// error of their own below.
func TestErrorShape(t *testing.T) {
	var got struct {
		Type, Message string
		Error         struct {
			ID, Code, Detail string
			Status           int
		}
	}
	sdktest.Error(t, &provider.Manifest, "policy_denied", &got)
	if got.Type != "ErrorResponse" || got.Message != `a "reason"` || got.Error.Detail != got.Message || got.Error.Code != "policy_denied" ||
		got.Error.Status != 403 || got.Error.ID != "req_1" {
		t.Errorf("%+v", got)
	}
}
