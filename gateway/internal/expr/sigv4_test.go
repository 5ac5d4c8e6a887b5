package expr

import (
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// shapeV4 is the signature of AWS Signature Version 4, as DESIGN §3 has it.
func shapeV4() seks.Expr {
	k := seks.Concat(seks.Lit("AWS4"), seks.Field("secret_access_key"))
	for range 3 {
		k = seks.HMAC(seks.SHA256, k, seks.Any())
	}
	k = seks.HMAC(seks.SHA256, k, seks.Lit("aws4_request"))
	return seks.HMAC(seks.SHA256, k, seks.Concat(seks.Lit("AWS4-HMAC-SHA256\n"), seks.Any()))
}

func awsFields() []abi.Field {
	return []abi.Field{
		{Name: "access_key_id", Use: abi.UsePublic},
		{Name: "secret_access_key", Use: abi.UseSign, SignShapes: [][]byte{shapeV4()}},
	}
}

// chain is the signing key down to a step, or the signature after all five.
func chain(steps ...seks.Expr) seks.Expr {
	k := seks.Concat(seks.Lit("AWS4"), seks.Field("secret_access_key"))
	for _, s := range steps {
		k = seks.HMAC(seks.SHA256, k, s)
	}
	return k
}

func lits(texts ...string) []seks.Expr {
	var list []seks.Expr
	for _, s := range texts {
		list = append(list, seks.Lit(s))
	}
	return list
}

// AWS's published examples, with its example key: GET Object and GET Bucket
// Lifecycle of "Signature Calculations for the Authorization Header" (Amazon S3
// API Reference), and the IAM ListUsers of the General Reference.
func TestSigV4(t *testing.T) {
	const id, key = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	s3 := func(canonicalDigest string) string {
		return "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n" + canonicalDigest
	}
	tests := []struct {
		name, secret, date, region, service, toSign, want string
	}{
		{"GetObject", key, "20130524", "us-east-1", "s3",
			s3("7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972"),
			"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		{"GetBucketLifecycle", key, "20130524", "us-east-1", "s3",
			s3("9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca"),
			"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
		{"ListUsers", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam",
			"AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59",
			"5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			scope := "/" + tt.date + "/" + tt.region + "/" + tt.service + "/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature="
			signature := chain(lits(tt.date, tt.region, tt.service, "aws4_request", tt.toSign)...).Hex()
			value := seks.Concat(seks.Lit("AWS4-HMAC-SHA256 Credential="), seks.Field("access_key_id"), seks.Lit(scope), signature)
			v, err := Vet(edit(manifest(awsFields()...), abi.SetHeader, "authorization", value))
			if err != nil {
				t.Fatal(err)
			}
			got, err := first(v, values{"access_key_id": id, "secret_access_key": tt.secret})
			want := "AWS4-HMAC-SHA256 Credential=" + id + scope + tt.want
			if err != nil || string(got.Bytes) != want {
				t.Errorf("got  %s, %v\nwant %s", got.Bytes, err, want)
			}
			if len(got.Derived) != 0 {
				t.Errorf("a signature is no secret, yet %d values are to be scrubbed", len(got.Derived))
			}
		})
	}
}

// A sign field leaves in no form but its signature.
func TestSignFieldsLeaveOnlyAsDeclared(t *testing.T) {
	lit, key := seks.Lit, seks.Field("secret_access_key")
	toSign := "AWS4-HMAC-SHA256\n20130524T000000Z\nscope\ndigest"
	good := chain(lits("20130524", "us-east-1", "s3", "aws4_request", toSign)...)
	with := func(change func(steps []seks.Expr)) seks.Expr {
		steps := lits("20130524", "us-east-1", "s3", "aws4_request", toSign)
		change(steps)
		return chain(steps...)
	}
	other := func(hash abi.Hash) seks.Expr { // the last step with another hash
		return seks.HMAC(hash, chain(lits("20130524", "us-east-1", "s3", "aws4_request")...), lit(toSign))
	}
	tests := []struct {
		name  string
		value seks.Expr
		fine  bool
	}{
		{"the signature, raw", good, true},
		{"hex", good.Hex(), true},
		{"base64", good.Base64(), true},
		{"hashed, in a concat, in a percent", seks.Concat(lit("a"), seks.Hash(seks.SHA256, good)).Percent(), true},
		{"what is signed in pieces", with(func(s []seks.Expr) {
			s[4] = seks.Concat(lit("AWS4-HMAC-SHA256\n2013"), seks.Field("access_key_id"), seks.Hash(seks.SHA256, lit("x")).Hex())
		}), true},
		{"a day that is computed", with(func(s []seks.Expr) { s[0] = lit("2013").Hex() }), true},
		{"a signature in a signature", with(func(s []seks.Expr) { s[1] = good }), true},
		{"an HMAC keyed by a signature", seks.HMAC(seks.MD5, good, lit("x")), true},

		{"itself", key, false},
		{"hex of it", key.Hex(), false},
		{"base64 of it", key.Base64(), false},
		{"base64url of it", key.Base64URL(), false},
		{"percent of it", key.Percent(), false},
		{"hash of it", seks.Hash(seks.SHA512, key), false},
		{"with AWS4 before it", chain(), false},
		{"the day's key", chain(lits("20130524")...), false},
		{"the region's key", chain(lits("20130524", "us-east-1")...), false},
		{"the service's key", chain(lits("20130524", "us-east-1", "s3")...), false},
		{"the signing key", chain(lits("20130524", "us-east-1", "s3", "aws4_request")...), false},
		{"the signing key, hashed", seks.Hash(seks.SHA256, chain(lits("20130524", "us-east-1", "s3", "aws4_request")...)), false},
		{"signing a text that is another scheme's", with(func(s []seks.Expr) { s[4] = lit("AWS5-HMAC-SHA256\nx") }), false},
		{"signing a text cut short", with(func(s []seks.Expr) { s[4] = lit("AWS4-HMAC-SHA256") }), false},
		{"signing a prefix in two pieces", with(func(s []seks.Expr) { s[4] = seks.Concat(lit("AWS4-HMAC"), lit("-SHA256\nx")) }), false},
		{"signing a prefix that isn't a literal", with(func(s []seks.Expr) { s[4] = seks.Concat(seks.Field("access_key_id"), lit("x")) }), false},
		{"signing hex", with(func(s []seks.Expr) { s[4] = lit(toSign).Hex() }), false},
		{"another end of scope", with(func(s []seks.Expr) { s[3] = lit("aws5_request") }), false},
		{"the key in what is signed", with(func(s []seks.Expr) { s[4] = seks.Concat(lit(toSign), key) }), false},
		{"the key for a day", with(func(s []seks.Expr) { s[0] = key }), false},
		{"the key, hashed, for a region", with(func(s []seks.Expr) { s[1] = seks.Hash(seks.SHA256, key) }), false},
		{"one step more", seks.HMAC(seks.SHA256, chain(lits("20130524", "us-east-1", "s3", "aws4_request", "x")...), lit(toSign)), false},
		{"one step less", chain(lits("20130524", "us-east-1", "aws4_request", toSign)...), false},
		{"another hash", other(abi.SHA512), false},
		{"another prefix of the key", seks.HMAC(seks.SHA256, seks.Concat(lit("AWS3"), key), lit(toSign)), false},
		{"key and message exchanged", seks.HMAC(seks.SHA256, lit(toSign), chain(lits("20130524", "us-east-1", "s3", "aws4_request")...)), false},
		{"the signature with the key behind it", seks.Concat(good, key), false},
		{"the signature with the key as its message", seks.HMAC(seks.SHA256, good, key), false},
	}
	for _, tt := range tests {
		for _, kind := range []abi.EditKind{abi.SetHeader, abi.AddHeader, abi.SetQuery, abi.AddQuery} {
			_, err := Vet(edit(manifest(awsFields()...), kind, "x-any", tt.value))
			switch {
			case tt.fine && err != nil:
				t.Errorf("%s: %v", tt.name, err)
			case !tt.fine && (err == nil || !strings.Contains(err.Error(), `lets field "secret_access_key" out`)):
				t.Errorf("%s: edit kind %d: %v, want it refused", tt.name, kind, err)
			}
		}
		for _, kind := range []abi.EditKind{abi.SetPath, abi.SetRawQuery} {
			if _, err := Vet(edit(manifest(awsFields()...), kind, "", tt.value)); err == nil {
				t.Errorf("%s: edit kind %d takes a field", tt.name, kind)
			}
		}
	}
}
