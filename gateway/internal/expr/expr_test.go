package expr

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// values are a credential's fields for a test.
type values map[string]string

func (v values) Field(name string) ([]byte, bool) {
	s, ok := v[name]
	return []byte(s), ok
}

func manifest(fields ...abi.Field) *plan.Manifest {
	return &plan.Manifest{Manifest: abi.Manifest{Name: "test", Fields: fields}}
}

func header(name string, value seks.Expr) *plan.Plan {
	return edit(manifest(public), abi.SetHeader, name, value)
}

func edit(m *plan.Manifest, kind abi.EditKind, name string, value seks.Expr) *plan.Plan {
	return &plan.Plan{Manifest: m, Plan: abi.Plan{Edits: []abi.Edit{{Kind: kind, Name: name, Value: value}}}}
}

var public = abi.Field{Name: "account", Use: abi.UsePublic}

// eval vets and evaluates one value that goes into a header.
func eval(t *testing.T, value seks.Expr, fields values) ([]byte, error) {
	t.Helper()
	v, err := Vet(header("x", value))
	if err != nil {
		return nil, err
	}
	out, err := first(v, fields)
	return out.Bytes, err
}

// first evaluates the first edit of a plan, in a session of its own.
func first(v Vetted, fields Fields) (Value, error) {
	s := v.Session()
	s.Open(fields)
	return s.Edit(0)
}

