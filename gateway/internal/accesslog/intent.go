package accesslog

import (
	"errors"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// Intent is the decision of a line of intent: the exchange was allowed, and a
// credential is about to be used. The line with its outcome has the same id.
const Intent = "intent"

var errNoSlot = errors.New("access log: an intent without a slot")

// Intend puts a line of intent for x on disk before it returns; concurrent calls
// share their syncs. Where that fails, or the slot is used, it denies with
// fault.AuditUnavailable. In a batch log it does nothing.
func (s Slot) Intend(x *exchange.Exchange) error {
	if !s.Valid() {
		return fault.New(fault.AuditUnavailable).Because(errNoSlot)
	}
	l := s.r.log
	if !l.sync {
		return nil
	}
	intent := *x
	intent.Status, intent.Decision = 0, Intent
	if !l.encode(&intent, false) {
		err := l.Err()
		if err == nil {
			err = errClosed
		}
		return fault.New(fault.AuditUnavailable).Because(err)
	}
	// Whoever gets the lock first commits for all that wait for it.
	if err := l.commit(); err != nil {
		return fault.New(fault.AuditUnavailable).Because(err)
	}
	s.r.intended.Store(true)
	return nil
}

// Opens says whether a credential may be opened on the slot: it is valid and, in
// a sync log, its line of intent is on disk.
func (s Slot) Opens() bool {
	return s.Valid() && (!s.r.log.sync || s.r.intended.Load())
}
