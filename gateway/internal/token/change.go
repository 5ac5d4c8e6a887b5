package token

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
)

// Revoke ends a token: every Find that begins after it returned refuses it. To
// revoke it again changes nothing; Show says since when it is. The error is
// ErrNotFound where there is no such token.
func (s *Store) Revoke(id string) error {
	return s.edit(id, func(r *Record) (bool, error) {
		if !r.Revoked.IsZero() {
			return false, nil
		}
		r.Revoked = s.now().UTC().Round(0)
		return true, nil
	})
}

// Bore counts an answer to the token in which a secret stood. With the limit's, the
// token is suspended: every Find that begins after it returned refuses it, after a
// restart too, until Resume. What was counted before that is forgotten by a
// restart. A limit of 0 is none.
func (s *Store) Bore(id string, limit int) (suspended bool, err error) {
	if limit <= 0 {
		return false, nil
	}
	s.boreMu.Lock()
	s.bore[id]++
	reached := s.bore[id] >= limit
	s.boreMu.Unlock()
	if !reached {
		return false, nil
	}
	err = s.edit(id, func(r *Record) (bool, error) {
		if !r.Suspended.IsZero() {
			return false, nil
		}
		r.Suspended, suspended = s.now().UTC().Round(0), true
		return true, nil
	})
	if err != nil {
		return false, err // the next such answer tries again
	}
	s.forget(id)
	return suspended, nil
}

// Resume ends a token's suspension, and counts anew. It changes nothing of one that
// is not suspended.
func (s *Store) Resume(id string) error {
	err := s.edit(id, func(r *Record) (bool, error) {
		if !r.Revoked.IsZero() {
			return false, errors.New("this token was revoked, which is for good: issue another")
		}
		was := !r.Suspended.IsZero()
		r.Suspended = none.Suspended
		return was, nil
	})
	if err == nil {
		s.forget(id)
	}
	return err
}

func (s *Store) forget(id string) {
	s.boreMu.Lock()
	defer s.boreMu.Unlock()
	delete(s.bore, id)
}

// edit changes a record, where change says that it did, and drops the one that was
// cached.
func (s *Store) edit(id string, change func(*Record) (bool, error)) error {
	s.change.Lock()
	defer s.change.Unlock()
	r, name, err := s.byID(id)
	if err != nil {
		return err
	}
	changed, err := change(r)
	if err != nil {
		return err
	}
	if changed {
		if err := s.write(name, r, func(*kv.Batch) error { return nil }); err != nil {
			return err
		}
	}
	var d digest
	if _, err := hex.Decode(d[:], []byte(name)); err != nil {
		return fmt.Errorf("token: %w", err)
	}
	s.cache.drop(&d)
	return nil
}
