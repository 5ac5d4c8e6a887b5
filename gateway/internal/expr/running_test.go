package expr

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// The S3 API Reference's examples of bodies in chunks, without trailers and with:
// each chunk's signature is checked over the token's key, which the plan's check
// has stored, and made anew over the credential's, from the digests of data that
// came in pieces.
func TestTheReferencesChunksBothWays(t *testing.T) {
	const key, at = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524T000000Z"
	scope := sigv4.Scope{Date: "20130524", Region: "us-east-1", Service: "s3"}
	in, out := sigv4.Chain{Key: seks.Load(0), Time: at, Scope: scope}, sigv4.Chain{Key: sigv4.Key(seks.Field("secret_access_key"), scope), Time: at, Scope: scope}
	data := bytes.Repeat([]byte("a"), 64<<10)
	for name, signatures := range map[string][]string{
		"sigv4-streaming": {
			"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
			"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
		"sigv4-streaming-trailers": {
			"106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e", "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
			"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7", "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
			"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"},
	} {
		run := func(signature func(i int) string) (string, error) {
			p := of(new(seks.Plan).Check(seks.Hash(seks.SHA256, sigv4.Key(seks.Token(), scope).Store(0)), seks.Hash(seks.SHA256, sigv4.Key(seks.Lit(key), scope))).
				SetHeader("x-seed", seks.Lit(signatures[0]).Store(1)).TransformBody(), awsFields()[0],
				abi.Field{Name: "secret_access_key", Use: abi.UseSign, SignShapes: sigv4.Shapes("secret_access_key")})
			v, err := Vet(p)
			if err != nil {
				t.Fatal(err)
			}
			s := v.Session()
			if err := s.Check(half(key)); err != nil {
				t.Fatal(err)
			}
			s.Open(values{"secret_access_key": key})
			if _, err := s.Edit(0); err != nil {
				t.Fatal(err)
			}
			made := ""
			absorb := func(input []byte) error { // a part of a chunk, to both digests
				part := seks.Slice(0, len(input))
				_, err := s.RequestBody(result(value(part.Absorb(0, seks.SHA256)), value(part.Absorb(1, seks.SHA256))), input, nil)
				return err
			}
			for i, pieces := range [][][]byte{{data[:1000], data[1000:]}, {data[:1024]}, {nil}} {
				for _, piece := range pieces {
					if err := absorb(piece); err != nil {
						return "", err
					}
				}
				r := new(seks.BodyResult).
					CheckElse("", in.Chunk(seks.Lit(signature(i)), seks.Total(0, seks.SHA256)), seks.Lit(signature(i+1))).
					Value(out.Chunk(seks.Load(1), seks.Total(1, seks.SHA256)).Store(1))
				b, err := s.RequestBody(&plan.Body{BodyResult: r.BodyResult}, nil, nil)
				if err != nil {
					return "", err
				}
				made += " " + string(b)
			}
			if len(signatures) > 4 {
				const trailer = "x-amz-checksum-crc32c:sOO8/Q==\n"
				r := new(seks.BodyResult).CheckElse("", in.Trailer(seks.Lit(signature(3)), trailer), seks.Lit(signature(4))).
					Value(out.Trailer(seks.Load(1), trailer))
				b, err := s.RequestBody(&plan.Body{BodyResult: r.BodyResult}, nil, nil)
				if err != nil {
					return "", err
				}
				made += " " + string(b)
			}
			return made[1:], nil
		}
		made, err := run(func(i int) string { return signatures[i] })
		if want := strings.Join(signatures[1:], " "); err != nil || made != want {
			t.Errorf("%s: %v\n%s, want\n%s", name, err, made, want)
		}
		for wrong := range signatures {
			_, err := run(func(i int) string {
				if i == wrong {
					return strings.Map(func(c rune) rune { return '0' + (c+1)%10 }, signatures[i])
				}
				return signatures[i]
			})
			if err == nil || fault.From(err).Code != fault.SignatureInvalid {
				t.Errorf("%s: with signature %d wrong: %v", name, wrong, err)
			}
		}
	}
}

// A running digest is of what came, and begins anew once it was taken.
func TestRunningDigests(t *testing.T) {
	s := begun(t, of(new(seks.Plan).TransformBody(), everyField()...))
	step := func(r *plan.Body, input string) string {
		out, err := s.RequestBody(r, []byte(input), nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	absorb := func(e seks.Expr) abi.Segment { return value(e.Absorb(2, seks.MD5)) }
	total := value(seks.Total(2, seks.MD5).Hex())
	if got := step(result(absorb(seks.Slice(0, 1)), absorb(seks.Lit("b"))), "axy"); got != "" {
		t.Errorf("absorb left %q", got)
	}
	abc, none := "900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e"
	if got := step(result(absorb(seks.Slice(0, 1)), total, total, value(seks.Total(3, seks.MD5).Hex())), "c"); got != abc+none+none {
		t.Errorf("%s, want %s and twice the digest of nothing", got, abc)
	}
	for name, e := range map[string]seks.Expr{
		"a field":             seks.Field("account").Absorb(0, seks.SHA256),
		"a key's signature":   seks.Field("secret_access_key").Absorb(0, seks.SHA256),
		"another hash":        seks.Total(2, seks.SHA256),
		"another hash, later": seks.Lit("x").Absorb(2, seks.SHA256),
	} {
		s := begun(t, of(new(seks.Plan).TransformBody(), everyField()...))
		_, _ = s.RequestBody(result(absorb(seks.Lit("x"))), nil, nil)
		if _, err := s.RequestBody(result(value(e)), nil, nil); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	token := new(seks.BodyResult).CheckElse("", seks.Token().Absorb(0, seks.SHA256), seks.Lit(""))
	if _, err := begun(t, of(new(seks.Plan).TransformBody(), everyField()...)).RequestBody(&plan.Body{BodyResult: token.BodyResult}, nil, nil); err == nil {
		t.Error("the token's secret is absorbed")
	}
	for name, p := range map[string]*seks.Plan{
		"an edit":        new(seks.Plan).SetHeader("x", seks.Lit("x").Absorb(0, seks.SHA256)),
		"a plan's check": new(seks.Plan).Check(seks.Total(0, seks.SHA256), seks.Lit("x")),
		"a path":         new(seks.Plan).SetHeader("x", seks.Total(0, seks.SHA256)),
	} {
		if _, err := Vet(of(p, everyField()...)); err == nil {
			t.Errorf("a running digest stands in %s", name)
		}
	}
}

// A check over the body's digest needs the body first, and says so.
func TestChecksOverTheBody(t *testing.T) {
	check := func(p *seks.Plan) *seks.Plan {
		return p.Check(seks.Digest(seks.SHA256).Hex(), seks.Lit(hex.EncodeToString(digest(abi.SHA256, []byte("body")))))
	}
	if _, err := Vet(of(check(new(seks.Plan)))); err == nil {
		t.Error("a check is over a digest that nobody keeps")
	}
	v, err := Vet(of(check(new(seks.Plan).HashBody())))
	if err != nil || !v.BodyFirst() {
		t.Fatal(err, v.BodyFirst())
	}
	for body, holds := range map[string]bool{"body": true, "bodx": false} {
		s := v.Session()
		_, _ = s.Digest().Write([]byte(body))
		if err := s.Check(half("")); (err == nil) != holds {
			t.Errorf("%s: %v", body, err)
		}
	}
	if v, err := Vet(of(new(seks.Plan).HashBody().SetHeader("x", seks.Digest(seks.MD5).Hex()))); err != nil || v.BodyFirst() {
		t.Errorf("%v, %v", err, v.BodyFirst())
	}
}
