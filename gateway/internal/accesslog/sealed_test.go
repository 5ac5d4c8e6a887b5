package accesslog

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// newSigner is a key that only this seed gives.
func newSigner(seed byte) *Signer {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return &Signer{
		Key:  private.Public().(ed25519.PublicKey),
		Sign: func(m []byte) []byte { return ed25519.Sign(private, m) },
	}
}

// clock is a time that moves only when the test moves it.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock { return &clock{time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

// sealedLog makes a closed log of 3 segments with 12 lines: two frames of two
// lines in each, a checkpoint at each segment's end.
func sealedLog(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for segment := range 3 {
		l := open(t, Config{Dir: dir, Signer: newSigner(1), Now: newClock().now})
		for frame := range 2 {
			n := segment*4 + frame*2
			writeIDs(t, l, fmt.Sprint(n+1), fmt.Sprint(n+2))
		}
		if err := l.segments.finish(); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if segment < 2 {
			next := filepath.Join(dir, segmentName(segment+2))
			if err := os.WriteFile(next, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func verifyLog(t testing.TB, dir string, held ...Checkpoint) *Report {
	t.Helper()
	r, err := Verify(dir, nil, held...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// found lists the findings as "kind first-last segment".
func found(r *Report) string {
	var all []string
	for _, f := range r.Findings {
		segment := strings.TrimLeft(strings.TrimSuffix(f.Segment, segmentSuffix), "0")
		all = append(all, fmt.Sprintf("%s %d-%d %s", f.Kind, f.First, f.Last, segment))
	}
	return strings.Join(all, "; ")
}

func newest(t testing.TB, dir string) Checkpoint {
	t.Helper()
	c, err := NewestCheckpoint(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// framesOf decodes a segment: its frames, each a list of lines without line feed.
func framesOf(t testing.TB, dir string, segment int) (all [][]string) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, segmentName(segment)))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	for walk := newFrames(file, 0); ; {
		raw, err := walk.next()
		if err != nil {
			return all
		}
		plain, err := decoder.DecodeAll(raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Split(strings.TrimSuffix(string(plain), "\n"), "\n"))
	}
}

var attackers = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		panic(err)
	}
	return e
})

// rewrite puts frames of these lines in the segment's place, as an attacker
// would who knows the format: whole frames with right checksums.
func rewrite(t testing.TB, dir string, segment int, frames ...[]string) {
	t.Helper()
	var b []byte
	for _, lines := range frames {
		b = attackers().EncodeAll([]byte(strings.Join(lines, "\n")+"\n"), b)
	}
	putSegment(t, filepath.Join(dir, segmentName(segment)), b)
}

// putSegment makes the file anew: some file systems sync one that is truncated.
func putSegment(t testing.TB, path string, b []byte) {
	t.Helper()
	_ = os.Remove(path)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rechain is what an attacker without the key can do: give the lines the hashes
// that they must have after prev. Numbers stay as they are.
func rechain(prev string, lines []string) []string {
	var all []string
	for _, line := range lines {
		body := line[:len(line)-hashMember]
		sum := sha256.Sum256([]byte(prev + body + "}"))
		prev = hex.EncodeToString(sum[:])
		all = append(all, body+hashPrefix+prev+hashSuffix)
	}
	return all
}

func TestASealedLogIsWhole(t *testing.T) {
	dir := sealedLog(t)
	r := verifyLog(t, dir, newest(t, dir))
	if !r.Whole() || r.Lines != 12 || r.Segments != 3 || r.Last != 12 || r.Unsealed != 0 || r.Checkpoints != 3 || len(r.Notes) != 0 {
		t.Errorf("%+v", r)
	}
	if c := newest(t, dir); r.Hash != c.Hash || c.Last != 12 || c.First != 9 || c.Segment != 3 || *r.Newest != c || r.Key != c.Key {
		t.Errorf("newest %+v, report %+v", c, r)
	}
}

// The package comment's words, done by hand.
func TestACheckpointIsWhatTheCommentSays(t *testing.T) {
	dir := sealedLog(t)
	text, err := os.ReadFile(filepath.Join(dir, "checkpoints.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ReadKey(filepath.Join(dir, "log.pub"))
	if err != nil {
		t.Fatal(err)
	}
	prev := strings.Repeat("0", 64)
	keys := "time segment first last hash removed removed_segment removed_hash prev key signature"
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		at := 0
		for _, k := range strings.Fields(keys) {
			next := strings.Index(line, `"`+k+`":`)
			if next <= at-1 || strings.Count(line, `"`+k+`":`) != 1 {
				t.Errorf("%s is not once in its place in %s", k, line)
			}
			at = next
		}
		member := line[len(line)-144:]
		signature, err := hex.DecodeString(strings.TrimSuffix(strings.TrimPrefix(member, `,"signature":"`), `"}`))
		if err != nil {
			t.Fatal(err)
		}
		message := "seks access log checkpoint 1\n" + line[:len(line)-144] + "}"
		if !ed25519.Verify(key, []byte(message), signature) {
			t.Errorf("the signature does not fit %s", line)
		}
		if !strings.Contains(line, `"prev":"`+prev+`"`) {
			t.Errorf("prev is not %s in %s", prev, line)
		}
		sum := sha256.Sum256([]byte(line))
		prev = hex.EncodeToString(sum[:])
		sum = sha256.Sum256(key)
		if name := hex.EncodeToString(sum[:])[:16]; !strings.Contains(line, `"key":"`+name+`"`) {
			t.Errorf("key is not %s in %s", name, line)
		}
	}
}
