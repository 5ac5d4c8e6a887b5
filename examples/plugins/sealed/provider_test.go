package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

var fields = map[string]string{"api_key": "a stand-in", "seal_key": "another"}

func TestRequests(t *testing.T) { sdktest.Run(t, provider, fields) }

// The seal is the one that the API would compute, here with nothing of ours, and
// the upload is the same however it comes.
func TestSeal(t *testing.T) {
	body := strings.Repeat("a report, ", 1000)
	sum := sha256.Sum256([]byte(body))
	mac := hmac.New(sha256.New, []byte(fields["seal_key"]))
	mac.Write(sum[:])
	want := body + "\nseal: " + hex.EncodeToString(mac.Sum(nil))
	for _, size := range []int{1, 7, 4096, 65536} {
		if got, err := sdktest.Body(provider, fields, body, size, seks.SHA256); err != nil || got != want {
			t.Errorf("in pieces of %d bytes: %v, …%.90s", size, err, got[max(0, len(got)-90):])
		}
	}
}

// However an answer is cut, no address comes out, and all else as it was.
func TestMasking(t *testing.T) {
	long := strings.Repeat("x", 100)
	for body, want := range map[string]string{
		"":                                     "",
		"to: jane.doe@example.com, or a+b@c.d": "to: ********@example.com, or ***@c.d",
		"@":                                    "@",
		"a@b@c":                                "*@*@c",
		"no address: jane.doe":                 "no address: jane.doe",
		long + "@x":                            long[:36] + strings.Repeat("*", 64) + "@x",
		"é" + long + "é":                       "é" + long + "é",
	} {
		for size := 1; size < 40; size++ {
			if got, err := sdktest.AnswerBody(provider, body, size); err != nil || got != want {
				t.Errorf("%q in pieces of %d bytes: %v, %q", body, size, err, got)
			}
		}
	}
}
