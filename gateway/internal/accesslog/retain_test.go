package accesslog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

const day = 24 * time.Hour

// writeAt writes and commits a line of that time.
func writeAt(t testing.TB, l *Log, at time.Time, id string) {
	t.Helper()
	write(t, l, &exchange.Exchange{ID: id, Start: at})
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
}

// kept reads what is left of a log, and verifies it.
func kept(t testing.TB, dir string, held ...Checkpoint) (string, *Report) {
	t.Helper()
	r := verifyLog(t, dir, held...)
	if !r.Whole() {
		t.Errorf("found %s", found(r))
	}
	var ids []string
	if _, err := Read(dir, Filter{}, func(_ []byte, e Entry) error { ids = append(ids, e.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	return strings.Join(ids, " "), r
}

func TestRetentionByAge(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, Config{Dir: dir, Signer: newSigner(1), Now: c.now, Keep: 3 * day})
	var held []Checkpoint
	for d, want := range []string{"0", "0 1", "0 1 2", "1 2 3", "2 3 4", "3 4 5", "4 5 6"} {
		writeAt(t, l, c.at, fmt.Sprint(d))
		checkpoint, err := l.Checkpoint()
		if err != nil || checkpoint.Last != int64(d+1) {
			t.Fatalf("%+v %v", checkpoint, err)
		}
		held = append(held, checkpoint)
		got, r := kept(t, dir, held...)
		if got != want {
			t.Errorf("day %d: kept %s, want %s", d, got, want)
		}
		if gone := int64(d + 1 - len(strings.Fields(want))); r.Removed != gone || r.Last != int64(d+1) {
			t.Errorf("day %d: %d lines removed, want %d: %+v", d, r.Removed, gone, r)
		}
		c.at = c.at.Add(day)
		if err := l.upkeep(); err != nil {
			t.Fatal(err)
		}
	}
	// With nothing more to log, all of it goes, and what is left proves that.
	c.at = c.at.Add(10 * day)
	if err := l.upkeep(); err != nil {
		t.Fatal(err)
	}
	got, r := kept(t, dir)
	if segments, _ := listSegments(dir); got != "" || r.Removed != 7 || r.Last != 7 || r.Hash != held[6].Hash || len(segments) != 0 {
		t.Errorf("kept %q, %+v, segments %v", got, r, segments)
	}
	// And it goes on from there, before and after a restart.
	writeAt(t, l, c.at, "8th")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, Config{Dir: dir, Signer: newSigner(1), Now: c.now})
	writeAt(t, l, c.at, "9th")
	if got, r := kept(t, dir, held[6]); got != "8th 9th" || r.Last != 9 || len(l.Found()) != 0 {
		t.Errorf("kept %q, %+v, %v", got, r, l.Found())
	}
}

func TestARestartAfterEverythingWasRemoved(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, Config{Dir: dir, Signer: newSigner(1), Now: c.now, Keep: day})
	writeAt(t, l, c.at, "1")
	c.at = c.at.Add(5 * day)
	if err := l.upkeep(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, Config{Dir: dir, Signer: newSigner(1), Now: c.now, Keep: day})
	writeAt(t, l, c.at, "2")
	if got, r := kept(t, dir); got != "2" || r.Removed != 1 || r.Last != 2 || len(l.Found()) != 0 {
		t.Errorf("kept %q, %+v, %v", got, r, l.Found())
	}
	if segments, _ := listSegments(dir); fmt.Sprint(segments) != "[2]" {
		t.Errorf("segments %v", segments)
	}
}

func TestRetentionBySize(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	const bound = 2000
	l := open(t, Config{Dir: dir, Signer: newSigner(1), Now: c.now, SegmentBytes: 1, MaxBytes: bound})
	size := func() (n int64) {
		segments, _ := listSegments(dir)
		for _, s := range segments {
			info, err := os.Stat(filepath.Join(dir, segmentName(s)))
			if err != nil {
				t.Fatal(err)
			}
			n += info.Size()
		}
		return n
	}
	for i := range 20 {
		writeAt(t, l, c.at, fmt.Sprint(i))
		if err := l.upkeep(); err != nil {
			t.Fatal(err)
		}
		if got, r := kept(t, dir); size() > bound || !strings.HasSuffix(got, fmt.Sprint(i)) || r.Removed+r.Lines != int64(i+1) {
			t.Fatalf("%d bytes, kept %s, %+v", size(), got, r)
		}
	}
	if got, _ := kept(t, dir); len(strings.Fields(got)) < 3 {
		t.Errorf("only %s is left of what fits", got)
	}
	// The ledger does not grow with what was removed.
	if records, _, err := readLedger(dir); err != nil || len(records) > 12 {
		t.Errorf("%d checkpoints for %d segments, %v", len(records), 20, err)
	}
}

// A crash after the removal was signed and before the files were gone.
func TestARemovalCutShortIsFinishedByOpen(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	config := Config{Dir: dir, Signer: newSigner(1), Now: c.now, SegmentBytes: 1, Keep: 2 * day}
	l := open(t, config)
	for i := range 4 {
		writeAt(t, l, c.at, fmt.Sprint(i))
		c.at = c.at.Add(day)
	}
	old := filepath.Join(dir, firstSegment)
	first, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.upkeep(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, first, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := verifyLog(t, dir); !r.Whole() || len(r.Notes) != 2 {
		t.Errorf("%s, notes %v", found(r), r.Notes)
	}
	config.Keep = 0
	open(t, config)
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
}

// What is left after a removal is held to its beginning.
func TestTamperingAfterARemovalIsFound(t *testing.T) {
	make := func() string {
		dir, c := t.TempDir(), newClock()
		l := open(t, Config{Dir: dir, Signer: newSigner(1), Now: c.now, SegmentBytes: 1, Keep: 4 * day})
		for i := range 6 {
			writeAt(t, l, c.at, fmt.Sprint(i))
			c.at = c.at.Add(day)
		}
		if err := l.upkeep(); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dir := make()
	segments, _ := listSegments(dir)
	first := segments[0]
	if first < 3 {
		t.Fatalf("segments %v", segments)
	}
	if err := os.Remove(filepath.Join(dir, segmentName(first))); err != nil {
		t.Fatal(err)
	}
	if got, want := found(verifyLog(t, dir)), fmt.Sprintf("no segment 0-0 %d; dropped %d-%d %d", first, first, first, first+1); got != want {
		t.Errorf("found %q, want %q", got, want)
	}
	dir = make()
	line := framesOf(t, dir, first)[0][0]
	rewrite(t, dir, first, []string{strings.Replace(line, `"status":0`, `"status":1`, 1)})
	if got, want := found(verifyLog(t, dir)), fmt.Sprintf("changed %d-%d %d", first, first, first); got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestNothingIsRemovedWithoutASigner(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, Config{Dir: dir, Now: c.now, SegmentBytes: 1, Keep: day, MaxBytes: 1})
	for i := range 3 {
		writeAt(t, l, c.at, fmt.Sprint(i))
		c.at = c.at.Add(5 * day)
		if err := l.upkeep(); err != nil {
			t.Fatal(err)
		}
	}
	if ids, _ := readIDs(t, dir); fmt.Sprint(ids) != "[0 1 2]" {
		t.Errorf("lines %v", ids)
	}
}
