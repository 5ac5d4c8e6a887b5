package expr

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// ErrKey is returned, wrapped, where a credential's field can't be signed with.
// It holds nothing of the field.
var ErrKey = errors.New("the credential's key can't be used")

// key signs: an HMAC's key as its bytes are, or a private key that was parsed.
type key struct {
	hash    abi.Hash
	raw     []byte
	private crypto.Signer
}

// Sizes of an RSA modulus, in bits. A shorter one is no longer safe; a longer one
// takes the time of many requests to sign with.
const minRSA, maxRSA = 2048, 4096

func (k *key) sign(message []byte) ([]byte, error) {
	switch p := k.private.(type) {
	case nil:
		return mac(k.hash, k.raw, message), nil
	case *rsa.PrivateKey:
		sum := sha256.Sum256(message)
		return rsa.SignPKCS1v15(nil, p, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		return signECDSA(p, message)
	case ed25519.PrivateKey:
		return ed25519.Sign(p, message), nil
	}
	return nil, ErrKey
}

// signECDSA gives r‖s of 32 bytes each (RFC 7518 §3.4). Without randomness the
// nonce is that of RFC 6979: the same plan makes the same request.
func signECDSA(p *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	der, err := p.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	sig.R.FillBytes(out[:32])
	sig.S.FillBytes(out[32:])
	return out, nil
}

// parseKey reads a private key for an operation.
func parseKey(op abi.Op, text []byte) (*key, error) {
	private, err := parsePEM(text)
	if err != nil {
		return nil, err
	}
	switch p := private.(type) {
	case *rsa.PrivateKey:
		if op != abi.OpRSA {
			break
		}
		if n := p.N.BitLen(); n < minRSA || n > maxRSA {
			return nil, fmt.Errorf("%w: it is an RSA key of %d bits; %d to %d are allowed", ErrKey, n, minRSA, maxRSA)
		}
		return &key{private: p}, nil
	case *ecdsa.PrivateKey:
		if op != abi.OpECDSA {
			break
		}
		if p.Curve != elliptic.P256() {
			return nil, fmt.Errorf("%w: it is an EC key on %s, and must be on P-256", ErrKey, p.Params().Name)
		}
		return &key{private: p}, nil
	case ed25519.PrivateKey:
		if op != abi.OpEd25519 {
			break
		}
		return &key{private: p}, nil
	}
	return nil, fmt.Errorf("%w: it is a %s, which %s can't sign with", ErrKey, kindOf(private), abi.Instr{Op: op})
}

func kindOf(private any) string {
	switch private.(type) {
	case *rsa.PrivateKey:
		return "RSA key"
	case *ecdsa.PrivateKey:
		return "EC key"
	case ed25519.PrivateKey:
		return "Ed25519 key"
	}
	return "key of another kind"
}

// maxPEM bounds a key's text: an RSA key of maxRSA bits has some 3,300 bytes.
const maxPEM = 8 << 10

// parsePEM reads one private key: PKCS #8 (RFC 5958), PKCS #1 (RFC 8017 §A.1.2)
// or SEC 1 (RFC 5915). A credential's field is one line, so the line breaks of
// the PEM text may be real, written as \n (as in a JSON file), or left out.
func parsePEM(text []byte) (any, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("%w: its PEM text has more than %d bytes", ErrKey, maxPEM)
	}
	label, der, ok := decodePEM(text)
	if !ok {
		return nil, fmt.Errorf("%w: it is no PEM text, -----BEGIN … PRIVATE KEY----- and so on", ErrKey)
	}
	defer clear(der)
	var private any
	var err error
	switch label {
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(der)
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(der)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(der)
	case "ENCRYPTED PRIVATE KEY":
		return nil, fmt.Errorf("%w: it is encrypted; decrypt it first, the broker's store is encrypted itself", ErrKey)
	default:
		return nil, fmt.Errorf("%w: its PEM text is none of PRIVATE KEY, RSA PRIVATE KEY and EC PRIVATE KEY", ErrKey)
	}
	if err != nil { // the parser's own words could hold some of the key
		return nil, fmt.Errorf("%w: its PEM text holds no valid %s", ErrKey, label)
	}
	return private, nil
}

// decodePEM is encoding/pem for one block whose line breaks may have been lost,
// and with no headers.
func decodePEM(text []byte) (label string, der []byte, ok bool) {
	const begin, end, dashes = "-----BEGIN ", "-----END ", "-----"
	text = bytes.TrimSpace(text)
	text, ok = bytes.CutPrefix(text, []byte(begin))
	if !ok {
		return "", nil, false
	}
	name, rest, ok := bytes.Cut(text, []byte(dashes))
	if !ok {
		return "", nil, false
	}
	body, tail, ok := bytes.Cut(rest, []byte(end))
	for _, newline := range []string{`\r\n`, `\n`} {
		tail = bytes.TrimSuffix(tail, []byte(newline))
	}
	if !ok || string(tail) != string(name)+dashes {
		return "", nil, false
	}
	body = bytes.ReplaceAll(body, []byte(`\n`), nil)
	body = bytes.ReplaceAll(body, []byte(`\r`), nil)
	defer clear(body)
	body = bytes.Join(bytes.Fields(body), nil)
	defer clear(body)
	der = make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	n, err := base64.StdEncoding.Decode(der, body)
	return string(name), der[:n], err == nil
}
