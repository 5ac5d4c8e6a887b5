package plugin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// aws is a credential that keeps what is derived from it.
type aws struct{ derived expr.Derived }

func (*aws) Field(name string) ([]byte, bool) { return []byte("stand-in-for-" + name), true }
func (a *aws) Derived() *expr.Derived         { return &a.derived }

// BenchmarkSigV4 is SigV4 in full, of a request with ten signed headers, limits on
// and no plan kept: the guest's call, the check over the token's secret (which
// does not hold here, but costs the same), and the signature that goes out.
func BenchmarkSigV4(b *testing.B) {
	path := filepath.Join(b.TempDir(), "sigv4.wasm")
	c := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "./plugin-sdk/testdata/sigv4")
	c.Dir, c.Env = "../../..", append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if text, err := c.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, text)
	}
	module, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	p := loaded(b, testEngine(b), module)
	p.Manifest.NeedsTime = true // such plans are not kept
	signed := "host"
	v := &abi.View{
		Method: "GET", Scheme: "http", Target: "/api/signed/bucket/some/key", Authority: "127.0.0.1:8080", Mount: "/api/signed",
		Path: "/bucket/some/key", UpstreamAuthority: "s3.example.com", TokenID: "seks_s3_id",
	}
	for _, h := range []string{"content-md5", "content-type", "range", "x-amz-acl", "x-amz-content-sha256", "x-amz-date", "x-amz-meta-a", "x-amz-meta-b", "x-amz-storage-class"} {
		v.Headers = append(v.Headers, abi.Header{Name: h, Value: "20130524T000000Z"})
		signed += ";" + h
	}
	v.Headers = append(v.Headers, abi.Header{Name: "authorization", Value: "AWS4-HMAC-SHA256 Credential=seks_s3_id/20130524/us-east-1/s3/aws4_request, SignedHeaders=" +
		signed + ", Signature=" + fmt.Sprintf("%064d", 0)})
	half, fields := secret.New([]byte("half")), new(aws)
	b.ReportAllocs()
	for b.Loop() {
		vetted, err := p.Plan("t", v)
		if err != nil {
			b.Fatal(err)
		}
		s := vetted.Session()
		if _, err := s.Rehearse(half); err != nil {
			b.Fatal(err)
		}
		s.Open(fields)
		if _, err := s.Edit(0); err != nil {
			b.Fatal(err)
		}
	}
}
