// Package credential is the encrypted store of real credentials. Nobody reads
// one without a Permit, a Lease and a Slot: policy has allowed this request,
// a limit has room for it, and its line in the access log is reserved.
package credential

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// ErrNotFound is returned for a name that holds no credential.
var ErrNotFound = errors.New("no credential of that name: see `seks credential list`")

// ErrExists is returned where a new credential would replace another.
var ErrExists = errors.New("a credential of that name exists: change its value with `seks credential rotate`, or remove it first")

var nameRE = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)

// Field is one value of a credential. A public one is no secret.
type Field struct {
	Value  secret.Bytes
	Public bool
}

// Info is what may be shown of a credential.
type Info struct {
	Name     string    `json:"name"`
	Provider string    `json:"provider"`
	Version  uint64    `json:"version"`
	Fields   []string  `json:"fields"`
	Hosts    []string  `json:"hosts"` // the authorities that it may be sent to
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
}

// Store keeps credentials sealed in the store, and those in use open in memory.
type Store struct {
	kv   *kv.Store
	seal *seal.Keeper
	now  func() time.Time

	mu     sync.RWMutex
	open   map[key]entry
	scopes map[string]*scope // by tenant
}

type key struct{ tenant, name string }

// NewStore makes a Store.
func NewStore(store *kv.Store, keeper *seal.Keeper, now func() time.Time) *Store {
	return &Store{kv: store, seal: keeper, now: now, open: map[key]entry{}, scopes: map[string]*scope{}}
}

// record is what is sealed.
type record struct {
	Provider string                 `json:"provider"`
	Hosts    []string               `json:"hosts"`
	Created  time.Time              `json:"created"`
	Updated  time.Time              `json:"updated"`
	Fields   map[string]recordField `json:"fields"`
}

type recordField struct {
	Value  []byte `json:"value"`
	Public bool   `json:"public,omitempty"`
}

func (r *record) destroy() {
	for _, f := range r.Fields {
		clear(f.Value)
	}
}

func (r *record) info(name string, version uint64) Info {
	i := Info{Name: name, Provider: r.Provider, Version: version, Hosts: r.Hosts, Created: r.Created, Updated: r.Updated}
	for f := range r.Fields {
		i.Fields = append(i.Fields, f)
	}
	slices.Sort(i.Fields)
	return i
}

// Set stores a new credential, bound to the hosts that it may be sent to.
func (s *Store) Set(tenant, name, provider string, hosts []string, fields map[string]Field) (Info, error) {
	if !nameRE.MatchString(name) {
		return Info{}, fmt.Errorf("credential name %.80q: must match %s", name, nameRE)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok, err := s.kv.Get(kv.Key("credential", tenant, name)); err != nil || ok {
		return Info{}, errors.Join(err, existsIf(ok))
	}
	now := s.now().UTC()
	return s.write(tenant, name, 1, &record{
		Provider: provider, Hosts: hosts, Created: now, Updated: now, Fields: recordFields(fields),
	})
}

func existsIf(ok bool) error {
	if ok {
		return ErrExists
	}
	return nil
}

// Rotate replaces the values of a credential and counts its version up. Tokens
// go on as they are.
func (s *Store) Rotate(tenant, name string, fields map[string]Field) (Info, error) {
	return s.change(tenant, name, func(r *record) { r.Fields = recordFields(fields) })
}

// Rebind binds a credential to other hosts: the operator's word that the new
// ones may have it.
func (s *Store) Rebind(tenant, name string, hosts []string) (Info, error) {
	return s.change(tenant, name, func(r *record) { r.Hosts = hosts })
}

func (s *Store) change(tenant, name string, edit func(*record)) (Info, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, version, err := s.read(tenant, name)
	if err != nil {
		return Info{}, err
	}
	edit(r)
	r.Updated = s.now().UTC()
	return s.write(tenant, name, version+1, r)
}

// Remove deletes a credential. Its tokens answer credential_unavailable.
func (s *Store) Remove(tenant, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok, err := s.kv.Get(kv.Key("credential", tenant, name)); err != nil || !ok {
		return errors.Join(err, ErrNotFound)
	}
	delete(s.open, key{tenant, name})
	s.changed(tenant)
	return s.kv.Update(func(b *kv.Batch) error { return b.Delete(kv.Key("credential", tenant, name)) })
}

// List shows the tenant's credentials by name. No value is in it.
func (s *Store) List(tenant string) ([]Info, error) {
	infos := []Info{}
	err := s.kv.Scan(kv.Key("credential", tenant), func(k, _ []byte) error {
		parts, ok := kv.Split(k)
		if !ok || len(parts) != 3 {
			return fmt.Errorf("the store holds a credential under a key that can't be read")
		}
		name := parts[2]
		r, version, err := s.read(tenant, name)
		if err != nil {
			return err
		}
		defer r.destroy()
		infos = append(infos, r.info(name, version))
		return nil
	})
	return infos, err
}

// Show is the Info of one credential.
func (s *Store) Show(tenant, name string) (Info, error) {
	r, version, err := s.read(tenant, name)
	if err != nil {
		return Info{}, err
	}
	defer r.destroy()
	return r.info(name, version), nil
}

func recordFields(fields map[string]Field) map[string]recordField {
	out := map[string]recordField{}
	for name, f := range fields {
		out[name] = recordField{Value: slices.Clone(f.Value.Reveal()), Public: f.Public}
	}
	return out
}

func id(tenant, name string, version uint64) seal.ID {
	return seal.ID{Purpose: "credential", Tenant: tenant, Name: name, Version: version}
}

// The stored value is the version in the clear, for the associated data, and
// the sealed record: a version that was changed does not open.
func (s *Store) write(tenant, name string, version uint64, r *record) (Info, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return Info{}, err
	}
	defer clear(plain)
	defer r.destroy()
	sealed, err := s.seal.Seal(id(tenant, name, version), plain)
	if err != nil {
		return Info{}, err
	}
	value := append(binary.BigEndian.AppendUint64(nil, version), sealed...)
	delete(s.open, key{tenant, name}) // before: where Update fails, nobody knows which version is on disk
	s.changed(tenant)
	if err := s.kv.Update(func(b *kv.Batch) error { return b.Set(kv.Key("credential", tenant, name), value) }); err != nil {
		return Info{}, err
	}
	return r.info(name, version), nil
}

func (s *Store) read(tenant, name string) (*record, uint64, error) {
	value, ok, err := s.kv.Get(kv.Key("credential", tenant, name))
	if err != nil {
		return nil, 0, err
	}
	if !ok {
		return nil, 0, ErrNotFound
	}
	return s.decode(tenant, name, value)
}

func (s *Store) decode(tenant, name string, value []byte) (*record, uint64, error) {
	if len(value) < 8 {
		return nil, 0, ErrNotFound
	}
	version := binary.BigEndian.Uint64(value)
	plain, err := s.seal.Open(id(tenant, name, version), value[8:])
	if err != nil {
		return nil, 0, fmt.Errorf("credential %s: %w", name, err)
	}
	defer plain.Destroy()
	r := &record{}
	if err := json.Unmarshal(plain.Reveal(), r); err != nil {
		return nil, 0, fmt.Errorf("credential %s: the record can't be read", name)
	}
	return r, version, nil
}
