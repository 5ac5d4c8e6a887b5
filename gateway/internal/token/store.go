// Package token turns a proxy token into a Claim, and a proven Claim into a
// Grant. It issues, lists and revokes tokens; of a token itself only its
// SHA-256 is kept.
package token

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// ErrNotFound is returned for an id that no token has.
var ErrNotFound = errors.New("there is no token with this id: seks token list shows those there are")

const cacheEntries = 65_536

// Store is safe for use by many goroutines. A kv.Store has one token Store at
// a time: a revocation empties the cache of the one it was asked of.
type Store struct {
	kv     *kv.Store
	keeper *seal.Keeper
	now    func() time.Time
	cache  *cache
	change sync.Mutex // held from the reading of a record to the writing of its change

	boreMu sync.Mutex
	bore   map[string]int // by id: answers that bore secrets
}

// NewStore keeps its records in kv, sealed by keeper.
func NewStore(kv *kv.Store, keeper *seal.Keeper, now func() time.Time) *Store {
	return &Store{kv: kv, keeper: keeper, now: now, cache: newCache(cacheEntries), bore: map[string]int{}}
}

// Two rows a token: the sealed record under its digest (with the tenant in
// clear before it, which says whose key opens it and is bound by it), and the
// way there from its id. The latter grants nothing, and what it leads to is
// checked.
func rowKey(digest string) []byte  { return kv.Key("token", digest) }
func indexKey(id string) []byte    { return kv.Key("token-id", id) }
func sealID(t, d string) seal.ID   { return seal.ID{Purpose: "token", Tenant: t, Name: d} }
func hexDigest(text []byte) string { d := sha256.Sum256(text); return hex.EncodeToString(d[:]) }

// Issue makes a token. Of r it takes Tenant, Agent, Provider, Credential,
// Expires, Pair and Rules, says all that is wrong with them at once, and fills in
// the rest. plain is the only copy of the token there will ever be; of a pair it
// is the public name, and Half of rec the secret.
func (s *Store) Issue(r Record) (plain secret.Bytes, rec Record, err error) {
	r.half = secret.Bytes{}
	if r.Pair {
		r.half = newHalf()
	}
	r.ID, r.Created, r.Revoked, r.Suspended = newID(), s.now().UTC().Round(0), time.Time{}, time.Time{}
	r.Expires = r.Expires.UTC().Round(0)
	if err := r.check(); err != nil {
		return secret.Bytes{}, Record{}, err
	}
	plain = newText(r.Provider)
	if r.Name = ""; r.Pair {
		r.Name = string(plain.Reveal())
	}
	d := hexDigest(plain.Reveal())
	err = s.write(d, &r, func(b *kv.Batch) error { return b.Set(indexKey(r.ID), []byte(d)) })
	if err != nil {
		plain.Destroy()
		return secret.Bytes{}, Record{}, err
	}
	return plain, r, nil
}

func (s *Store) write(digest string, r *Record, also func(*kv.Batch) error) error {
	text, err := r.encode()
	if err != nil {
		return err
	}
	defer clear(text)
	sealed, err := s.keeper.Seal(sealID(r.Tenant, digest), text)
	if err != nil {
		return err
	}
	return s.kv.Update(func(b *kv.Batch) error {
		return errors.Join(b.Set(rowKey(digest), kv.Key(r.Tenant, string(sealed))), also(b))
	})
}

// read returns nil where there is no such token.
func (s *Store) read(digest string) (*Record, error) {
	row, ok, err := s.kv.Get(rowKey(digest))
	if err != nil || !ok {
		return nil, err
	}
	return s.open(digest, row)
}

func (s *Store) open(digest string, row []byte) (*Record, error) {
	parts, ok := kv.Split(row)
	if !ok || len(parts) != 2 {
		return nil, errors.New("a token's row in the store is damaged")
	}
	text, err := s.keeper.Open(sealID(parts[0], digest), []byte(parts[1]))
	if err != nil {
		return nil, err
	}
	defer text.Destroy()
	return decode(text.Reveal())
}

// byID returns the record and the digest it is under.
func (s *Store) byID(id string) (r *Record, digest string, err error) {
	row, ok, err := s.kv.Get(indexKey(id))
	if err != nil {
		return nil, "", err
	}
	if !ok {
		return nil, "", ErrNotFound
	}
	digest = string(row)
	r, err = s.read(digest)
	if err != nil {
		return nil, "", err
	}
	if r == nil || r.ID != id {
		return nil, "", fmt.Errorf("the store's way from the id %s to its token is damaged: restore it from a backup", id)
	}
	return r, digest, nil
}

// List returns all tokens, revoked and expired ones too, oldest first. Where
// some can't be read it returns the others with the error.
func (s *Store) List() ([]Record, error) {
	var list []Record
	var bad []error
	err := s.kv.Scan(kv.Key("token"), func(key, row []byte) error {
		parts, ok := kv.Split(key)
		if !ok || len(parts) != 2 {
			bad = append(bad, errors.New("a token's key in the store is damaged"))
			return nil
		}
		r, err := s.open(parts[1], row)
		if err != nil {
			bad = append(bad, err)
			return nil
		}
		list = append(list, *r)
		return nil
	})
	slices.SortFunc(list, func(a, b Record) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return list, errors.Join(append(bad, err)...)
}

// Show returns the token with this id, or ErrNotFound.
func (s *Store) Show(id string) (Record, error) {
	r, _, err := s.byID(id)
	if err != nil {
		return Record{}, err
	}
	return *r, nil
}

// Find looks a presented token up for a request to provider (its name in
// broker.toml). The error is a *fault.Fault: token_missing, token_invalid,
// token_expired, token_revoked, policy_denied for one that is suspended, or overloaded where the store can't be read.
// Beside an error the Claim still says which known token it was, for the log,
// but it can't be proven. Find keeps nothing of presented, and does not allocate
// for a token that it has seen before.
func (s *Store) Find(presented []byte, provider string) (Claim, error) {
	named, err := parse(presented)
	if err != nil {
		return Claim{}, err
	}
	r, err := s.lookUp(presented)
	if err != nil {
		return Claim{}, fault.New(fault.Overloaded).Because(err)
	}
	c := Claim{record: r}
	switch {
	case string(named) != provider:
		return c, fault.Newf(fault.TokenInvalid, "this proxy token is for %s, and the request is for another provider: use the token that was issued for it", named)
	case r == nil:
		return c, fault.Newf(fault.TokenInvalid, "this proxy token is not known here, though it was copied whole: it comes from another broker, or was removed; ask for a new one")
	case r.Provider != provider:
		return c, fault.New(fault.TokenInvalid) // its text and its record disagree: we did not issue it so
	case !r.Revoked.IsZero():
		return c, fault.New(fault.TokenRevoked)
	case !r.Expires.IsZero() && !s.now().Before(r.Expires):
		return c, fault.New(fault.TokenExpired)
	case !r.Suspended.IsZero():
		return c, fault.Newf(fault.PolicyDenied, "this proxy token is suspended, since secrets kept standing in what the API answered to it: the operator can resume it")
	}
	c.good = true
	return c, nil
}

// lookUp returns nil for a token that is not in the store.
func (s *Store) lookUp(presented []byte) (*Record, error) {
	d := digest(sha256.Sum256(presented))
	r, ticket := s.cache.get(&d)
	if r != nil {
		return r, nil
	}
	r, err := s.read(hex.EncodeToString(d[:]))
	if err != nil || r == nil {
		return nil, err
	}
	s.cache.put(&d, r, ticket)
	return r, nil
}
