package expr

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func pemOf(t testing.TB, label string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func keyFields(op func(k, m seks.Expr) seks.Expr) abi.Field {
	return abi.Field{Name: "key", Use: abi.UseSign, SignShapes: [][]byte{op(seks.Field("key"), seks.Any())}}
}

func signWith(t *testing.T, op func(k, m seks.Expr) seks.Expr, key, message string) ([]byte, error) {
	t.Helper()
	v, err := Vet(edit(manifest(keyFields(op)), abi.SetHeader, "x", op(seks.Field("key"), seks.Lit(message))))
	if err != nil {
		t.Fatal(err)
	}
	out, err := first(v, values{"key": key})
	return out.Bytes, err
}

func TestSignaturesVerify(t *testing.T) {
	const message = "sample"
	sum := sha256.Sum256([]byte(message))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	// RFC 6979 §A.2.5: P-256 with SHA-256, message "sample".
	d, _ := new(big.Int).SetString("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", 16)
	ec, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	const rfc6979 = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
	// RFC 8032 §7.1, test 3: message af82.
	ed := ed25519.NewKeyFromSeed([]byte(unhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")))
	const rfc8032 = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
	pkcs8 := func(k any) string {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		return pemOf(t, "PRIVATE KEY", der, err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	texts := map[string]struct {
		op      func(k, m seks.Expr) seks.Expr
		key     string
		message string
		verify  func(sig []byte) bool
	}{
		"RSA, PKCS 8": {seks.RSA, pkcs8(rsaKey), message, func(s []byte) bool {
			return rsa.VerifyPKCS1v15(&rsaKey.PublicKey, crypto.SHA256, sum[:], s) == nil
		}},
		"RSA, PKCS 1": {seks.RSA, pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil), message, func(s []byte) bool {
			return rsa.VerifyPKCS1v15(&rsaKey.PublicKey, crypto.SHA256, sum[:], s) == nil
		}},
		"ECDSA, PKCS 8": {seks.ECDSA, pkcs8(ec), message, func(s []byte) bool { return fmt.Sprintf("%x", s) == rfc6979 }},
		"ECDSA, SEC 1":  {seks.ECDSA, pemOf(t, "EC PRIVATE KEY", sec1, err), message, func(s []byte) bool { return fmt.Sprintf("%x", s) == rfc6979 }},
		"Ed25519":       {seks.Ed25519, pkcs8(ed), unhex("af82"), func(s []byte) bool { return fmt.Sprintf("%x", s) == rfc8032 }},
	}
	for name, tt := range texts {
		for how, text := range map[string]string{
			"as it is": tt.key, "without line breaks": strings.ReplaceAll(tt.key, "\n", ""),
			"from a JSON file": strings.ReplaceAll(tt.key, "\n", `\n`), "with spaces": strings.ReplaceAll(tt.key, "\n", " "),
		} {
			if sig, err := signWith(t, tt.op, text, tt.message); err != nil || !tt.verify(sig) {
				t.Errorf("%s, %s: %x, %v", name, how, sig, err)
			}
		}
		for other, op := range map[string]func(k, m seks.Expr) seks.Expr{"RSA": seks.RSA, "ECDSA": seks.ECDSA, "Ed25519": seks.Ed25519} {
			if strings.HasPrefix(name, other) {
				continue
			}
			_, err := signWith(t, op, tt.key, message)
			if !errors.Is(err, ErrKey) || fault.From(err).Code != fault.CredentialUnavailable || !strings.Contains(err.Error(), "can't sign with") {
				t.Errorf("%s signs as %s: %v", name, other, err)
			}
		}
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := pkcs8(ed)
	for name, tt := range map[string]struct{ key, want string }{
		"no PEM":        {"sk-live-1234567890", "it is no PEM text"},
		"another curve": {pkcs8(p384), "must be on P-256"},
		"encrypted":     {strings.ReplaceAll(good, "PRIVATE", "ENCRYPTED PRIVATE"), "it is encrypted"},
		"a public one":  {strings.ReplaceAll(good, "PRIVATE", "PUBLIC"), "none of PRIVATE KEY"},
		"damaged":       {strings.Replace(good, "MC4", "MC5", 1), "holds no valid PRIVATE KEY"},
		"two ends":      {strings.Replace(good, "END PRIVATE", "END RSA PRIVATE", 1), "it is no PEM text"},
		"cut short":     {good[:40], "it is no PEM text"},
		"very long":     {good + strings.Repeat(" ", maxPEM), "more than 8192 bytes"},
	} {
		_, err := signWith(t, seks.ECDSA, tt.key, "m")
		if !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), tt.want) || fault.From(err).Code != fault.CredentialUnavailable {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if body := strings.Fields(tt.key); err != nil && len(body) > 3 && strings.Contains(err.Error(), body[3]) {
			t.Errorf("%s: the error holds the key: %v", name, err)
		}
	}
	four := seks.Concat(seks.Lit(""))
	for range abi.MaxSignatures + 1 {
		four = seks.Concat(four, seks.Ed25519(seks.Field("key"), seks.Lit("m")))
	}
	v, err := Vet(edit(manifest(keyFields(seks.Ed25519)), abi.SetHeader, "x", four))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first(v, values{"key": good}); err == nil || !strings.Contains(err.Error(), "more than 4 signatures") {
		t.Errorf("%v", err)
	}
}

// A private key is as tightly held as any key to sign with.
func TestPrivateKeysLeaveOnlyAsSignatures(t *testing.T) {
	k := seks.Field("key")
	for name, tt := range map[string]struct {
		value seks.Expr
		fine  bool
	}{
		"a signature":                    {seks.RSA(k, seks.Lit("m")), true},
		"its base64":                     {seks.RSA(k, seks.Lit("m")).Base64URL(), true},
		"the key":                        {k, false},
		"as its own message":             {seks.RSA(k, k), false},
		"as a message under a known key": {seks.RSA(seks.Lit("known"), k), false},
		"as an HMAC's key":               {seks.HMAC(seks.SHA256, k, seks.Lit("m")), false},
		"with another algorithm":         {seks.Ed25519(k, seks.Lit("m")), false},
	} {
		_, err := Vet(edit(manifest(keyFields(seks.RSA)), abi.SetHeader, "x", tt.value))
		if tt.fine != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, shape := range map[string]seks.Expr{"the key as a message": seks.RSA(seks.Any(), k), "hex": seks.RSA(k, seks.Any()).Hex(), "token in it": seks.RSA(k, seks.Token())} {
		m := manifest(abi.Field{Name: "key", Use: abi.UseSign, SignShapes: [][]byte{shape}})
		if CheckShapes(m) == nil {
			t.Errorf("%s is taken for a shape", name)
		}
	}
}

// testdata/rsa-4352.pem is a key that opens nothing: to make one takes seconds.
func TestAnRSAKeyHasItsBounds(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	long, err := os.ReadFile("testdata/rsa-4352.pem")
	if err != nil {
		t.Fatal(err)
	}
	for bits, text := range map[string]string{"1024": pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short), nil), "4352": string(long)} {
		if _, err := signWith(t, seks.RSA, text, "m"); !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), bits+" bits; 2048 to 4096") {
			t.Errorf("%s bits: %v", bits, err)
		}
	}
}
