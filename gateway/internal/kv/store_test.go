package kv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func mustOpen(t *testing.T, dir string, options ...Option) *Store {
	t.Helper()
	s, err := Open(dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func set(t *testing.T, s *Store, key, value string) {
	t.Helper()
	if err := s.Update(func(b *Batch) error { return b.Set([]byte(key), []byte(value)) }); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *Store, key string) string {
	t.Helper()
	v, ok, err := s.Get([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return "(none)"
	}
	return string(v)
}

func TestUpdateIsAllOrNothingAndSurvivesReopening(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "store")
	s := mustOpen(t, dir)
	set(t, s, "a", "1")
	set(t, s, "b", "2")
	stop := errors.New("stop")
	err := s.Update(func(b *Batch) error {
		if err := errors.Join(b.Set([]byte("a"), []byte("changed")), b.Delete([]byte("b"))); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatalf("fn's error came back as %v", err)
	}
	if a, b := get(t, s, "a"), get(t, s, "b"); a != "1" || b != "2" {
		t.Errorf("a failed Update left a=%s b=%s", a, b)
	}
	if err := s.Update(func(b *Batch) error { return errors.Join(b.Delete([]byte("b")), b.Delete([]byte("nil"))) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, dir)
	if a, b := get(t, again, "a"), get(t, again, "b"); a != "1" || b != "(none)" {
		t.Errorf("after reopening a=%s b=%s", a, b)
	}
}

func TestGetGivesACopy(t *testing.T) {
	s := mustOpen(t, t.TempDir()+"/s")
	set(t, s, "k", "value")
	v, _, _ := s.Get([]byte("k"))
	v[0] = 'X'
	if got := get(t, s, "k"); got != "value" {
		t.Errorf("a caller changed the stored value to %s", got)
	}
	set(t, s, "empty", "")
	if v, ok, _ := s.Get([]byte("empty")); !ok || v == nil {
		t.Error("an empty value reads as none")
	}
}

func TestScanStaysInsideThePrefix(t *testing.T) {
	s := mustOpen(t, t.TempDir()+"/s")
	for _, k := range []string{"a", "b", "b\xff", "b\xff\xff", "b\x00x", "c", "\xff\xff", "\xff\xff1"} {
		set(t, s, k, "v:"+k)
	}
	cases := map[string][]string{
		"b":        {"b", "b\x00x", "b\xff", "b\xff\xff"},
		"b\xff":    {"b\xff", "b\xff\xff"},
		"\xff\xff": {"\xff\xff", "\xff\xff1"},
		"d":        nil,
	}
	for prefix, want := range cases {
		var got []string
		err := s.Scan([]byte(prefix), func(k, v []byte) error {
			if string(v) != "v:"+string(k) {
				t.Errorf("value of %q is %q", k, v)
			}
			got = append(got, string(k))
			return nil
		})
		if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("prefix %q: %q %v, want %q", prefix, got, err, want)
		}
	}
	stop := errors.New("stop")
	n := 0
	if err := s.Scan(nil, func(_, _ []byte) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("an error of fn gave %v after %d calls", err, n)
	}
}

func TestScanSeesOneMoment(t *testing.T) {
	s := mustOpen(t, t.TempDir()+"/s")
	set(t, s, "p1", "")
	n := 0
	if err := s.Scan([]byte("p"), func(_, _ []byte) error { n++; set(t, s, fmt.Sprintf("p%d", n+1), ""); return nil }); err != nil || n != 1 {
		t.Errorf("the scan saw %d keys, %v", n, err)
	}
}

func TestCommittedUpdateSurvivesACrash(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := mustOpen(t, "store", withFS(mem))
	for i := range 50 {
		key := fmt.Sprintf("k%d", i)
		set(t, s, key, "kept")
		// Only what was synced is in the clone: exactly what a power cut leaves.
		crashed, err := Open("store", withFS(mem.CrashClone(vfs.CrashCloneCfg{})))
		if err != nil {
			t.Fatalf("after a crash: %v", err)
		}
		if got := get(t, crashed, key); got != "kept" {
			t.Errorf("%s after a crash: %s", key, got)
		}
		if err := crashed.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func withFS(fs vfs.FS) Option { return func(s *settings) { s.fs = fs } }

func TestSecondOpenerIsLockedOut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	s := mustOpen(t, dir)
	link := filepath.Join(t.TempDir(), "other-name")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, dir + "/", link} {
		if _, err := Open(name); !errors.Is(err, ErrLocked) {
			t.Errorf("a second Open of %s: %v", name, err)
		}
	}
	if out := openInChild(t, dir); out != "locked" {
		t.Errorf("another process: %s", out)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out := openInChild(t, dir); out != "opened" {
		t.Errorf("another process, after Close: %s", out)
	}
}

// openInChild opens dir in a process of its own: this test binary again.
func openInChild(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildOpens$")
	cmd.Env = append(os.Environ(), "KV_CHILD_DIR="+dir)
	out, _ := cmd.CombinedOutput() // what it printed says more than its status
	_, result, _ := strings.Cut(string(out), "child:")
	result, _, _ = strings.Cut(result, "\n")
	return result
}

func TestChildOpens(t *testing.T) {
	dir := os.Getenv("KV_CHILD_DIR")
	if dir == "" {
		t.Skip("only as the child of TestSecondOpenerIsLockedOut")
	}
	s, err := Open(dir)
	switch {
	case errors.Is(err, ErrLocked):
		fmt.Println("child:locked")
	case err != nil:
		fmt.Println("child:" + err.Error())
	default:
		fmt.Println("child:opened")
		_ = s.Close()
	}
}

func TestCloseWaitsAndNothingPanicsAfterIt(t *testing.T) {
	s := mustOpen(t, t.TempDir()+"/s")
	set(t, s, "k", "v")
	inScan, goOn, closed := make(chan bool), make(chan bool), make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Scan(nil, func(_, _ []byte) error { inScan <- true; <-goOn; return errors.New("done") }); err == nil || err.Error() != "done" {
			t.Errorf("the running scan ended with %v", err)
		}
	})
	<-inScan
	go func() { closed <- s.Close() }()
	for s.enter() == nil { // until Close has shut the door
		s.active.Done()
	}
	select { // a Close that waits never fails this, one that doesn't has time to
	case err := <-closed:
		t.Errorf("Close did not wait for the scan: %v", err)
		closed <- nil
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	wg.Wait()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, _, err := s.Get([]byte("k")); !errors.Is(err, errClosed) {
		t.Errorf("Get after Close: %v", err)
	}
	if err := s.Update(func(*Batch) error { return nil }); !errors.Is(err, errClosed) {
		t.Errorf("Update after Close: %v", err)
	}
}

func TestOpenRefusesWithASentence(t *testing.T) {
	cases := map[string]struct {
		prepare func(t *testing.T, dir string)
		want    string
	}{
		"folder open to others": {func(t *testing.T, dir string) {
			if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o750)); err != nil {
				t.Fatal(err)
			}
		}, "chmod 700"},
		"a file": {func(t *testing.T, dir string) {
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not a folder"},
		"newer format": {func(t *testing.T, dir string) { rawSet(t, dir, formatKey, "2") }, "has format 2, and this seks reads up to 1"},
		"damaged":      {func(t *testing.T, dir string) { rawSet(t, dir, formatKey, "one") }, "damaged format version"},
		"not ours":     {func(t *testing.T, dir string) { rawSet(t, dir, []byte("x"), "y") }, "not a seks store"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "s")
			c.prepare(t, dir)
			s, err := Open(dir)
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant: …%s…", err, c.want)
			}
			if _, again := Open(dir); errors.Is(again, ErrLocked) {
				t.Error("the refused Open kept the lock")
			}
		})
	}
}

func rawSet(t *testing.T, dir string, key []byte, value string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := pebble.Open(dir, &pebble.Options{Logger: logger{func(string) {}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set(key, []byte(value), pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestFolderIsMadePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	mustOpen(t, dir)
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestOnlyErrorsAreReported(t *testing.T) {
	var got []string
	s := settings{}
	OnError(func(msg string) { got = append(got, msg) })(&s)
	l := pebbleOptions(vfs.Default, nil, s.report).Logger
	l.Infof("chatter")
	l.Errorf("flush %d failed", 7)
	if fmt.Sprint(got) != "[flush 7 failed]" {
		t.Errorf("reported %q", got)
	}
}
