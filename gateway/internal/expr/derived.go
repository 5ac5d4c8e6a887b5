package expr

import (
	"sync"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Bounds of what is kept for one version of one credential.
const (
	maxDerived        = 128
	maxDerivedProgram = 1 << 10 // a longer key expression is not worth it
)

// Derived keeps keys that were computed from one version of a credential alone,
// such as SigV4's signing key of a day, or a private key that was parsed. Who
// owns the version owns this, and drops both together: no value outlives what it
// was made of. The zero value is ready. It is safe for use by many goroutines.
//
// A key is found by the digest of the plugin that asked, the operation, and the
// whole expression, not by a hash of them.
type Derived struct {
	mu   sync.RWMutex
	keys map[string]*key
}

// Keeper is Fields of which keys may be kept.
type Keeper interface {
	Fields
	Derived() *Derived
}

func (d *Derived) find(id []byte) *key {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.keys[string(id)]
}

// add keeps a key. Where there are too many, all are dropped: those in use are
// soon there again.
func (d *Derived) add(id []byte, k *key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys == nil || len(d.keys) >= maxDerived {
		d.keys = map[string]*key{}
	}
	d.keys[string(id)] = k
}

// worthKeeping says whether n is a key made of text and credential fields alone,
// so that it changes with them only, and took some work: an HMAC or a hash, or
// the parsing that every key but an HMAC's needs. A reveal field stays out of
// it: each request has to say anew what it gives away.
func (n *node) worthKeeping(op abi.Op) bool {
	return n.alone && n.secrets && len(n.reveals) == 0 && len(n.program) <= maxDerivedProgram &&
		(op != abi.OpHMAC || keyed(n.Op) || n.Op == abi.OpHash)
}

// ofExchange says whether an operation's value is one exchange's own.
func ofExchange(op abi.Op) bool {
	switch op {
	case abi.OpToken, abi.OpDigest, abi.OpSlice, abi.OpLoad, abi.OpStore, abi.OpAbsorb, abi.OpTotal:
		return true
	}
	return false
}
