package conform

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"iter"
	"maps"
	"strings"
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// standIns are values for the fields of no real credential.
type standIns struct {
	m      *plan.Manifest
	values fields
	given  map[string]string // those that the caller chose
}

// fields makes a map an expr.Fields.
type fields map[string][]byte

func (f fields) Field(name string) ([]byte, bool) { v, ok := f[name]; return v, ok }

func newStandIns(m *plan.Manifest, given map[string]string) standIns {
	s := standIns{m: m, values: fields{}, given: given}
	for i := range m.Fields {
		f := &m.Fields[i]
		s.values[f.Name] = []byte(f.Prefix + "stand-in-" + f.Name + "-" + strings.Repeat("0", 24))
		if value, ok := given[f.Name]; ok {
			s.values[f.Name] = []byte(value)
		}
	}
	return s
}

// sets are the values to try, one after the other, until they are keys of the
// kind that a plan signs with: an HMAC takes any bytes, the others a private key.
func (s standIns) sets() iter.Seq[fields] {
	return func(yield func(fields) bool) {
		if !yield(s.values) {
			return
		}
		for _, key := range privateKeys() {
			if !yield(s.with(key)) {
				return
			}
		}
	}
}

// with has that key in every field to sign with that the caller left open.
func (s standIns) with(key []byte) fields {
	values := maps.Clone(s.values)
	for i := range s.m.Fields {
		if f := &s.m.Fields[i]; f.Use == abi.UseSign && s.given[f.Name] == "" {
			values[f.Name] = key
		}
	}
	return values
}

// privateKeys is a key of each kind, in PEM. They are made for this process:
// nothing that is shown depends on their values.
var privateKeys = sync.OnceValue(func() (keys [][]byte) {
	add := func(key any, err error) {
		if err != nil {
			return
		}
		if der, err := x509.MarshalPKCS8PrivateKey(key); err == nil {
			keys = append(keys, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		}
	}
	add(rsa.GenerateKey(rand.Reader, 2048))
	add(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	add(ed, err)
	return keys
})
