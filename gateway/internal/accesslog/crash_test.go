package accesslog

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const firstSegment = "00000001.jsonl.zst"

// twoFrames makes a log of two frames and gives its bytes and where the second
// frame begins.
func twoFrames(t *testing.T) (whole []byte, border int) {
	t.Helper()
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	writeIDs(t, l, "1", "2")
	first, err := os.ReadFile(filepath.Join(dir, firstSegment))
	if err != nil {
		t.Fatal(err)
	}
	writeIDs(t, l, "3", "4")
	if whole, err = os.ReadFile(filepath.Join(dir, firstSegment)); err != nil {
		t.Fatal(err)
	}
	return whole, len(first)
}

func logOf(t *testing.T, bytes []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, firstSegment), bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTornAtEveryByte(t *testing.T) {
	whole, border := twoFrames(t)
	for n := 0; n <= len(whole); n++ {
		// Whole frames are what is left: none, the first, or both.
		left, damaged := []string{}, n != 0
		switch {
		case n == len(whole):
			left, damaged = []string{"1", "2", "3", "4"}, false
		case n >= border:
			left, damaged = []string{"1", "2"}, n > border
		}
		dir := logOf(t, whole[:n])
		ids, damage := readIDs(t, dir)
		if fmt.Sprint(ids) != fmt.Sprint(left) || (damage != nil) != damaged {
			t.Fatalf("cut at %d: %v %v, want %v", n, ids, damage, left)
		}
		if n%5 != 0 && n != border && n != border+1 && n != len(whole) {
			continue // going on waits for the disk
		}
		l := open(t, Config{Dir: dir})
		if found := l.Found(); (found != nil) != damaged || damaged && (!found[0].Torn || found[0] != damage[0]) {
			t.Fatalf("cut at %d: Open found %v, Read %v", n, found, damage)
		}
		writeIDs(t, l, "5")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(filepath.Join(dir, firstSegment))
		if err != nil || damaged && len(kept) != n {
			t.Fatalf("cut at %d: the torn segment has %d bytes now, %v", n, len(kept), err)
		}
		if ids, _ := readIDs(t, dir); fmt.Sprint(ids) != fmt.Sprint(append(left, "5")) {
			t.Fatalf("cut at %d: %v after the restart", n, ids)
		}
	}
}

func TestDamageIsToldAndPassedOver(t *testing.T) {
	whole, border := twoFrames(t)
	flip := func(at int) []byte {
		b := append([]byte(nil), whole...)
		b[at] ^= 0xff
		return b
	}
	zeros := append(append([]byte(nil), whole...), make([]byte, 100)...)
	for name, c := range map[string]struct {
		bytes []byte
		ids   string
		want  Damage
	}{
		"checksum of the first frame": {flip(border - 1), "[3 4]", Damage{Segment: firstSegment, Offset: 0, Bytes: int64(border)}},
		"magic of the second frame":   {flip(border), "[1 2]", Damage{Segment: firstSegment, Offset: int64(border), Bytes: int64(len(whole) - border)}},
		"checksum of the second":      {flip(len(whole) - 1), "[1 2]", Damage{Segment: firstSegment, Offset: int64(border), Bytes: int64(len(whole) - border)}},
		"zeros after a power cut":     {zeros, "[1 2 3 4]", Damage{Segment: firstSegment, Offset: int64(len(whole)), Bytes: 100}},
	} {
		dir := logOf(t, c.bytes)
		var ids []string
		damage, err := Read(dir, Filter{}, func(_ []byte, e Entry) error { ids = append(ids, e.ID); return nil })
		if err != nil || fmt.Sprint(ids) != c.ids || len(damage) != 1 || damage[0] != c.want {
			t.Errorf("%s: %v %v %v, want %s %v", name, ids, damage, err, c.ids, c.want)
		}
		l := open(t, Config{Dir: dir})
		writeIDs(t, l, "5")
		segments, _ := listSegments(dir)
		if atEnd := c.want.Offset+c.want.Bytes == int64(len(c.bytes)); atEnd != (len(segments) == 2) || atEnd != (len(l.Found()) == 1) {
			t.Errorf("%s: segments %v, found %v", name, segments, l.Found())
		}
	}
}

func TestChainIsTakenUpFromAnOlderSegment(t *testing.T) {
	whole, border := twoFrames(t)
	dir := logOf(t, whole)
	for n, b := range map[int][]byte{2: whole[border : border+9], 3: {}} {
		if err := os.WriteFile(filepath.Join(dir, segmentName(n)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, Config{Dir: dir})
	writeIDs(t, l, "5")
	if found := l.Found(); len(found) != 1 || found[0].Segment != segmentName(2) {
		t.Errorf("found %v", found)
	}
	if ids, damage := readIDs(t, dir); fmt.Sprint(ids) != "[1 2 3 4 5]" || len(damage) != 1 {
		t.Errorf("%v %v", ids, damage)
	}
}

func TestAFrameBeingWrittenIsReadLater(t *testing.T) {
	whole, border := twoFrames(t)
	dir := logOf(t, whole[:border+9])
	r, err := NewReader(dir, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		ids    string
		damage int
	}{{"[1 2]", 1}, {"[]", 0}, {"[3 4]", 0}} {
		if i == 2 {
			if err := os.WriteFile(filepath.Join(dir, firstSegment), whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		ids := []string{}
		damage, err := r.Next(func(_ []byte, e Entry) error { ids = append(ids, e.ID); return nil })
		if err != nil || fmt.Sprint(ids) != want.ids || len(damage) != want.damage {
			t.Errorf("call %d: %v %v %v", i, ids, damage, err)
		}
	}
}
