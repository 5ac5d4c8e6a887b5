// Package seal encrypts what the store keeps: a key for each tenant, wrapped
// by the master key, and every record bound to what it is and whose. It also
// finds the master key, and derives MAC keys from it.
package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// MasterSize is the length of a master key in bytes.
const MasterSize = 32

// ErrWrongMaster is returned before anything else of the store is read.
var ErrWrongMaster = errors.New("the master key is not the one that this store was set up with: look at [master_key] source in broker.toml")

var errZero = errors.New("seal: this keeper was not opened")

// The master key is never used itself: what wraps tenant keys and what makes
// MACs are keys of their own, derived from it (RFC 5869).
const (
	wrapInfo = "seks/wrap/1"
	macInfo  = "seks/mac/1/"
)

// Keeper seals and opens records. A store has one Keeper at a time, as it has
// one process; the Keeper is safe for use by many goroutines. The zero Keeper
// refuses everything.
type Keeper struct {
	st     *kv.Store
	wrap   tink.AEAD
	master secret.Bytes

	mu      sync.RWMutex
	tenants map[string]tink.AEAD
	create  sync.Mutex // held while a tenant's key is made, so that it is made once
}

// Open checks the master key against the store; the first time it leaves there
// what later ones are checked against. The error is ErrWrongMaster where the
// key is another. The Keeper uses master until it is dropped.
func Open(st *kv.Store, master secret.Bytes) (*Keeper, error) {
	if master.Len() != MasterSize {
		return nil, fmt.Errorf("seal: a master key has %d bytes, this one has %d", MasterSize, master.Len())
	}
	key, err := hkdf.Key(sha256.New, master.Reveal(), nil, wrapInfo, MasterSize)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	defer clear(key)
	wrap, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	k := &Keeper{st: st, wrap: wrap, master: master, tenants: map[string]tink.AEAD{}}
	if err := k.checkMaster(); err != nil {
		return nil, err
	}
	return k, nil
}

// The check record holds a known text under the master key.
var (
	checkKey  = kv.Key("seal", "check")
	checkID   = ID{Purpose: "master-check", Tenant: "-"}
	checkText = []byte("seks")
)

func (k *Keeper) checkMaster() error {
	sealed, ok, err := k.st.Get(checkKey)
	if err != nil {
		return err
	}
	if !ok {
		return k.leaveCheck()
	}
	if _, err := k.wrap.Decrypt(sealed, checkID.associated()); err != nil {
		return ErrWrongMaster
	}
	return nil
}

// leaveCheck is for a new store only. Where tenant keys are there already, the
// check record was lost or taken away, and any key would pass for the right one.
func (k *Keeper) leaveCheck() error {
	err := k.st.Scan(tenantPrefix, func(_, _ []byte) error {
		return errors.New("the store has tenant keys but no record to check the master key by: restore it from a backup")
	})
	if err != nil {
		return err
	}
	sealed, err := k.wrap.Encrypt(checkText, checkID.associated())
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return k.st.Update(func(b *kv.Batch) error { return b.Set(checkKey, sealed) })
}

// Seal encrypts plaintext for id with AES-256-GCM under the tenant's key,
// which is made the first time the tenant is seen.
func (k *Keeper) Seal(id ID, plaintext []byte) ([]byte, error) {
	if err := k.usable(id); err != nil {
		return nil, err
	}
	a, err := k.keyToSeal(id.Tenant)
	if err != nil {
		return nil, err
	}
	sealed, err := a.Encrypt(plaintext, id.associated())
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed, nil
}

// Open decrypts what Seal made for exactly this id. A record that was changed,
// or sealed for another id, is an error, and nothing of it is returned.
func (k *Keeper) Open(id ID, sealed []byte) (secret.Bytes, error) {
	if err := k.usable(id); err != nil {
		return secret.Bytes{}, err
	}
	a, err := k.keyToOpen(id.Tenant)
	if err != nil {
		return secret.Bytes{}, err
	}
	plain, err := a.Decrypt(sealed, id.associated())
	if err != nil {
		// Tink says no more than "decryption failed", and neither do we.
		return secret.Bytes{}, fmt.Errorf("a sealed %s record of tenant %q was changed, or stands in another one's place", id.Purpose, id.Tenant)
	}
	return secret.New(plain), nil
}

func (k *Keeper) usable(id ID) error {
	if k == nil || k.wrap == nil {
		return errZero
	}
	if id.Purpose == "" {
		return errNoPurpose
	}
	return nil
}

// MAC is HMAC-SHA256 of data under a key that only this master key and purpose
// give: 32 bytes, to be compared with hmac.Equal. A zero Keeper gives random
// bytes: nil would equal the MAC that an attacker left empty.
func (k *Keeper) MAC(purpose string, data []byte) []byte {
	if k == nil || k.wrap == nil {
		return random(sha256.Size)
	}
	key, err := hkdf.Key(sha256.New, k.master.Reveal(), nil, macInfo+purpose, sha256.Size)
	if err != nil { // only for a length that HKDF can't give, which this is not
		return random(sha256.Size)
	}
	defer clear(key)
	m := hmac.New(sha256.New, key)
	m.Write(data)
	return m.Sum(nil)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it would end the process
	return b
}
