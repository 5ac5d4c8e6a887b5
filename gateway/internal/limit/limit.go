// Package limit bounds how often a token is used, and how much runs at once. A
// Lease is the leave to go on.
package limit

import (
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/token"
)

// Limiter is safe for use by many goroutines.
type Limiter struct {
	start time.Time
	now   func() time.Time
	slots slots
	rates *rates
}

// New makes a limiter that lets maxConcurrent requests run at once; with 0 or
// less, none.
func New(maxConcurrent int, now func() time.Time) *Limiter {
	return &Limiter{start: now(), now: now, slots: slots{left: max(0, maxConcurrent)}, rates: newRates()}
}

// retryOverload is only a hint: there is room again when some request ends.
const retryOverload = time.Second

// Acquire gives leave for one request of g, to be released when its answer has
// ended. The error is a *fault.Fault with RetryAfter in whole seconds:
// overloaded where too much runs already, rate_limited where the token was used
// too often; for a zero Grant token_invalid. A refused request uses up nothing.
func (l *Limiter) Acquire(g token.Grant) (Lease, error) {
	if !g.Valid() {
		return Lease{}, fault.New(fault.TokenInvalid)
	}
	lease, ok := l.slots.acquire()
	if !ok {
		f := fault.New(fault.Overloaded)
		f.RetryAfter = retryOverload
		return Lease{}, f
	}
	rate := g.Rules().Rate
	if rate == (token.Rate{}) {
		return lease, nil
	}
	wait, ok := l.take(g.TokenID(), rate)
	if !ok {
		lease.Release()
		f := fault.Newf(fault.RateLimited, "this proxy token has a limit of %s: wait and try again", rate)
		f.RetryAfter = wholeSeconds(wait)
		return Lease{}, f
	}
	return lease, nil
}

// take refuses a rate that no ParseRate gave: a stored rate that can't be read
// must not read as none.
func (l *Limiter) take(id string, rate token.Rate) (wait time.Duration, ok bool) {
	if rate.N <= 0 || rate.Per <= 0 {
		return time.Hour, false
	}
	return l.rates.take(id, rate, int64(l.now().Sub(l.start)))
}

// wholeSeconds rounds up, as Retry-After has no fractions: a client that waits
// as long as it was told then gets through.
func wholeSeconds(d time.Duration) time.Duration {
	return max(time.Second, (d + time.Second - 1).Truncate(time.Second))
}
