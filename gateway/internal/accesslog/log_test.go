package accesslog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// open opens a log that commits only when the test says so.
func open(t testing.TB, c Config) *Log {
	t.Helper()
	if c.Interval == 0 {
		c.Interval = time.Hour
	}
	l, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func write(t testing.TB, l *Log, x *exchange.Exchange) {
	t.Helper()
	s, err := l.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	s.Write(x)
}

// writeIDs writes one line for each id and commits them as one frame.
func writeIDs(t testing.TB, l *Log, ids ...string) {
	t.Helper()
	for _, id := range ids {
		write(t, l, &exchange.Exchange{ID: id})
	}
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
}

// readIDs gives the ids in dir, and checks every line's hash on the way, with
// code of its own.
func readIDs(t testing.TB, dir string) (ids []string, damage []Damage) {
	t.Helper()
	last := strings.Repeat("0", 64)
	damage, err := Read(dir, Filter{}, func(line []byte, e Entry) error {
		ids = append(ids, e.ID)
		body, hash, _ := strings.Cut(string(line), `,"hash":"`)
		sum := sha256.Sum256([]byte(last + body + "}"))
		last = strings.TrimSuffix(hash, `"}`)
		if last != hex.EncodeToString(sum[:]) {
			return fmt.Errorf("the chain breaks at %s", e.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids, damage
}

func denied(err error) bool { return err != nil && fault.From(err).Code == fault.AuditUnavailable }

func TestRoundTripAndModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	l := open(t, Config{Dir: dir})
	write(t, l, full())
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "00000001.jsonl.zst"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v, want %o", path, info, err, mode)
		}
	}
	n := 0
	damage, err := Read(dir, Filter{}, func(line []byte, e Entry) error {
		n++
		x := full()
		want := Entry{Time: x.Start.UTC().Truncate(time.Microsecond), ID: x.ID, Agent: x.Agent, TokenID: x.TokenID, Provider: x.Provider,
			Credential: x.Credential, Operation: x.Operation, Method: x.Method, Path: x.Path, Status: x.Status, Error: x.Error,
			Decision: x.Decision, Reason: x.Reason, TotalMS: 1001, Scrubbed: x.Scrubbed, Seq: 1}
		if e != want {
			t.Errorf("%+v, want %+v", e, want)
		}
		return nil
	})
	if n != 1 || damage != nil || err != nil {
		t.Errorf("%d lines, %v, %v", n, damage, err)
	}
}

func TestChainGoesOnOverSegmentsAndRestarts(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for restart := range 4 {
		l := open(t, Config{Dir: dir, SegmentBytes: 1500})
		for i := range 5 {
			id := fmt.Sprintf("%d-%d", restart, i)
			want = append(want, id)
			writeIDs(t, l, id)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if segments, _ := listSegments(dir); len(segments) < 4 {
		t.Errorf("only %d segments", len(segments))
	}
	if got, damage := readIDs(t, dir); fmt.Sprint(got) != fmt.Sprint(want) || damage != nil {
		t.Errorf("%v %v, want %v", got, damage, want)
	}
}

func TestAnIntervalCommitsWithoutFlush(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir(), Interval: time.Millisecond, Capacity: 1})
	for range 5 {
		// With room for one line, the next is given only when the one before is on disk.
		for {
			s, err := l.Reserve()
			if err == nil {
				s.Write(&exchange.Exchange{})
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func TestCapacityDeniesAndRecovers(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir(), Capacity: 4})
	var slots []Slot
	for range 4 {
		s, err := l.Reserve()
		if err != nil || !s.Valid() {
			t.Fatal(s, err)
		}
		slots = append(slots, s)
	}
	if s, err := l.Reserve(); !denied(err) || s.Valid() {
		t.Errorf("a fifth slot of four: %v", err)
	}
	slots[0].Release()
	slots[0].Release()
	slots[0].Write(&exchange.Exchange{ID: "after release"})
	s, err := l.Reserve()
	if err != nil {
		t.Errorf("nothing after a release: %v", err)
	}
	slots[0] = s
	slots[1].Write(&exchange.Exchange{ID: "one"})
	slots[1].Write(&exchange.Exchange{ID: "twice"})
	slots[1].Release()
	if _, err := l.Reserve(); !denied(err) {
		t.Error("a line not yet on disk made room")
	}
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	if s, err := l.Reserve(); err != nil || slots[1].Valid() {
		t.Errorf("nothing after the commit: %v", err)
	} else {
		s.Release()
	}
	if ids, _ := readIDs(t, l.segments.dir); fmt.Sprint(ids) != "[one]" {
		t.Errorf("lines %v", ids)
	}
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), "3 exchanges") {
		t.Errorf("Close with slots out: %v", err)
	}
}

func TestZeroSlotDoesNothing(t *testing.T) {
	var s Slot
	s.Write(full())
	s.Release()
	if s.Valid() {
		t.Error("a zero slot is valid")
	}
}

func TestTooManyBytesDeny(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir()})
	l.unwritten.Store(maxUnwritten + 1)
	if _, err := l.Reserve(); !denied(err) {
		t.Errorf("a slot above the bound in bytes: %v", err)
	}
}

func TestAnIOErrorFailsTheLogForGood(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	writeIDs(t, l, "safe")
	held, err := l.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.segments.file.Close(); err != nil { // the disk goes away
		t.Fatal(err)
	}
	write(t, l, full())
	if err := l.Flush(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Flush: %v", err)
	}
	if err := l.Err(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Err: %v", err)
	}
	if _, err := l.Reserve(); !denied(err) || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Reserve: %v", err)
	}
	held.Write(full())
	if err := l.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Close: %v", err)
	}
	if ids, _ := readIDs(t, dir); fmt.Sprint(ids) != "[safe]" {
		t.Errorf("lines %v", ids)
	}
}

func TestClosedLogDenies(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir()})
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := l.Reserve(); !denied(err) {
		t.Errorf("Reserve: %v", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: file}); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a file for a folder: %v", err)
	}
}

func TestManyWritersOneReader(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir, Interval: time.Millisecond, SegmentBytes: 100_000})
	const writers, each = 8, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				write(t, l, &exchange.Exchange{ID: fmt.Sprintf("%d-%d", w, i)})
				if i%50 == 0 {
					if err := l.Flush(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	follow, err := NewReader(dir, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	next := func() {
		if _, err := follow.Next(func(_ []byte, e Entry) error {
			if seen[e.ID] {
				return fmt.Errorf("%s twice", e.ID)
			}
			seen[e.ID] = true
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	for range 20 {
		next()
	}
	wg.Wait()
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	next()
	ids, damage := readIDs(t, dir)
	if len(ids) != writers*each || len(seen) != writers*each || damage != nil {
		t.Errorf("%d lines read, %d followed, %v; want %d", len(ids), len(seen), damage, writers*each)
	}
}

func TestZstdAndJQReadIt(t *testing.T) {
	for _, tool := range []string{"zstd", "jq", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	dir := t.TempDir()
	l := open(t, Config{Dir: dir, SegmentBytes: 1})
	writeIDs(t, l, "a", "b\x1b")
	writeIDs(t, l, "c")
	out, err := exec.Command("sh", "-c", `zstd -dc "$0"/*.zst | jq -c '[.id, .status]'`, dir).CombinedOutput()
	if want := `["a",0]` + "\n" + `["b\u001b",0]` + "\n" + `["c",0]` + "\n"; err != nil || string(out) != want {
		t.Errorf("%v %s, want %s", err, out, want)
	}
}
