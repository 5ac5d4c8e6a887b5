// Package kv is the embedded store: ordered keys, atomic batches that are on
// disk before Update returns, a format version, one process at a time. It
// knows nothing of what it keeps; secrets come to it sealed.
package kv

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

var errClosed = errors.New("the store is closed")

// Store is safe for use by many goroutines.
type Store struct {
	db   *pebble.DB
	lock *pebble.Lock

	// Pebble panics when it is used after Close. A request may still be on its
	// way then, so each call is counted in, and Close waits for them.
	mu     sync.Mutex
	closed bool
	active sync.WaitGroup
}

type settings struct {
	fs     vfs.FS
	report func(string)
}

// Option changes how a store is opened.
type Option func(*settings)

// OnError gets what goes wrong in the background (a flush that failed), one
// sentence a call, from any goroutine. Without it, slog's default logger does.
func OnError(report func(msg string)) Option { return func(s *settings) { s.report = report } }

// Open opens the store in dir, which is made (0700) if it is missing. While
// another process, or another Store of this one, has it, the error is
// ErrLocked. A folder that others may read, a store of a newer format, and a
// database that is no seks store are refused with a sentence.
func Open(dir string, options ...Option) (*Store, error) {
	s := settings{fs: vfs.Default, report: func(msg string) { slog.Error("store: " + msg) }}
	for _, o := range options {
		o(&s)
	}
	if s.fs == vfs.Default {
		real, err := privateDir(dir)
		if err != nil {
			return nil, err
		}
		dir = real
	} else if err := s.fs.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return open(dir, s)
}

func open(dir string, s settings) (*Store, error) {
	lock, err := lockDir(dir, s.fs)
	if err != nil {
		return nil, err
	}
	db, err := pebble.Open(dir, pebbleOptions(s.fs, lock, s.report))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the store in %s can't be opened: %w", dir, err), lock.Close())
	}
	if err := checkFormat(db, dir); err != nil {
		return nil, errors.Join(err, db.Close(), lock.Close())
	}
	return &Store{db: db, lock: lock}, nil
}

// Close waits for calls in progress, flushes and lets the lock go. A second
// Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	if was {
		return nil
	}
	s.active.Wait()
	return errors.Join(s.db.Close(), s.lock.Close())
}

func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.active.Add(1)
	return nil
}

// Get returns a copy of the value; ok is false where there is none.
func (s *Store) Get(key []byte) (value []byte, ok bool, err error) {
	if err := s.enter(); err != nil {
		return nil, false, err
	}
	defer s.active.Done()
	found, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read from the store: %w", err)
	}
	value = append(make([]byte, 0, len(found)), found...)
	return value, true, closer.Close()
}

// Scan calls fn for every key that begins with prefix, in order, over the
// state at the moment of the call. key and value are valid only until fn
// returns. An error of fn ends the scan and is returned as it is.
func (s *Store) Scan(prefix []byte, fn func(key, value []byte) error) (err error) {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.active.Done()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return fmt.Errorf("read from the store: %w", err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("read from the store: %w", err)
		}
		if err := fn(it.Key(), value); err != nil {
			return err
		}
	}
	return it.Error()
}

// after is the first key past every key that begins with prefix; nil, which
// pebble reads as no bound, where there is none.
func after(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			bound := append([]byte(nil), prefix[:i+1]...)
			bound[i]++
			return bound
		}
	}
	return nil
}
