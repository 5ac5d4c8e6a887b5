package expr

import (
	"fmt"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// version is one version of a credential; it counts how often a field is read.
type version struct {
	values
	reads   int
	derived Derived
}

func (v *version) Field(name string) ([]byte, bool) { v.reads++; return v.values.Field(name) }
func (v *version) Derived() *Derived                { return &v.derived }

func sigV4Plan(day, path string) *seks.Plan {
	r := &sigv4.Request{Method: "GET", Path: path, Host: "s3.example.com", Payload: "UNSIGNED-PAYLOAD", Time: day + "T000000Z"}
	signed := []string{"host", "x-amz-content-sha256", "x-amz-date"}
	for i := range 7 {
		r.Headers = append(r.Headers, seks.Header{Name: fmt.Sprint("x-amz-meta-", i), Value: "a value of the usual length"})
		signed = append(signed, fmt.Sprint("x-amz-meta-", i))
	}
	return new(seks.Plan).SetHeader("authorization", sigv4.Header(seks.Field("access_key_id"), seks.Field("secret_access_key"), sigv4.Scope{Date: day, Region: "us-east-1", Service: "s3"}, r, signed))
}

func TestSigningKeysAreKeptWithTheirVersion(t *testing.T) {
	sign := func(f Fields, digest string, p *seks.Plan) string {
		t.Helper()
		read := of(p, awsFields()...)
		read.Manifest.Digest = digest
		v, err := Vet(read)
		if err != nil {
			t.Fatal(err)
		}
		out, err := first(v, f)
		if err != nil {
			t.Fatal(err)
		}
		return string(out.Bytes)
	}
	secret := func(s string) values { return values{"access_key_id": "AKID", "secret_access_key": s} }
	one := &version{values: secret("one")}
	for i, step := range []struct {
		day, path, digest string
		reads             int // of fields in all: the id each time, the key where it is computed
	}{
		{"20130524", "/a", "d", 2}, {"20130524", "/a", "d", 3}, {"20130524", "/b", "d", 4}, // the message is no part of the key
		{"20130525", "/a", "d", 6}, {"20130524", "/a", "d", 7}, // another day
		{"20130524", "/a", "e", 9}, // another plugin
	} {
		p := sigV4Plan(step.day, step.path)
		if got, want := sign(one, step.digest, p), sign(secret("one"), step.digest, p); got != want || one.reads != step.reads {
			t.Errorf("step %d: %d reads, want %d:\n%s\n%s", i, one.reads, step.reads, got, want)
		}
	}
	if len(one.derived.keys) != 3 {
		t.Errorf("%d keys are kept", len(one.derived.keys))
	}
	two := &version{values: secret("two")} // a rotation
	p := sigV4Plan("20130524", "/a")
	if got, want := sign(two, "d", p), sign(secret("two"), "d", p); got != want || got == sign(one, "d", p) {
		t.Errorf("after a rotation %s, want %s", got, want)
	}
	for i := range 3 * maxDerived {
		sign(one, "d", sigV4Plan(fmt.Sprint(20140000+i), "/a"))
		if n := len(one.derived.keys); n > maxDerived {
			t.Fatalf("%d keys are kept", n)
		}
	}
}

// What a key of one exchange, or a field that is revealed, is in, is not kept:
// each request has to say anew what it gives away.
func TestWhatIsNotKept(t *testing.T) {
	k := seks.HMAC(seks.SHA256, seks.Field("api_key"), seks.Lit("day"))
	f := &version{values: everyValue}
	v, err := Vet(of(new(seks.Plan).SetHeader("authorization", seks.HMAC(seks.SHA256, k, seks.Lit("m")).Hex()), everyField()...))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if out, err := first(v, f); err != nil || len(out.Derived) < 3 {
			t.Errorf("%d derived values, %v: each request must tell the scrubber", len(out.Derived), err)
		}
	}
	s := v.Session()
	s.Open(f)
	if len(f.derived.keys) != 0 {
		t.Errorf("%d keys are kept", len(f.derived.keys))
	}
	// A key that is stored in a register has to be made each time; what it is made
	// of is kept.
	v, err = Vet(of(signer(), everyField()...))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := v.Session()
		s.Open(f)
		if _, err := s.Edit(0); err != nil || len(f.derived.keys) != 1 || !s.registers[0].full {
			t.Errorf("%d keys are kept, %v", len(f.derived.keys), err)
		}
	}
}

// A signature by SigV4 over ten headers, its plan made ready, with its key kept
// and without.
func BenchmarkSigV4(b *testing.B) {
	p := of(sigV4Plan("20130524", "/bucket/key"), awsFields()...)
	p.Manifest.Digest = fmt.Sprintf("%064d", 1)
	secrets := values{"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	for name, f := range map[string]Fields{"kept": &version{values: secrets}, "anew": secrets} {
		b.Run(name, func(b *testing.B) {
			v, err := Vet(p)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := first(v, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("vet", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Vet(p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// AWS's own example, "GET Object" of the S3 API Reference: checked as it comes
// in, over the token's secret, and made as it goes out, over the credential's.
func TestTheReferencesExampleBothWays(t *testing.T) {
	const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	const header = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
	const key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	a, ok := sigv4.ParseAuthorization(header)
	if !ok {
		t.Fatal("the header can't be read")
	}
	r := &sigv4.Request{
		Method: "GET", Path: "/test.txt", Host: "examplebucket.s3.amazonaws.com", Payload: nothing, Time: "20130524T000000Z",
		Headers: []seks.Header{{Name: "Range", Value: "bytes=0-9"}, {Name: "x-amz-content-sha256", Value: nothing}, {Name: "x-amz-date", Value: "20130524T000000Z"}},
	}
	p := new(seks.Plan).Check(sigv4.Signature(seks.Token(), a.Scope, r, a.Signed), seks.Lit(a.Signature)).
		SetHeader("authorization", sigv4.Header(seks.Field("access_key_id"), seks.Field("secret_access_key"), a.Scope, r, a.Signed))
	m := of(p, abi.Field{Name: "access_key_id", Use: abi.UsePublic}, abi.Field{Name: "secret_access_key", Use: abi.UseSign, SignShapes: [][]byte{sigv4.Shape("secret_access_key")}})
	v, err := Vet(m)
	if err != nil || !v.Proves() {
		t.Fatal(err)
	}
	s := v.Session()
	if err := s.Check(half(key)); err != nil {
		t.Errorf("the reference's signature does not hold: %v", err)
	}
	s.Open(values{"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": key})
	if out, err := s.Edit(0); err != nil || string(out.Bytes) != header {
		t.Errorf("%s, %v\nwant %s", out.Bytes, err, header)
	}
	if err := v.Session().Check(half(key + "x")); err == nil {
		t.Error("it holds for another key")
	}
}
