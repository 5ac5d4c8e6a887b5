package kv

import (
	"fmt"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// The store holds some thousand small records that are read once each and then
// cached in their own rooms: memory at rest matters more than a high hit rate.
const (
	blockCacheBytes = 8 << 20
	memTableBytes   = 4 << 20
	openFiles       = 128
	bloomBitsPerKey = 10
)

// pebbleFormat is pinned, so that a newer pebble does not by itself make the
// store unreadable for the release before. From this version on the log tells
// a torn tail (a crash) from damage in its middle.
const pebbleFormat = pebble.FormatWALSyncChunks

func pebbleOptions(fs vfs.FS, lock *pebble.Lock, report func(string)) *pebble.Options {
	o := &pebble.Options{
		FS:                 fs,
		Lock:               lock,
		Logger:             logger{report},
		FormatMajorVersion: pebbleFormat,
		CacheSize:          blockCacheBytes,
		MemTableSize:       memTableBytes,
		MaxOpenFiles:       openFiles,
	}
	// Sealed records look random: compressing them costs time and wins nothing.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBitsPerKey)
	}
	return o
}

// logger keeps pebble's chatter off standard error and hands its errors on.
type logger struct{ report func(string) }

func (l logger) Infof(string, ...any) {}

func (l logger) Errorf(format string, args ...any) { l.report(fmt.Sprintf(format, args...)) }

// Fatalf is called when the store's own log can't be written any more. Pebble
// demands that it does not return: nothing may be acknowledged after it.
func (l logger) Fatalf(format string, args ...any) {
	l.report(fmt.Sprintf(format, args...))
	os.Exit(1)
}
