package kv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrLocked is what a second opener of a store gets: the caller may reach the
// process that has it in another way.
var ErrLocked = errors.New("another seks process has the store open: stop it, or let the command reach it over its admin socket")

// privateDir makes dir with mode 0700 if it is missing, refuses it where group
// or others may enter, and returns its one real path: the lock is by path, so
// two names of one folder must not pass for two stores.
func privateDir(dir string) (string, error) {
	if err := mkdirSynced(dir); err != nil {
		return "", fmt.Errorf("the store's folder can't be made: %w", err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("the store's folder can't be found: %w", err)
	}
	if real, err = filepath.Abs(real); err != nil {
		return "", fmt.Errorf("the store's folder can't be found: %w", err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", fmt.Errorf("the store's folder can't be looked at: %w", err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s is not a folder: the store needs one of its own", dir)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%s has mode %04o, so others on this machine can look into the store: run chmod 700 %s", dir, mode, dir)
	}
	return real, nil
}

// mkdirSynced makes dir and its missing parents, and syncs the folder above
// each: without that a crash could lose a store that was already used.
func mkdirSynced(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := mkdirSynced(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(parent)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lockDir takes pebble's own lock before pebble opens anything.
func lockDir(dir string, fsys vfs.FS) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(dir, fsys)
	if err == nil {
		return lock, nil
	}
	if heldElsewhere(err) {
		return nil, ErrLocked
	}
	return nil, fmt.Errorf("the store's lock file can't be made: %w", err)
}

// heldElsewhere tells a lock that is taken from one that can't be made: fcntl
// gives a bare EAGAIN or EACCES (POSIX allows both), creating the file a
// PathError. Pebble has no sentinel for a lock that this very process holds.
func heldElsewhere(err error) bool {
	var path *fs.PathError
	if errors.As(err, &path) {
		return false
	}
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) ||
		strings.Contains(err.Error(), "lock held by current process")
}
