package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// Record is all that is known of a token; the token itself is not in it.
type Record struct {
	ID         string    `json:"id"` // "tok_" and 16 of base62
	Tenant     string    `json:"tenant"`
	Agent      string    `json:"agent"`
	Provider   string    `json:"provider"` // the name in broker.toml
	Credential string    `json:"credential"`
	Created    time.Time `json:"created"`
	Expires    time.Time `json:"expires,omitzero"` // zero: never
	Revoked    time.Time `json:"revoked,omitzero"` // zero: not
	Suspended  time.Time `json:"suspended,omitzero"`
	// Pair says that the token's text is only its public name: what proves it is
	// a signature made with its secret half, as with AWS's access keys.
	Pair bool `json:"pair,omitempty"`
	// Name is that public name. Records of before lack it.
	Name string `json:"name,omitempty"`
	Rules
	half secret.Bytes // of a pair; sealed with the record, and shown once
}

// check says all that is wrong with a record that is to be issued.
func (r *Record) check() error {
	var wrong []error
	if !isName(r.Tenant) {
		wrong = append(wrong, fmt.Errorf("the tenant %q must be 1 to 64 of a-z, 0-9, '.', '_' and '-'", r.Tenant))
	}
	if !isAgent(r.Agent) {
		wrong = append(wrong, fmt.Errorf("the agent %q must be 1 to 128 of a-z, A-Z, 0-9 and ._@/-", r.Agent))
	}
	if !isProvider(r.Provider) {
		wrong = append(wrong, fmt.Errorf("the provider %q must be 1 to %d of a-z, 0-9 and '-', and begin with a letter", r.Provider, maxProvider))
	}
	if !isName(r.Credential) {
		wrong = append(wrong, fmt.Errorf("the credential %q must be 1 to 64 of a-z, 0-9, '.', '_' and '-'", r.Credential))
	}
	if !r.Expires.IsZero() && !r.Expires.After(r.Created) {
		wrong = append(wrong, errors.New("the token would have expired before it is issued: give it a later time"))
	}
	return errors.Join(append(wrong, r.Rules.check())...)
}

// isName is [a-z0-9._-]{1,64}, as for credentials.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLower(c) && !isDigit(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func isAgent(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLower(c) && !isUpper(c) && !isDigit(c) && bytes.IndexByte([]byte("._@/-"), c) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// Half is a pair's secret half; empty for any other token.
func (r *Record) Half() secret.Bytes { return r.half }

// sealed is a record as it is written, sealed.
type sealed struct {
	*Record
	Half []byte `json:"half,omitempty"`
}

func (r *Record) encode() ([]byte, error) {
	text, err := json.Marshal(sealed{r, r.half.Reveal()})
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return text, nil
}

// decode refuses fields it does not know: what a newer seks added could be a
// rule, and to drop a rule is to widen the token.
func decode(text []byte) (*Record, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	r := sealed{Record: new(Record)}
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("a token's record can't be read (did a newer seks write it?): %w", err)
	}
	if r.Pair != (len(r.Half) > 0) { // a pair without its half would be a bearer token
		return nil, errors.New("a token's record is damaged: restore it from a backup")
	}
	if r.Pair {
		r.half = secret.New(r.Half)
	}
	return r.Record, nil
}
