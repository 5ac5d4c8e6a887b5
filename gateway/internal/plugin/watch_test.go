package plugin

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// watched runs Watch over a folder; the channel has a value after each Load.
func (f *folder) watched(every time.Duration) <-chan error {
	f.t.Helper()
	loads := make(chan error, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { f.host.watch(ctx, every, func(err error) { loads <- err }) })
	f.t.Cleanup(func() {
		cancel()
		ended.Wait()
	})
	return loads
}

// until waits for the Load after which ok holds.
func (f *folder) until(loads <-chan error, what string, ok func() bool) {
	f.t.Helper()
	for deadline := time.After(time.Minute); !ok(); {
		select {
		case err := <-loads:
			if err != nil {
				f.t.Errorf("%s: %v", what, err)
			}
		case <-deadline:
			f.t.Fatalf("%s: not seen; %+v", what, f.host.States())
		}
	}
}

func (f *folder) status(i int) Status {
	if s := f.host.States(); i < len(s) {
		return s[i].Status
	}
	return ""
}

func (f *folder) running(version string) func() bool {
	return func() bool {
		p, ok := f.host.Find("moody")
		return ok && p.Manifest.Version == version || !ok && version == ""
	}
}

// What is put into the folder is seen, in whatever way it gets there.
func TestWatch(t *testing.T) {
	f := newFolder(t)
	v1, v2 := version(t, "1.0.0"), version(t, "2.0.0")
	f.load()
	loads := f.watched(time.Hour) // by events alone
	f.write("moody.wasm", v1)
	f.until(loads, "a new file", func() bool { return f.status(0) == Waiting })
	f.trusts(v1)
	f.trusts(v2)
	f.load("moody.wasm moody 1.0.0 trusted") // as `trust` does
	old := f.serves("moody", "1.0.0")

	// A new version, whose digest was trusted before, half-written at first.
	f.write("moody.wasm", v2[:len(v2)/2])
	f.until(loads, "half a file", func() bool { return f.status(0) == Refused })
	f.serves("moody", "1.0.0")
	f.write("moody.wasm", v2)
	f.until(loads, "the whole of it", f.running("2.0.0"))
	if _, err := old.Plan("t", view("GET")); err != nil {
		t.Errorf("a request under way lost its plugin: %v", err)
	}

	if err := os.Remove(filepath.Join(f.dir, "moody.wasm")); err != nil {
		t.Fatal(err)
	}
	f.until(loads, "a file that is gone", f.running(""))

	// Put there whole, under another name.
	f.write("moody.tmp", v1)
	if err := os.Rename(filepath.Join(f.dir, "moody.tmp"), filepath.Join(f.dir, "again.wasm")); err != nil {
		t.Fatal(err)
	}
	f.until(loads, "a file moved there", f.running("1.0.0"))
}

// Where no event comes, the folder is looked at: here it is another one, made
// anew under the same name.
func TestWatchWithoutEvents(t *testing.T) {
	f := newFolder(t)
	v1, v2 := version(t, "1.0.0"), version(t, "2.0.0")
	f.trusts(v1)
	f.trusts(v2)
	f.load()
	gone := f.dir + "-gone"
	if err := os.Rename(f.dir, gone); err != nil {
		t.Fatal(err)
	}
	loads := make(chan error, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { f.host.watch(ctx, 20*time.Millisecond, func(err error) { loads <- err }) })
	defer func() {
		cancel()
		ended.Wait()
	}()
	if err := <-loads; err == nil {
		t.Error("nothing is said of a folder that can't be watched")
	}
	if err := os.Mkdir(f.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f.write("moody.wasm", v1)
	f.until(loads, "a folder made later", f.running("1.0.0"))
	if err := os.Rename(f.dir, gone+"-too"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(f.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f.write("moody.wasm", v2)
	f.until(loads, "a folder made anew", f.running("2.0.0"))
}

// A pipe or a folder that is called like a module holds nothing up.
func TestOddFiles(t *testing.T) {
	f := newFolder(t)
	if err := os.Mkdir(filepath.Join(f.dir, "a.wasm"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(f.dir, "b.wasm")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(f.dir, "c.wasm")); err != nil {
		t.Fatal(err)
	}
	big, err := os.Create(filepath.Join(f.dir, "d.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if err := big.Truncate(1 << 40); err != nil {
		t.Fatal(err)
	}
	_ = big.Close()
	within(t, "a folder of odd files", time.Minute, func() {
		f.load("a.wasm   refused | no regular file", "b.wasm   refused | no regular file", "c.wasm   refused | no such file", "d.wasm   refused | at most 33554432")
	})
}
