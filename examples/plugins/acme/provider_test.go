package main

import (
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

// Each testdata/*.http is a request as an agent sends it; the .golden beside it
// has the plan, and the request that the API gets. `go test . -update` writes
// those.
func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"api_key": "stand-in"})
}
