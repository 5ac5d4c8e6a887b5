package accesslog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

func TestFilters(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	for i, x := range []exchange.Exchange{
		{Agent: "a", Credential: "c1", Provider: "openai", Status: 200},
		{Agent: "a", Credential: "c2", Provider: "github", Status: 403},
		{Agent: "b", Credential: "c1", Provider: "openai", Status: 404},
		{Agent: "b", Credential: "c2", Provider: "github", Status: 0},
		{Agent: "aa", Credential: "", Provider: "", Status: 502},
	} {
		x.ID = fmt.Sprint(i)
		x.Start = noon.Add(time.Duration(i) * time.Microsecond)
		write(t, l, &x)
	}
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    Filter
		want string
	}{
		{Filter{}, "0 1 2 3 4"},
		{Filter{Agent: "a"}, "0 1"},
		{Filter{Credential: "c1"}, "0 2"},
		{Filter{Provider: "github"}, "1 3"},
		{Filter{Agent: "b", Provider: "github"}, "3"},
		{Filter{Status: "403"}, "1"},
		{Filter{Status: "4xx"}, "1 2"},
		{Filter{Status: "5xx"}, "4"},
		{Filter{Since: noon}, "0 1 2 3 4"},
		{Filter{Since: noon.Add(2 * time.Microsecond)}, "2 3 4"},
		{Filter{Since: noon.Add(2 * time.Microsecond).In(time.FixedZone("", -7200)), Agent: "b"}, "2 3"},
		{Filter{Since: noon.Add(time.Hour)}, ""},
		{Filter{Agent: "nobody"}, ""},
	} {
		var ids []string
		if _, err := Read(dir, c.f, func(_ []byte, e Entry) error { ids = append(ids, e.ID); return nil }); err != nil {
			t.Error(err)
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%+v gives %q, want %q", c.f, got, c.want)
		}
	}
}

func TestParseStatus(t *testing.T) {
	for in, want := range map[string][2]int{"": {0, 999}, "200": {200, 200}, "599": {599, 599}, "4xx": {400, 499}, "1xx": {100, 199}} {
		if low, high, err := ParseStatus(in); err != nil || [2]int{low, high} != want {
			t.Errorf("%q is %d to %d, %v; want %v", in, low, high, err, want)
		}
	}
	for _, in := range []string{"0", "600", "6xx", "0xx", "40", "4x", "4xX", "40x", "4xxx", "-40", "+40", "4_0", "abc", "2٣"} {
		if _, _, err := ParseStatus(in); err == nil {
			t.Errorf("%q is a status", in)
		}
		if _, err := Read(t.TempDir(), Filter{Status: in}, nil); err == nil {
			t.Errorf("Read took the status %q", in)
		}
	}
}

func TestReadStopsWithTheCallersError(t *testing.T) {
	dir := t.TempDir()
	writeIDs(t, open(t, Config{Dir: dir}), "1", "2")
	stop, n := errors.New("stop"), 0
	if _, err := Read(dir, Filter{}, func([]byte, Entry) error { n++; return stop }); err != stop || n != 1 {
		t.Errorf("%v after %d lines", err, n)
	}
	if _, err := Read(filepath.Join(dir, "none"), Filter{}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestOtherFilesAreNotSegments(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"1.jsonl.zst", "00000000.jsonl.zst", "00000002.jsonl", "x.jsonl.zst", "-0000001.jsonl.zst", "000000001.jsonl.zst"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	writeIDs(t, open(t, Config{Dir: dir}), "1")
	if got, err := listSegments(dir); fmt.Sprint(got) != "[1]" || err != nil {
		t.Errorf("segments %v %v", got, err)
	}
}

func TestTableIsAlignedAndSafe(t *testing.T) {
	var out bytes.Buffer
	table := NewTable(&out)
	for _, e := range []Entry{
		{Time: time.Date(2026, 11, 23, 19, 0, 0, 1e6, time.UTC), Status: 200, Agent: "writer", Credential: "openai-main", Method: "POST",
			Path: "/v1/chat/completions", Operation: "chat.completions", TotalMS: 12.5, Scrubbed: 1},
		{Agent: "\x1b[31mé\u202e\\", Method: "GET", Path: "/\n/x", Error: "policy_denied", Reason: "no rule\rallows it"},
		{Error: "bad_request"},
	} {
		if err := table.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	want := `
TIME                      STATUS  AGENT             CREDENTIAL        REQUEST                                       OPERATION                             MS  SCRUBBED  REASON
2026-11-23T19:00:00.001Z     200  writer            openai-main       POST /v1/chat/completions                     chat.completions                  12.500         1  -
0001-01-01T00:00:00.000Z       -  \u001b[31mé\u202e\\  -                 GET /\u000a/x                                 -                                  0.000         0  policy_denied: no rule\u000dallows it
0001-01-01T00:00:00.000Z       -  -                 -                                                               -                                  0.000         0  bad_request
`
	if got := out.String(); got != want[1:] {
		t.Errorf("\n%s\nwant\n%s", got, want[1:])
	}
}

// FuzzRead reads arbitrary bytes as a segment, plain and as the content of a frame.
func FuzzRead(f *testing.F) {
	c := newChain(genesis)
	line := c.appendSealed(nil, appendLine(nil, full()))
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	frame := encoder.EncodeAll(line, nil)
	f.Add(frame, false)
	f.Add(append(frame[:len(frame):len(frame)], frame[:20]...), false)
	f.Add([]byte("\x50\x2a\x4d\x18\xff\xff\xff\xff"), false) // a skippable frame of 4 GiB
	f.Add([]byte("\x28\xb5\x2f\xfd\xc0\xff\xff\xff\xff\xff\xff\xff\xff\x03\x00\x00x"), false)
	f.Add(line, true)
	f.Add([]byte("null\n[]\n{\"status\":\"x\"}\n\n\xff"), true)
	dir := f.TempDir() // one file, written anew each time
	f.Fuzz(func(t *testing.T, b []byte, wrap bool) {
		if wrap {
			b = encoder.EncodeAll(b, nil)
		}
		if err := os.WriteFile(filepath.Join(dir, firstSegment), b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Read(dir, Filter{}, func(line []byte, e Entry) error {
			if !json.Valid(line) || bytes.ContainsRune(line, '\n') {
				t.Errorf("delivered %q", line)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if _, err := findTail(dir); err != nil {
			t.Error(err)
		}
		if _, err := Verify(dir, newSigner(1).Key); err != nil {
			t.Error(err)
		}
	})
}
