package plugin

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How the folder is watched. A file that is being copied makes many events:
// what it has become is read once they cease, or once they have gone on for long
// enough.
const (
	settle  = 100 * time.Millisecond
	atLast  = 2 * time.Second
	lookups = 5 * time.Second // for file systems that tell of nothing
)

// Watch loads the folder again whenever something in it has changed, until ctx
// ends. loaded is called after each Load, with its error, and where the folder
// can't be watched, with the reason: it is then only looked at now and then.
func (h *Host) Watch(ctx context.Context, loaded func(error)) { h.watch(ctx, lookups, loaded) }

func (h *Host) watch(ctx context.Context, every time.Duration, loaded func(error)) {
	var events chan fsnotify.Event // never ready where there are none
	var errors chan error
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer watcher.Close()
		events, errors = watcher.Events, watcher.Errors
		err = watcher.Add(h.dir)
	}
	if err != nil {
		loaded(fmt.Errorf("plugins_dir %s can't be watched, and is looked at every %s: %w", h.dir, every, err))
	}
	var first time.Time // of the events that are not yet acted upon
	quiet := time.NewTimer(0)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			if first.IsZero() {
				first = time.Now()
			}
			quiet.Reset(min(settle, max(0, time.Until(first.Add(atLast)))))
			continue
		case <-errors: // events were lost
			quiet.Reset(settle)
			continue
		case <-tick.C:
			if watcher != nil {
				// The folder may be another one by now: removed and made again.
				_ = watcher.Add(h.dir)
			}
		case <-quiet.C:
		}
		first = time.Time{}
		if h.changed() {
			loaded(h.Load(ctx))
		}
	}
}

func (h *Host) changed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return stamp(h.dir) != h.stamp
}

// stamp tells one content of the folder from another without reading it: names,
// sizes, times and inodes of what is in it, behind symbolic links.
func stamp(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".wasm") {
			continue
		}
		info, err := os.Stat(dir + "/" + e.Name())
		if err != nil {
			fmt.Fprintf(&b, "%q %v\n", e.Name(), err)
			continue
		}
		fmt.Fprintf(&b, "%q %d %d", e.Name(), info.Size(), info.ModTime().UnixNano())
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			fmt.Fprintf(&b, " %d %d", s.Ino, s.Ctim.Nano())
		}
		b.WriteByte('\n')
	}
	return b.String()
}
