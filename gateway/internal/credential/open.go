package credential

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// Credential is an opened credential. Only Open makes one; the zero value has
// no field.
type Credential struct{ o *opened }

// opened is shared by all requests that use one version of a credential.
type opened struct {
	name     string
	provider string
	version  uint64
	hosts    []string
	fields   map[string]secret.Bytes
	needles  *needle.Set
	derived  expr.Derived
}

// Open gives the credential that the permit names, for the host that it names.
// The three arguments are the proof that the request was judged, counted and
// will be logged.
func (s *Store) Open(p policy.Permit, l limit.Lease, slot accesslog.Slot) (Credential, error) {
	if !p.Valid() || !l.Valid() || !slot.Opens() {
		return Credential{}, fault.New(fault.CredentialUnavailable).Because(errors.New("a credential was asked for without authority"))
	}
	o, err := s.find(key{p.Tenant(), p.Credential()})
	if err != nil {
		return Credential{}, fault.New(fault.CredentialUnavailable).Because(err)
	}
	if o.provider != p.Provider() {
		return Credential{}, fault.New(fault.CredentialUnavailable).Because(
			fmt.Errorf("credential %s is for provider %s, the token for %s", o.name, o.provider, p.Provider()))
	}
	if !slices.Contains(o.hosts, p.Host()) {
		return Credential{}, fault.New(fault.CredentialUnavailable).Because(
			fmt.Errorf("credential %s was set for %v and may not go to %s: check that host, then run `seks credential rebind %s`",
				o.name, o.hosts, p.Host(), o.name))
	}
	return Credential{o}, nil
}

func (s *Store) find(k key) (*opened, error) {
	s.mu.RLock()
	o := s.open[k]
	s.mu.RUnlock()
	if o != nil {
		return o, nil
	}
	// Under the write lock, so that no change can come between the read and
	// the moment that what was read is kept.
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.open[k]; o != nil {
		return o, nil
	}
	r, version, err := s.read(k.tenant, k.name)
	if err != nil {
		return nil, err
	}
	o = &opened{name: k.name, provider: r.Provider, version: version, hosts: r.Hosts, fields: map[string]secret.Bytes{}}
	var needles []needle.Needle
	for name, f := range r.Fields {
		value := secret.New(f.Value)
		o.fields[name] = value
		if !f.Public {
			needles = append(needles, needle.Needle{Name: k.name, Value: value})
		}
	}
	o.needles = needle.NewSet(needles)
	s.open[k] = o
	return o, nil
}

// Valid is false for the zero value.
func (c Credential) Valid() bool { return c.o != nil }

// Name is the credential's name.
func (c Credential) Name() string {
	if c.o == nil {
		return ""
	}
	return c.o.name
}

// Version counts up with every rotation.
func (c Credential) Version() uint64 {
	if c.o == nil {
		return 0
	}
	return c.o.version
}

// Field is the value of one field: the secret itself, not to be kept.
func (c Credential) Field(name string) ([]byte, bool) {
	if c.o == nil {
		return nil, false
	}
	f, ok := c.o.fields[name]
	return f.Reveal(), ok
}

// Derived keeps what is computed from this version's fields alone. It is the
// version's own: when that is rotated, rebound or removed, both are forgotten.
func (c Credential) Derived() *expr.Derived {
	if c.o == nil {
		return nil
	}
	return &c.o.derived
}

// Needles are the forms of its secret fields, for the scrubber.
func (c Credential) Needles() *needle.Set {
	if c.o == nil {
		return nil
	}
	return c.o.needles
}
