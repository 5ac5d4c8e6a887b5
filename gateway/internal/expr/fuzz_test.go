package expr

import (
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Whatever a guest writes as a value: Vet and Eval end, within bounds, and what
// comes out of a place that is no sink holds no secret.
func FuzzVetAndEval(f *testing.F) {
	f.Add([]byte(seks.Lit("x")), uint8(1))
	f.Add([]byte(seks.Concat(seks.Lit("Bearer "), seks.Field("rev"))), uint8(1))
	f.Add([]byte(seks.HMAC(seks.SHA256, seks.Field("sig"), seks.Field("rev")).Base64()), uint8(4))
	f.Add([]byte(seks.HMAC(seks.SHA256, seks.HMAC(seks.SHA256, seks.Concat(seks.Lit("V"), seks.Field("sig")), seks.Field("two")), seks.Lit("T")).Hex()), uint8(2))
	f.Add([]byte{byte(abi.OpField), 3, 's', 'i', 'g', byte(abi.OpConcat), 1}, uint8(7))
	m := flowManifest()
	secrets := values{"pub": "public", "rev": "9XqTzWvLkRb4", "sig": "Jm7PdYcNfHs2", "two": "Ga5EwUoKtVx8"}
	f.Fuzz(func(t *testing.T, program []byte, kind uint8) {
		p := &plan.Plan{Manifest: m, Plan: abi.Plan{Edits: []abi.Edit{{Kind: abi.EditKind(kind%8) + 1, Name: "elsewhere", Value: program}}}}
		v, err := Vet(p)
		if err != nil {
			if v.Valid() {
				t.Fatal("valid, with an error")
			}
			return
		}
		if len(program) == 0 {
			return
		}
		out, err := first(v, secrets)
		if err != nil {
			return
		}
		if len(out.Bytes) > abi.MaxValue || len(out.Derived) != 0 {
			t.Fatalf("%d bytes, %d derived", len(out.Bytes), len(out.Derived))
		}
		for _, name := range []string{"rev", "sig", "two"} {
			if secret, _ := secrets.Field(name); contains(out.Bytes, secret) {
				t.Fatalf("%s: %s came out", abi.Text(program), name)
			}
		}
	})
}

func contains(b, sub []byte) bool {
	for i := 0; i+len(sub) <= len(b); i++ {
		if string(b[i:i+len(sub)]) == string(sub) {
			return true
		}
	}
	return false
}
