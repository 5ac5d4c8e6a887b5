package seal

import (
	"bytes"
	"fmt"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A tenant's key is a Tink keyset, so that rotation can add a key and still
// read what the older one sealed.
var tenantPrefix = kv.Key("seal", "tenant")

func tenantKey(tenant string) []byte { return kv.Key("seal", "tenant", tenant) }

// wrapped is what binds a wrapped keyset to its tenant.
func wrapped(tenant string) []byte { return ID{Purpose: "tenant-key", Tenant: tenant}.associated() }

func (k *Keeper) cached(tenant string) (tink.AEAD, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	a, ok := k.tenants[tenant]
	return a, ok
}

func (k *Keeper) keep(tenant string, h *keyset.Handle) (tink.AEAD, error) {
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("seal: the key of tenant %q: %w", tenant, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tenants[tenant] = a
	return a, nil
}

// keyToOpen never makes a key: with a new one nothing old would open anyway.
func (k *Keeper) keyToOpen(tenant string) (tink.AEAD, error) {
	if a, ok := k.cached(tenant); ok {
		return a, nil
	}
	a, found, err := k.load(tenant)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("there is no key for tenant %q in the store", tenant)
	}
	return a, nil
}

func (k *Keeper) keyToSeal(tenant string) (tink.AEAD, error) {
	if a, ok := k.cached(tenant); ok {
		return a, nil
	}
	k.create.Lock()
	defer k.create.Unlock()
	a, found, err := k.load(tenant) // another goroutine may have made it meanwhile
	if err != nil || found {
		return a, err
	}
	return k.make(tenant)
}

func (k *Keeper) load(tenant string) (a tink.AEAD, found bool, err error) {
	row, ok, err := k.st.Get(tenantKey(tenant))
	if err != nil || !ok {
		return nil, false, err
	}
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(row)), k.wrap, wrapped(tenant))
	if err != nil {
		return nil, false, fmt.Errorf("the key of tenant %q was changed, or stands in another one's place: restore the store from a backup", tenant)
	}
	a, err = k.keep(tenant, h)
	return a, err == nil, err
}

func (k *Keeper) make(tenant string) (tink.AEAD, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	var row bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&row), k.wrap, wrapped(tenant)); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	// On disk before it is used: a record sealed with a lost key is lost too.
	if err := k.st.Update(func(b *kv.Batch) error { return b.Set(tenantKey(tenant), row.Bytes()) }); err != nil {
		return nil, err
	}
	return k.keep(tenant, h)
}
