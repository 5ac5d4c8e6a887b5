package sigv4

import (
	"fmt"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// BenchmarkHeader is the guest's own share of SigV4, natively.
func BenchmarkHeader(b *testing.B) {
	r := &Request{Method: "GET", Path: "/bucket/some/key", Host: "s3.example.com", Payload: nothing, Time: "20130524T000000Z"}
	signed := []string{"host"}
	for i := range 9 {
		r.Headers = append(r.Headers, seks.Header{Name: fmt.Sprint("x-amz-meta-", i), Value: "20130524T000000Z"})
		signed = append(signed, fmt.Sprint("x-amz-meta-", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		Header(seks.Field("access_key_id"), seks.Field("secret_access_key"), Scope{"20130524", "us-east-1", "s3"}, r, signed)
	}
}
