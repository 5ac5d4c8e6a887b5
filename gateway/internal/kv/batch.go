package kv

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Batch collects changes that become visible, and durable, together.
type Batch struct{ b *pebble.Batch }

// Set writes value under key. Both are copied.
func (b *Batch) Set(key, value []byte) error { return b.b.Set(key, value, nil) }

// Delete removes key; a key that isn't there is no error.
func (b *Batch) Delete(key []byte) error { return b.b.Delete(key, nil) }

// Update commits all that fn put into the batch, or, where fn fails, nothing;
// fn's error is returned as it is. When Update returns nil the changes are
// synced to disk. The batch reads nothing: who changes a record after reading
// it keeps a lock of its own.
func (s *Store) Update(fn func(*Batch) error) (err error) {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.active.Done()
	b := s.db.NewBatch()
	defer func() { err = errors.Join(err, b.Close()) }()
	if err := fn(&Batch{b}); err != nil {
		return err
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("write to the store: %w", err)
	}
	return nil
}
