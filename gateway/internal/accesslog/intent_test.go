package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

func reserve(t testing.TB, l *Log) Slot {
	t.Helper()
	s, err := l.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func intend(t testing.TB, l *Log, x *exchange.Exchange) Slot {
	t.Helper()
	s := reserve(t, l)
	if err := s.Intend(x); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnIntentIsOnDiskWhenIntendReturns(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir, Sync: true, Capacity: 4})
	x := full()
	x.Status, x.Decision = 0, ""
	s := reserve(t, l)
	if s.Opens() {
		t.Error("a credential may be opened before the intent")
	}
	if err := s.Intend(x); err != nil || !s.Opens() || !s.Valid() || x.Decision != "" {
		t.Errorf("%v, opens %v, decision %q", err, s.Opens(), x.Decision)
	}
	var got []Entry
	read := func() {
		got = nil
		if _, err := Read(dir, Filter{}, func(_ []byte, e Entry) error { got = append(got, e); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if read(); len(got) != 1 || got[0].ID != x.ID || got[0].Status != 0 || got[0].Decision != Intent {
		t.Errorf("with no outcome: %+v", got)
	}
	s.Write(full())
	if s.Opens() {
		t.Error("a credential may be opened after the outcome")
	}
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	if read(); len(got) != 1 || got[0].Status != 403 {
		t.Errorf("with its outcome: %+v", got)
	}
	if l.taken.Load() != 0 || l.unwritten.Load() != 0 {
		t.Errorf("%d lines and %d bytes are still counted", l.taken.Load(), l.unwritten.Load())
	}
}

func TestABatchLogWritesNoIntent(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	s := intend(t, l, full())
	if !s.Opens() {
		t.Error("no credential may be opened in a batch log")
	}
	s.Write(full())
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	if ids, _ := readIDs(t, dir); len(ids) != 1 {
		t.Errorf("lines %v", ids)
	}
}

func TestAnIntentThatCantBeWrittenDenies(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir(), Sync: true})
	var zero Slot
	used := reserve(t, l)
	used.Release()
	for name, s := range map[string]Slot{"zero": zero, "used": used} {
		if err := s.Intend(full()); !denied(err) || s.Opens() {
			t.Errorf("%s slot: %v", name, err)
		}
	}
	s, other := reserve(t, l), reserve(t, l)
	if err := l.segments.begin(); err != nil {
		t.Fatal(err)
	}
	if err := l.segments.file.Close(); err != nil { // the disk goes away
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Intend(full()); !denied(err) || !errors.Is(err, os.ErrClosed) || s.Opens() {
			t.Errorf("with no disk: %v", err)
		}
	}
	if err := other.Intend(full()); !denied(err) {
		t.Errorf("in a failed log: %v", err)
	}

	l = open(t, Config{Dir: t.TempDir(), Sync: true})
	s = reserve(t, l)
	_ = l.Close()
	if err := s.Intend(full()); !denied(err) || s.Opens() {
		t.Errorf("in a closed log: %v", err)
	}
}

// Intents at one time share their syncs: all of them are on disk, each once.
func TestIntentsAtOneTime(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir, Sync: true, Signer: newSigner(1)})
	const agents, each = 16, 20
	var wg sync.WaitGroup
	for a := range agents {
		wg.Go(func() {
			for i := range each {
				x := &exchange.Exchange{ID: fmt.Sprintf("%d-%d", a, i)}
				s, err := l.Reserve()
				if err == nil {
					err = s.Intend(x)
				}
				if err != nil {
					t.Error(err)
					return
				}
				x.Status = 200
				s.Write(x)
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := verifyLog(t, dir); !r.Whole() || r.Lines != 2*agents*each || r.Unsealed != 0 {
		t.Errorf("%s %+v", found(r), r)
	}
	if ids, _ := readIDsOf(t, dir, Filter{Status: "200"}); len(ids) != agents*each {
		t.Errorf("%d outcomes", len(ids))
	}
}

func readIDsOf(t testing.TB, dir string, f Filter) (ids []string, damage []Damage) {
	t.Helper()
	damage, err := Read(dir, f, func(_ []byte, e Entry) error { ids = append(ids, e.ID); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return ids, damage
}

func TestIntentsAreHiddenBehindTheirOutcomes(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir, Sync: true})
	a := intend(t, l, &exchange.Exchange{ID: "a", Agent: "x"})
	intend(t, l, &exchange.Exchange{ID: "lost", Agent: "x"})
	intend(t, l, &exchange.Exchange{ID: "lost too", Agent: "y"})
	a.Write(&exchange.Exchange{ID: "a", Agent: "x", Status: 404})
	writeIDs(t, l, "b")
	for _, c := range []struct {
		f    Filter
		want string
	}{
		{Filter{}, "[a b lost lost too]"},
		{Filter{Agent: "x"}, "[a lost]"},
		{Filter{Agent: "y"}, "[lost too]"},
		{Filter{Status: "4xx"}, "[a]"},
		{Filter{Status: "200"}, "[]"}, // the outcome of a is not wanted, and its intent is no other line
	} {
		if ids, _ := readIDsOf(t, dir, c.f); fmt.Sprint(ids) != c.want {
			t.Errorf("%+v: %v, want %s", c.f, ids, c.want)
		}
	}
	// A follower gets each outcome when it comes, and no intent.
	r, err := NewReader(dir, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	if _, err := r.Next(func(_ []byte, e Entry) error { ids = append(ids, e.ID); return nil }); err != nil || fmt.Sprint(ids) != "[a b]" {
		t.Errorf("followed %v, %v", ids, err)
	}
	var out bytes.Buffer
	table := NewTable(&out)
	if err := r.Open(func(_ []byte, e Entry) error { return table.Write(e) }); err != nil || strings.Count(out.String(), "no outcome on record\n") != 2 {
		t.Errorf("%v\n%s", err, out.String())
	}
}
