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
type Credential struct {
	o       *opened
	needles *needle.Set
	built   int
}

// opened is shared by all requests that use one version of a credential.
type opened struct {
	name     string
	provider string
	version  uint64
	hosts    []string
	fields   map[string]secret.Bytes
	secrets  map[string]secret.Bytes // those of fields that are not public
	derived  expr.Derived
}

// entry is an opened credential with what its answers are searched for. The
// latter is nil where a credential of the tenant has changed since.
type entry struct {
	*opened
	needles *needle.Set
}

// Open gives the credential that the permit names, for the host that it names.
// The three arguments are the proof that the request was judged, counted and
// will be logged.
func (s *Store) Open(p policy.Permit, l limit.Lease, slot accesslog.Slot) (Credential, error) {
	if !p.Valid() || !l.Valid() || !slot.Opens() {
		return Credential{}, fault.New(fault.CredentialUnavailable).Because(errors.New("a credential was asked for without authority"))
	}
	c, err := s.find(key{p.Tenant(), p.Credential()})
	if err != nil {
		return Credential{}, fault.New(fault.CredentialUnavailable).Because(err)
	}
	o := c.o
	if o.provider != p.Provider() {
		return Credential{}, fault.New(fault.CredentialUnavailable).Because(
			fmt.Errorf("credential %s is for provider %s, the token for %s", o.name, o.provider, p.Provider()))
	}
	if !slices.Contains(o.hosts, p.Host()) {
		return Credential{}, fault.New(fault.CredentialUnavailable).Because(
			fmt.Errorf("credential %s was set for %v and may not go to %s: check that host, then run `seks credential rebind %s`",
				o.name, o.hosts, p.Host(), o.name))
	}
	return c, nil
}

// Needles is what answers to requests with that credential are searched for, for a
// search that no request asks for. The slot is the proof that it will be logged;
// built is as Built.
func (s *Store) Needles(tenant, name string, slot accesslog.Slot) (set *needle.Set, built int, err error) {
	if !slot.Opens() {
		return nil, 0, errors.New("a credential was asked for without a place in the log")
	}
	c, err := s.find(key{tenant, name})
	return c.needles, c.built, err
}

func (s *Store) find(k key) (Credential, error) {
	s.mu.RLock()
	e := s.open[k]
	s.mu.RUnlock()
	if e.needles != nil {
		return Credential{o: e.opened, needles: e.needles}, nil
	}
	// Under the write lock, so that no change can come between the read and
	// the moment that what was read is kept.
	s.mu.Lock()
	defer s.mu.Unlock()
	e = s.open[k]
	if e.needles != nil {
		return Credential{o: e.opened, needles: e.needles}, nil
	}
	if e.opened == nil {
		r, version, err := s.read(k.tenant, k.name)
		if err != nil {
			return Credential{}, err
		}
		e.opened = r.opened(k.name, version)
	}
	sc, made, err := s.scopeOf(k.tenant)
	if err != nil {
		return Credential{}, err
	}
	e.needles = sc.of(e.opened)
	s.open[k] = e
	c := Credential{o: e.opened, needles: e.needles}
	if made {
		c.built = sc.set.Len()
	}
	return c, nil
}

func (r *record) opened(name string, version uint64) *opened {
	o := &opened{name: name, provider: r.Provider, version: version, hosts: r.Hosts, fields: map[string]secret.Bytes{}, secrets: map[string]secret.Bytes{}}
	for field, f := range r.Fields {
		value := secret.New(f.Value)
		o.fields[field] = value
		if !f.Public {
			o.secrets[field] = value
		}
	}
	return o
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

// Needles are what the answer is searched for: the forms of its secret fields, and
// of all of its tenant's that are long enough.
func (c Credential) Needles() *needle.Set { return c.needles }

// Built is how many secrets this Open read to make the tenant's needles anew; 0
// where they were there. It goes into the line of its request: reading all of a
// tenant's secrets is an act on record.
func (c Credential) Built() int { return c.built }
