package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

var fields = map[string]string{"key_id": "key-1", "secret": "a stand-in"}

func TestRequests(t *testing.T) { sdktest.Run(t, provider, fields) }

// The signature is the one that the API would compute, here with nothing of ours.
func TestSignature(t *testing.T) {
	golden, err := os.ReadFile("testdata/list.golden")
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(fields["secret"]))
	mac.Write([]byte("GET\n/v1/orders?open=1\n" + strconv.Itoa(sdktest.Time)))
	if want := "X-Signature: " + hex.EncodeToString(mac.Sum(nil)) + "\n"; !strings.Contains(string(golden), want) {
		t.Errorf("the request has no %s in it:\n%s", want, golden)
	}
}
