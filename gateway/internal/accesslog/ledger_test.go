package accesslog

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func ledgerLines(t testing.TB, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, ledgerName))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func putLedger(t testing.TB, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, ledgerName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTamperingWithCheckpoints(t *testing.T) {
	for name, c := range map[string]struct {
		change func(lines []string) []string
		want   string
	}{
		"a value":          {func(l []string) []string { l[1] = strings.Replace(l[1], `"last":8`, `"last":7`, 1); return l }, "bad signature 2-2 checkpoints.jsonl; broken ledger 3-3 checkpoints.jsonl"},
		"a signature":      {func(l []string) []string { l[2] = l[2][:len(l[2])-4] + "00\"}"; return l }, "bad signature 3-3 checkpoints.jsonl; unsealed 9-12 3"},
		"a space":          {func(l []string) []string { l[1] = strings.Replace(l[1], `:`, `: `, 1); return l }, "bad signature 2-2 checkpoints.jsonl; broken ledger 3-3 checkpoints.jsonl"},
		"nonsense":         {func(l []string) []string { return append(l, "x") }, "bad signature 4-4 checkpoints.jsonl"},
		"one dropped":      {func(l []string) []string { return slices.Delete(l, 1, 2) }, "broken ledger 2-2 checkpoints.jsonl"},
		"the first":        {func(l []string) []string { return l[1:] }, "broken ledger 1-1 checkpoints.jsonl"},
		"the newest":       {func(l []string) []string { return l[:2] }, "unsealed 9-12 3"},
		"all":              {func(l []string) []string { return nil }, "unsealed 1-12 1"},
		"one doubled":      {func(l []string) []string { return append(l, l[2]) }, "broken ledger 4-4 checkpoints.jsonl"},
		"two swapped":      {func(l []string) []string { l[0], l[1] = l[1], l[0]; return l }, "broken ledger 2-2 checkpoints.jsonl; broken ledger 3-3 checkpoints.jsonl; broken ledger 1-1 checkpoints.jsonl"},
		"an old one again": {func(l []string) []string { return append(l, l[0]) }, "broken ledger 4-4 checkpoints.jsonl; unsealed 5-12 2"},
	} {
		dir := sealedLog(t)
		// A newer segment, so that the third is one that must be sealed.
		if err := os.WriteFile(filepath.Join(dir, segmentName(4)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(c.change(ledgerLines(t, dir)), "\n") + "\n"
		putLedger(t, dir, strings.TrimPrefix(text, "\n"))
		if got := found(verifyLog(t, dir)); got != c.want {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
	}
}

func TestEveryByteOfACheckpoint(t *testing.T) {
	dir := sealedLog(t)
	line := newest(t, dir).Line()
	for at := range line {
		changed := bytes.Clone(line)
		changed[at] ^= 1 << (at % 7)
		var c Checkpoint
		if json.Unmarshal(changed, &c) == nil && bytes.Equal(c.Line(), changed) && c.Check(newSigner(1).Key) == nil {
			t.Errorf("byte %d: %s is as good", at, changed)
		}
	}
}

// Who can write everything in the folder but does not have the key, against one
// who kept a checkpoint.
func TestAHeldCheckpointProves(t *testing.T) {
	whole := sealedLog(t)
	held := newest(t, whole)
	if r := verifyLog(t, whole, held); !r.Whole() {
		t.Fatal(found(r))
	}
	// The log goes on: the copy held says as much as before.
	l := open(t, Config{Dir: whole, Signer: newSigner(1)})
	writeIDs(t, l, "13", "14")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := verifyLog(t, whole, held); !r.Whole() || r.Last != 14 {
		t.Error(found(r))
	}

	for name, c := range map[string]struct {
		change func(dir string)
		want   string
	}{
		"lines and checkpoints cut": {func(dir string) {
			_ = os.Remove(filepath.Join(dir, segmentName(3)))
			putLedger(t, dir, strings.Join(ledgerLines(t, dir)[:2], "\n")+"\n")
		}, "truncated 9-12 3"},
		"all cut": {func(dir string) {
			for n := 1; n <= 3; n++ {
				_ = os.Remove(filepath.Join(dir, segmentName(n)))
			}
			putLedger(t, dir, "")
		}, "truncated 1-12 3"},
		"made anew without checkpoints": {func(dir string) {
			lines := slices.Concat(framesOf(t, dir, 3)...)
			lines[1] = strings.Replace(lines[1], `"status":0`, `"status":1`, 1)
			rewrite(t, dir, 3, lines[:1], rechain(lines[0][len(lines[0])-66:len(lines[0])-2], lines[1:]))
			putLedger(t, dir, strings.Join(ledgerLines(t, dir)[:2], "\n")+"\n")
		}, "rewritten 9-12 3"},
		"made anew and signed with another key": {func(dir string) {
			other := sealedWith(t, newSigner(2), "x")
			for _, name := range []string{segmentName(1), ledgerName, publicName} {
				text, err := os.ReadFile(filepath.Join(other, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_ = os.Remove(filepath.Join(dir, segmentName(2)))
			_ = os.Remove(filepath.Join(dir, segmentName(3)))
		}, "bad signature 12-12 the held checkpoint"},
	} {
		dir := sealedLog(t)
		c.change(dir)
		if got := found(verifyLog(t, dir, held)); got != c.want {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
	}
}

// sealedWith makes a closed log of these lines, signed by s.
func sealedWith(t testing.TB, s *Signer, ids ...string) string {
	t.Helper()
	dir := t.TempDir()
	l := open(t, Config{Dir: dir, Signer: s})
	writeIDs(t, l, ids...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnotherKeyIsToldByTheHeldOne(t *testing.T) {
	dir := sealedWith(t, newSigner(2), "x")
	r, err := Verify(dir, newSigner(1).Key)
	if err != nil || found(r) != "bad signature 1-1 checkpoints.jsonl" {
		t.Errorf("%v %v", found(r), err)
	}
	if _, err := Open(Config{Dir: dir, Signer: newSigner(1)}); err == nil || !strings.Contains(err.Error(), "another store's") {
		t.Errorf("opened with another key: %v", err)
	}
}

func TestWhenCheckpointsAreMade(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, Config{Dir: dir, Signer: newSigner(1), Now: c.now})
	if _, err := l.Checkpoint(); !errors.Is(err, ErrNoCheckpoint) {
		t.Errorf("of an empty log: %v", err)
	}
	if _, err := NewestCheckpoint(dir); !errors.Is(err, ErrNoCheckpoint) {
		t.Errorf("of an empty ledger: %v", err)
	}
	want := func(when string, last int64) {
		t.Helper()
		if got, _ := NewestCheckpoint(dir); got.Last != last {
			t.Errorf("%s: the newest checkpoint is at line %d, want %d", when, got.Last, last)
		}
	}
	writeIDs(t, l, "1")
	want("after a line", 0)
	c.at = c.at.Add(sealAfter - time.Second)
	if err := l.upkeep(); err != nil {
		t.Fatal(err)
	}
	want("before the time", 0)
	writeIDs(t, l, "2")
	c.at = c.at.Add(time.Second)
	if err := l.upkeep(); err != nil {
		t.Fatal(err)
	}
	want("after five minutes", 2)
	writeIDs(t, l, "3")
	if got, err := l.Checkpoint(); err != nil || got.Last != 3 || got.First != 1 || got.Segment != 1 || got.Check(newSigner(1).Key) != nil {
		t.Errorf("when asked for: %+v, %v", got, err)
	}
	want("when asked for", 3)
	if got, err := l.Checkpoint(); err != nil || got != newest(t, dir) || len(ledgerLines(t, dir)) != 2 {
		t.Errorf("again: %+v, %v", got, err)
	}
	writeIDs(t, l, "4")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want("at the end", 4)
	l = open(t, Config{Dir: dir, Signer: newSigner(1), SegmentBytes: 1})
	writeIDs(t, l, "5")
	want("when a segment ends", 4)
	writeIDs(t, l, "6")
	want("when a segment ends", 5)
	if r := verifyLog(t, dir); !r.Whole() || r.Unsealed != 1 || r.Last != 6 {
		t.Errorf("%+v", r)
	}
}

func TestKeysAndCheckpointsThatAreNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	for _, text := range []string{"", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if key, err := ReadKey(file); err == nil {
			t.Errorf("%q is the key %x", text, key)
		}
	}
	for _, text := range []string{"", "x", "[]", `{"time":1}`, `{"other":1}`} {
		if c, err := ReadCheckpoints(strings.NewReader(text)); err == nil {
			t.Errorf("%q is %+v", text, c)
		}
	}
	if err := (Checkpoint{}).Check(newSigner(1).Key); err == nil {
		t.Error("the zero checkpoint is good")
	}
	if err := (Checkpoint{}).Check(nil); err == nil {
		t.Error("no key finds it good")
	}
	dir := sealedLog(t)
	if err := os.Remove(filepath.Join(dir, publicName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(dir, nil); err == nil || !strings.Contains(err.Error(), "--key") {
		t.Errorf("verified without a key: %v", err)
	}
	// What was printed may be indented, and several may stand in one file.
	c := newest(t, dir)
	pretty, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadCheckpoints(bytes.NewReader(append(pretty, pretty...)))
	if err != nil || len(read) != 2 || read[1] != c || read[1].Check(newSigner(1).Key) != nil {
		t.Errorf("%+v %v", read, err)
	}
}

// FuzzLedger reads arbitrary bytes as the file of checkpoints.
func FuzzLedger(f *testing.F) {
	dir := sealedLog(f)
	text, err := os.ReadFile(filepath.Join(dir, ledgerName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)-7])
	f.Add(append([]byte("\n\n{}\n"), text...))
	f.Add([]byte(`{"last":-1,"first":9223372036854775807,"segment":-5,"removed":9223372036854775807,"removed_segment":-1}`))
	f.Add(bytes.Repeat([]byte("x"), 2*lastWindow+1))
	good := strings.Split(string(text), "\n")
	f.Fuzz(func(t *testing.T, b []byte) {
		putLedger(t, dir, string(b))
		r, err := Verify(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Newest != nil && !slices.Contains(good, string(r.Newest.Line())) {
			t.Errorf("made up: %s", r.Newest.Line())
		}
		l, _, err := openLedger(dir, newSigner(1), newClock().now)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.close(); err != nil || l.newest.Signature != "" && (r.Newest == nil || *r.Newest != l.newest) {
			t.Errorf("%v, Open took up %+v", err, l.newest)
		}
	})
}