func unhex(s string) string {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestOperationsHaveKnownResults(t *testing.T) {
	lit := seks.Lit
	fox := lit("The quick brown fox jumps over the lazy dog")
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	tests := []struct {
		name string
		expr seks.Expr
		want string
	}{
		{"literal", lit("a\x00b"), "a\x00b"},
		{"empty literal", lit(""), ""},
		{"field", seks.Field("account"), "acct-7"},
		{"concat keeps order", seks.Concat(lit("a"), seks.Field("account"), lit("c")), "aacct-7c"},
		{"concat of one", seks.Concat(lit("a")), "a"},
		{"hex", lit("\x00\xabz").Hex(), "00ab7a"},
		// RFC 4648 §10
		{"base64 empty", lit("").Base64(), ""},
		{"base64 f", lit("f").Base64(), "Zg=="},
		{"base64 fo", lit("fo").Base64(), "Zm8="},
		{"base64 foobar", lit("foobar").Base64(), "Zm9vYmFy"},
		{"base64 plus and slash", lit("\xfb\xff").Base64(), "+/8="},
		{"base64url has no padding", lit("\xfb\xff").Base64URL(), "-_8"},
		// RFC 3986 §2.3
		{"percent keeps the unreserved", lit("AZaz09-._~").Percent(), "AZaz09-._~"},
		{"percent encodes the rest", lit(" /%+\x00é").Percent(), "%20%2F%25%2B%00%C3%A9"},
		{"md5", seks.Hash(seks.MD5, fox).Hex(), "9e107d9d372bb6826bd81d3542a419d6"},
		{"sha1", seks.Hash(seks.SHA1, fox).Hex(), "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"},
		{"sha256 abc", seks.Hash(seks.SHA256, lit("abc")).Hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"sha512 abc", seks.Hash(seks.SHA512, lit("abc")).Hex(), "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
			"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		// RFC 4231
		{"hmac 1", seks.HMAC(seks.SHA256, lit(strings.Repeat("\x0b", 20)), lit("Hi There")).Hex(),
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{"hmac 2", seks.HMAC(seks.SHA256, lit("Jefe"), lit("what do ya want for nothing?")).Hex(),
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"hmac 2, sha512", seks.HMAC(seks.SHA512, lit("Jefe"), lit("what do ya want for nothing?")).Hex(),
			"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
		{"hmac 6, a key longer than a block", seks.HMAC(seks.SHA256, lit(strings.Repeat("\xaa", 131)), lit("Test Using Larger Than Block-Size Key - Hash Key First")).Hex(),
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		// RFC 2202
		{"hmac sha1", seks.HMAC(seks.SHA1, lit("Jefe"), lit("what do ya want for nothing?")).Hex(), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{"hmac md5", seks.HMAC(seks.MD5, lit("Jefe"), lit("what do ya want for nothing?")).Hex(), "750c783e6ab0b503eaa86e310a5db738"},
		{"digests are raw", seks.Hash(seks.MD5, lit("")), unhex("d41d8cd98f00b204e9800998ecf8427e")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := eval(t, tt.expr, values{"account": "acct-7"})
			if err != nil || string(got) != tt.want {
				t.Errorf("%s = %q, %v, want %q", abi.Text(tt.expr), got, err, tt.want)
			}
		})
	}
	if got, err := eval(t, lit(string(all)).Percent().Percent(), nil); err != nil || len(got) != 66+190*5 {
		t.Errorf("percent of percent has %d bytes, %v", len(got), err)
	}
}

func TestCompileKeepsTheBounds(t *testing.T) {
	hexes := func(n int) seks.Expr { // n operations
		e := seks.Lit("")
		for range n - 1 {
			e = e.Hex()
		}
		return e
	}
	pushes := func(n int) []byte { return bytes.Repeat(seks.Lit(""), n) }
	deep := func(n int) []byte { // the stack is n high, the tree n deep
		return append(pushes(n), bytes.Repeat(abi.AppendConcat(nil, 2), n-1)...)
	}
	tests := []struct {
		name    string
		program []byte
		fault   string // "" where it compiles
	}{
		{"as many operations as may be", hexes(abi.MaxOps), ""},
		{"one more", hexes(abi.MaxOps + 1), "more than 256 operations"},
		{"as much on the stack as may be", abi.AppendConcat(pushes(abi.MaxStack), abi.MaxStack), ""},
		{"one more", pushes(abi.MaxStack + 1), "more than 32 values at once"},
		{"as deep as the stack allows", deep(abi.MaxStack), ""},
		{"as many bytes as may be", seks.Lit(strings.Repeat("x", abi.MaxProgram-3)), ""},
		{"one more", seks.Lit(strings.Repeat("x", abi.MaxProgram-2)), "has 16385 bytes"},
		{"nothing", nil, "leaves 0 values"},
		{"two values", pushes(2), "leaves 2 values"},
		{"nothing to encode", abi.AppendOp(nil, abi.OpHex), "takes 1 values, and 0 are there"},
		{"no message", abi.AppendHash(seks.Lit("k"), abi.OpHMAC, abi.SHA256), "takes 2 values, and 1 are there"},
		{"concat of more than there is", abi.AppendConcat(pushes(2), 3), "takes 3 values, and 2 are there"},
		{"concat of none", []byte{byte(abi.OpConcat), 0}, "can't be read"},
		{"concat of too many", []byte{byte(abi.OpConcat), 33}, "can't be read"},
		{"an unknown hash", []byte{byte(abi.OpLit), 0, byte(abi.OpHash), 5}, "can't be read"},
		{"a literal cut short", []byte{byte(abi.OpLit), 9, 'x'}, "can't be read"},
		{"a length in a longer form", []byte{byte(abi.OpLit), 0x81, 0, 'x'}, "can't be read"},
		{"an unknown operation", []byte{0x7f}, "can't be read"},
		{"token", abi.AppendOp(nil, abi.OpToken), "operation token (0x03) may not stand in an edit"},
		{"digest", abi.AppendHash(nil, abi.OpDigest, abi.SHA256), ""},
		{"slice", abi.AppendSlice(nil, 0, 1), "operation slice:0:1 (0x05) may not stand in an edit"},
		{"load", abi.AppendRegister(nil, abi.OpLoad, 0), ""},
		{"load of a register that there isn't", []byte{byte(abi.OpLoad), 16}, "can't be read"},
		{"any, outside a shape", seks.Any(), "operation any (0x07) may not stand in an edit"},
		{"rsa", abi.AppendOp(pushes(2), abi.OpRSA), ""},
		{"ecdsa without a message", abi.AppendOp(pushes(1), abi.OpECDSA), "takes 2 values, and 1 are there"},
		{"ed25519", abi.AppendOp(pushes(2), abi.OpEd25519), ""},
		{"store", abi.AppendRegister(pushes(1), abi.OpStore, 15), ""},
		{"store of nothing", abi.AppendRegister(nil, abi.OpStore, 0), "takes 1 values, and 0 are there"},
	}
	for _, tt := range tests {
		n, err := compile(tt.program, inEdit)
		if tt.fault == "" && (err != nil || n == nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.fault)
		}
	}
}

func TestEvalKeepsTheBounds(t *testing.T) {
	field := strings.Repeat("k", 8192)
	eight := make([]seks.Expr, 8)
	for i := range eight {
		eight[i] = seks.Field("account")
	}
	whole := seks.Concat(eight...) // 64 KiB
	if out, err := eval(t, whole, values{"account": field}); err != nil || len(out) != abi.MaxValue {
		t.Errorf("a value as long as may be: %d bytes, %v", len(out), err)
	}
	for name, e := range map[string]seks.Expr{
		"concat":  seks.Concat(whole, seks.Lit("x")),
		"hex":     whole.Hex(),
		"percent": seks.Concat(whole, seks.Lit(" ")).Percent(),
		"inner":   seks.Hash(seks.MD5, whole.Base64()),
	} {
		if _, err := eval(t, e, values{"account": field}); err == nil || !strings.Contains(err.Error(), "at most 65536") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := eval(t, seks.Field("account"), values{}); err == nil || !strings.Contains(err.Error(), `no field "account"`) {
		t.Errorf("a field that the credential lacks: %v", err)
	}
}

func TestZeroVettedDoesNothing(t *testing.T) {
	var v Vetted
	if v.Valid() {
		t.Error("the zero value is valid")
	}
	if _, err := first(v, values{}); err == nil {
		t.Error("the zero value evaluates")
	}
	v, err := Vet(edit(manifest(), abi.RemoveHeader, "x", nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first(v, values{}); err == nil {
		t.Error("a removal has a value")
	}
}

func TestLine(t *testing.T) {
	m := manifest(public)
	p := edit(m, abi.SetPath, "", seks.Concat(seks.Lit("/v2/"), seks.Lit("x")))
	p.Edits = append(p.Edits,
		abi.Edit{Kind: abi.SetHeader, Name: "x", Value: seks.Field("account")},
		abi.Edit{Kind: abi.SetRawQuery, Value: seks.Lit("a=1")},
		abi.Edit{Kind: abi.SetQuery, Name: "key", Value: seks.Field("account")})
	v, err := Vet(p)
	if err != nil {
		t.Fatal(err)
	}
	path, query, err := v.Line("/v1/x", "b=2")
	if path != "/v2/x" || query != "a=1" || err != nil {
		t.Errorf("%q %q %v", path, query, err)
	}
	v, err = Vet(edit(m, abi.SetHeader, "x", seks.Lit("1")))
	if path, query, lineErr := v.Line("/v1/x", "b=2"); err != nil || lineErr != nil || path != "/v1/x" || query != "b=2" {
		t.Errorf("without edits of the line: %q %q %v", path, query, lineErr)
	}
}
