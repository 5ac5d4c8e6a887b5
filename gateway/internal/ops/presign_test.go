package ops

import (
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// The S3 API Reference's example of a presigned URL, "Authenticating Requests: Using
// Query Parameters": what we sign, and with which key, gives its signature.
func TestTheReferencesPresignedURL(t *testing.T) {
	const query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
	const signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	p, ok := sigv4.ParsePresigned(query + "&X-Amz-Signature=" + signature)
	if !ok || p.Query != query || p.ID != "AKIAIOSFODNN7EXAMPLE" || p.Expires != "86400" {
		t.Fatalf("%+v %v", p, ok)
	}
	r := sigv4.Request{Method: "GET", Path: "/test.txt", Query: p.Query, Host: "examplebucket.s3.amazonaws.com", Payload: "UNSIGNED-PAYLOAD", Time: p.Time}
	if got := signature4([]byte("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), p.Scope, p.Time, r.Canonical(p.Signed)); got != signature {
		t.Errorf("%s, want %s", got, signature)
	}
}

func record(pair bool, name string) *token.Record {
	return &token.Record{ID: "tok_1", Pair: pair, Name: name}
}

func TestPresignRefuses(t *testing.T) {
	b := Broker{now: time.Now}
	good := PresignIn{Method: "PUT", Bucket: "bucket", Key: "a key/é//x", Expires: time.Hour, Size: 5}
	pair := record(true, "seks_s3_name")
	if err := b.presigns(pair, &good); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*PresignIn){
		"7 days":     func(in *PresignIn) { in.Expires = 7*24*time.Hour + time.Second },
		"a second":   func(in *PresignIn) { in.Expires = 0 },
		"method":     func(in *PresignIn) { in.Method = "POST" },
		"has a size": func(in *PresignIn) { in.Method = "GET" },
		"bucket":     func(in *PresignIn) { in.Bucket = "a/b" },
		"key":        func(in *PresignIn) { in.Key = "a/../b" },
		"key is":     func(in *PresignIn) { in.Key = "" },
	} {
		in := good
		change(&in)
		if err := b.presigns(pair, &in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	for says, r := range map[string]*token.Record{"no pair": record(false, ""), "issue a new one": record(true, "")} {
		if err := b.presigns(r, &good); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	revoked := record(true, "seks_s3_name")
	revoked.Revoked = time.Now()
	if err := b.presigns(revoked, &good); err == nil || !strings.Contains(err.Error(), "is revoked") {
		t.Error(err)
	}
}
