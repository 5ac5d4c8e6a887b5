package plugin

import (
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/expr"
)

// Bounds of the plans that are kept for one plugin, in bytes.
const (
	maxKept     = 8 << 20 // in all, as cost reckons it
	maxKeptKey  = 4 << 10 // a longer view, or plan, is not worth it
	maxKeptPlan = 4 << 10
)

// cost estimates what a kept plan takes: its key, and for each byte of the plan
// its share of the tree that an expression becomes.
func cost(key, plan []byte) int { return 512 + len(key) + 16*len(plan) }

// kept remembers the plans of views: a plan is a pure function of its view, and
// an agent's requests are much alike. A plan that depends on the time is never
// in it. The key is the tenant and the whole encoded view, not a hash of it, so
// no request can get another one's plan.
type kept struct {
	mu    sync.RWMutex
	plans map[string]expr.Vetted
	size  int
}

func (k *kept) find(key []byte) (expr.Vetted, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	v, ok := k.plans[string(key)]
	return v, ok
}

// add keeps the plan that was read from raw. When there are too many, all are
// dropped: those in use are soon there again, and no bookkeeping slows down a hit.
func (k *kept) add(key []byte, v expr.Vetted, raw []byte) {
	if len(key) > maxKeptKey || len(raw) > maxKeptPlan {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	size := cost(key, raw)
	if k.plans == nil || k.size+size > maxKept {
		k.plans, k.size = map[string]expr.Vetted{}, 0
	}
	if _, ok := k.plans[string(key)]; !ok {
		k.plans[string(key)] = v
		k.size += size
	}
}
