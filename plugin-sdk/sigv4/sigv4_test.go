package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// The canonical requests of the S3 API Reference's examples, by their digests;
// gateway/internal/expr holds the signatures to the same page.
func TestCanonicalRequestsOfTheReference(t *testing.T) {
	headers := []seks.Header{{Name: "X-Amz-Date", Value: "20130524T000000Z"}, {Name: "x-amz-content-sha256", Value: nothing}, {Name: "Range", Value: "  bytes=0-9 "}}
	base := []string{"host", "x-amz-content-sha256", "x-amz-date"}
	for _, tt := range []struct {
		name, path, query string
		signed            []string
		want              string
	}{
		{"GET Object", "/test.txt", "", []string{"host", "range", "x-amz-content-sha256", "x-amz-date"}, "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972"},
		{"GET Bucket Lifecycle", "/", "lifecycle", base, "9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca"},
		{"GET Bucket (List Objects)", "/", "prefix=J&max-keys=2", base, "df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7"},
	} {
		r := &Request{Method: "GET", Path: tt.path, Query: tt.query, Host: "examplebucket.s3.amazonaws.com", Headers: headers, Payload: nothing, Time: "20130524T000000Z"}
		sum := sha256.Sum256([]byte(r.Canonical(tt.signed)))
		if got := hex.EncodeToString(sum[:]); got != tt.want {
			t.Errorf("%s: %s\n%s", tt.name, got, r.Canonical(tt.signed))
		}
	}
}

func TestPathsAndQueries(t *testing.T) {
	for in, want := range map[string]string{
		"/a b": "/a%20b", "/a%20b": "/a%20b", "/a%2Fb": "/a/b", "/a//b/../c": "/a//b/../c", "/test$file": "/test%24file", "/%zz%": "/%25zz%25", "/é+~": "/%C3%A9%2B~",
	} {
		if got := encode(decode(in), true); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"": "", "acl": "acl=", "b=2&a=%7e&a=1&&": "a=1&a=~&b=2", "k=a/b+c": "k=a%2Fb%2Bc"} {
		if got := query(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestParseAuthorization(t *testing.T) {
	const good = "AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range, Signature=" + nothing
	a, ok := ParseAuthorization(good)
	if !ok || a.ID != "AKID" || a.Scope.String() != "20130524/us-east-1/s3/aws4_request" || len(a.Signed) != 2 || a.Signature != nothing {
		t.Errorf("%+v, %v", a, ok)
	}
	for _, bad := range []string{"", "Bearer x", good[:len(good)-1], "AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/s3/aws5, SignedHeaders=host, Signature=" + nothing} {
		if _, ok := ParseAuthorization(bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}
