package accesslog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

// What a killed writer leaves is taken up, sealed and gone on with.
func TestOpenAfterACrash(t *testing.T) {
	dir := sealedLog(t)
	l := open(t, Config{Dir: dir, Signer: newSigner(1)})
	writeIDs(t, l, "13")
	segment := filepath.Join(dir, segmentName(3))
	for _, file := range []string{segment, filepath.Join(dir, ledgerName)} { // no Close; both were just being written
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, text[:20]...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r := verifyLog(t, dir); !r.Whole() || r.Unsealed != 1 || len(r.Notes) != 2 {
		t.Errorf("as it was left: %s, %+v", found(r), r)
	}
	again := open(t, Config{Dir: dir, Signer: newSigner(1)})
	if c := newest(t, dir); c.Last != 13 || c.First != 9 || c.Segment != 3 || len(again.Found()) != 1 || !again.Found()[0].Torn {
		t.Errorf("sealed %+v, found %v", c, again.Found())
	}
	writeIDs(t, again, "14")
	if r := verifyLog(t, dir); !r.Whole() || r.Last != 14 || r.Segments != 4 {
		t.Errorf("gone on with: %s, %+v", found(r), r)
	}
}

// A log that was cut while no broker ran goes on behind its newest checkpoint:
// the numbers that are missing stay missing.
func TestOpenAfterACut(t *testing.T) {
	for name, cut := range map[string]func(dir string){
		"lines": func(dir string) { rewrite(t, dir, 3, framesOf(t, dir, 3)[0]) },
		"file":  func(dir string) { _ = os.Remove(filepath.Join(dir, segmentName(3))) },
	} {
		dir := sealedLog(t)
		cut(dir)
		gone := map[string]int64{"lines": 2, "file": 4}[name]
		l := open(t, Config{Dir: dir, Signer: newSigner(1)})
		if f := l.Found(); len(f) != 1 || f[0].Missing != gone || !strings.Contains(f[0].String(), "cut 00000003") {
			t.Errorf("%s: found %v", name, f)
		}
		writeIDs(t, l, "13")
		want := map[string]string{"lines": "dropped 11-12 4", "file": "no segment 0-0 3; dropped 9-12 4"}[name]
		if got := found(verifyLog(t, dir)); got != want {
			t.Errorf("%s: found %q, want %q", name, got, want)
		}
	}
}

// A checkpoint that somebody changed is passed over by Open, and named for good.
func TestOpenAfterTheLedgerWasChanged(t *testing.T) {
	dir := sealedLog(t)
	lines := ledgerLines(t, dir)
	putLedger(t, dir, strings.Join(lines, "\n")+strings.Repeat("x", 3*lastWindow)+"\n")
	l := open(t, Config{Dir: dir, Signer: newSigner(1)})
	if f := l.Found(); len(f) != 1 || f[0].Segment != ledgerName || f[0].Missing != 0 {
		t.Errorf("found %v", f)
	}
	writeIDs(t, l, "13")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := verifyLog(t, dir)
	if got := found(r); got != "bad signature 3-3 checkpoints.jsonl" || r.Newest.Last != 13 {
		t.Errorf("found %q, newest %+v", got, r.Newest)
	}
}

// Verify finds nothing in a log that is being written, sealed and shortened
// while it reads.
func TestVerifyWhileTheLogRuns(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, Config{Dir: dir, Signer: newSigner(1), Now: c.now, SegmentBytes: 20_000, MaxBytes: 20_000, Interval: time.Millisecond})
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			s, err := l.Reserve()
			if err != nil {
				t.Error(err)
				return
			}
			s.Write(&exchange.Exchange{UserAgent: strings.Repeat("u", i%500), Total: time.Duration(i * i)})
			switch {
			case i%50 == 0:
				_, err = l.Checkpoint()
			case i%120 == 0:
				err = l.upkeep()
			case i%5 == 0:
				err = l.Flush()
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	}()
	var held []Checkpoint
	var last *Report
	for range 50 {
		last = verifyLog(t, dir, held...)
		if !last.Whole() {
			t.Fatalf("found %s", found(last))
		}
		if last.Newest != nil {
			held = []Checkpoint{*last.Newest}
		}
		if _, err := Read(dir, Filter{}, func([]byte, Entry) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for last.Removed == 0 {
		last = verifyLog(t, dir)
	}
	close(stop)
	<-done
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := verifyLog(t, dir, held...); !r.Whole() || r.Unsealed != 0 {
		t.Errorf("at the end: %s %+v", found(r), r)
	}
}
