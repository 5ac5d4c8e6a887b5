package kv

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
)

// formatVersion is of what the rooms keep in the store, not of pebble's files.
const formatVersion = 1

var formatKey = Key("kv", "format")

// checkFormat writes the version record into an empty store, and refuses a
// store that a newer seks wrote or that is not ours.
func checkFormat(db *pebble.DB, dir string) error {
	value, closer, err := db.Get(formatKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return stampFormat(db, dir)
	}
	if err != nil {
		return fmt.Errorf("the format version of the store in %s can't be read: %w", dir, err)
	}
	text := string(value)
	if err := closer.Close(); err != nil {
		return err
	}
	version, err := strconv.Atoi(text)
	if err != nil || version < 1 {
		return fmt.Errorf("the store in %s has a damaged format version: restore it from a backup", dir)
	}
	if version > formatVersion {
		return fmt.Errorf("the store in %s has format %d, and this seks reads up to %d: use the newer seks that wrote it", dir, version, formatVersion)
	}
	return nil
}

func stampFormat(db *pebble.DB, dir string) error {
	it, err := db.NewIter(nil)
	if err != nil {
		return err
	}
	used := it.First()
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return err
	}
	if used {
		return fmt.Errorf("the database in %s is not a seks store: give the store a folder of its own", dir)
	}
	return db.Set(formatKey, strconv.AppendInt(nil, formatVersion, 10), pebble.Sync)
}
