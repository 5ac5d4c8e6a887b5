package limit

import (
	"sync"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/token"
)

// rates holds one number for each token with a rate: GCRA's "theoretical
// arrival time", the moment at which all that the token has used is refilled
// (ITU-T I.371, annex A). It is in nanoseconds since the limiter began.
type rates struct {
	mu    sync.Mutex
	full  map[string]int64
	sweep int // entries at which those that are refilled are swept out
}

const firstSweep = 1024

func newRates() *rates { return &rates{full: map[string]int64{}, sweep: firstSweep} }

// take lets one request of the token pass at the moment now, or says how long
// until one would. In any span of time t it lets at most N + t·N/Per pass.
func (r *rates) take(id string, rate token.Rate, now int64) (wait time.Duration, ok bool) {
	step := every(rate)
	r.mu.Lock()
	defer r.mu.Unlock()
	full, known := r.full[id]
	full = max(full, now) + step
	if ahead := full - now; ahead > step*int64(rate.N) {
		return time.Duration(ahead - step*int64(rate.N)), false
	}
	if !known && len(r.full) >= r.sweep {
		r.sweepOut(now)
	}
	r.full[id] = full
	return 0, true
}

// every is the time in which one request is refilled, rounded up: rounded down
// it would let through more than was promised.
func every(rate token.Rate) int64 {
	n := int64(rate.N)
	return (int64(rate.Per) + n - 1) / n
}

// sweepOut forgets tokens that are refilled: to know nothing of them comes to the
// same. None is ever pushed out before, as that would give it its N again. So
// the map holds no more than the issued tokens in use within one Per; and as the
// next sweep waits until it has doubled, sweeping costs a constant for each new
// entry.
func (r *rates) sweepOut(now int64) {
	for id, full := range r.full {
		if full <= now {
			delete(r.full, id)
		}
	}
	r.sweep = max(firstSweep, 2*len(r.full))
}
