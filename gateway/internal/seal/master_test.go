package seal

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

var goodKey = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

func TestMasterFileRoundTrip(t *testing.T) {
	base := t.TempDir()
	path := filepath.Join(base, "data", "master.key")
	if err := CreateMasterFile(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	relative, err := LoadMaster("file:data/master.key", base, nil, nil)
	if err != nil || relative.Len() != MasterSize {
		t.Fatalf("relative: %d bytes, %v", relative.Len(), err)
	}
	absolute, err := LoadMaster("file:"+path, "/nowhere", nil, nil)
	if err != nil || !absolute.Equal(relative) {
		t.Errorf("absolute: %v", err)
	}
	if err := CreateMasterFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second CreateMasterFile: %v", err)
	}
	if still, err := LoadMaster("file:"+path, "", nil, nil); err != nil || !still.Equal(relative) {
		t.Errorf("it changed the key: %v", err)
	}
	other := filepath.Join(base, "other.key")
	if err := CreateMasterFile(other); err != nil {
		t.Fatal(err)
	}
	if k, err := LoadMaster("file:"+other, "", nil, nil); err != nil || k.Equal(relative) {
		t.Errorf("two files, one key: %v", err)
	}
}

func TestMasterSources(t *testing.T) {
	base := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(base, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	write("good", goodKey+"\r\n", 0o400)
	write("group", goodKey, 0o640)
	write("others", goodKey, 0o604)
	write("short", goodKey[:40]+"\n", 0o600)
	write("text", "sk-not-base64-at-all!", 0o600)
	write("empty", "", 0o600)
	write("twice", goodKey+"\n"+goodKey, 0o600)
	t.Setenv("SEALTEST_KEY", goodKey)
	t.Setenv("SEALTEST_BAD", "hunter2hunter2")
	cases := []struct{ source, want string }{ // want "": the key; else part of the sentence
		{"file:good", ""},
		{"file:group", "mode 0640, so others on this machine can read the master key: run chmod 600"},
		{"file:others", "run chmod 600"},
		{"file:short", "holds 30 bytes: a master key is the base64 text of 32 random bytes"},
		{"file:text", "does not hold base64"},
		{"file:empty", "holds 0 bytes"},
		{"file:twice", "does not hold base64"},
		{"file:missing", "run seks init"},
		{"file:.", "is not a file"},
		{"env:SEALTEST_KEY", ""},
		{"env:SEALTEST_BAD", "the environment variable SEALTEST_BAD"},
		{"env:SEALTEST_UNSET", "SEALTEST_UNSET, which is not set"},
		{"command:cat good", ""},
		{"command:printf '%s\\n' \"$SEALTEST_KEY\"", ""},
		{"command:cat short", "the output of the master key command holds 30 bytes"},
		{"command:echo partial; exit 3", "failed (exit status 3)"},
		{"command:yes", "command failed"},
		{"command:read line && echo $line", "command failed"},
		{"", "source must be"},
		{"file:", "source must be"},
		{"env:", "source must be"},
		{"command:", "source must be"},
		{"vault:x", "source must be"},
		{"passphrase:hunter2hunter2", "source must be"},
	}
	for _, c := range cases {
		got, err := LoadMaster(c.source, base, nil, nil)
		if c.want == "" {
			if err != nil || base64.StdEncoding.EncodeToString(got.Reveal()) != goodKey {
				t.Errorf("%s: %v", c.source, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant: …%s…", c.source, err, c.want)
			continue
		}
		for _, leak := range []string{goodKey[:16], "hunter2", "not-base64"} {
			if strings.Contains(err.Error(), leak) {
				t.Errorf("%s: the sentence holds what was read: %v", c.source, err)
			}
		}
	}
}

func TestACommandThatHangsIsEndedWithAllItStarted(t *testing.T) {
	base := t.TempDir()
	_, err := fromCommand("sleep 600 & echo $! > pid; sleep 600", base, 300*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "did not end within 300ms") {
		t.Fatalf("%v", err)
	}
	text, err := os.ReadFile(filepath.Join(base, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for runs(strings.TrimSpace(string(text))) { // it was sent its signal; dying takes it a moment
		if time.Now().After(deadline) {
			t.Fatal("what the command started still runs")
		}
		runtime.Gosched()
	}
}

// runs is false for a process that is gone, and for one that init has yet to reap.
func runs(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestPassphrase(t *testing.T) {
	const phrase = "correct horse battery"
	st := newStore(t, filepath.Join(t.TempDir(), "s"))
	ask := func(text string) func() (secret.Bytes, error) {
		return func() (secret.Bytes, error) { return secret.New([]byte(text)), nil }
	}
	if _, err := LoadMaster("passphrase", "", st, ask("short")); err == nil || !strings.Contains(err.Error(), "at least 12 bytes") {
		t.Errorf("a short one for a new store: %v", err)
	}
	if _, ok, _ := st.Get(stretchKey); ok {
		t.Error("a refused passphrase left a salt")
	}
	first, err := LoadMaster("passphrase", "", st, ask(phrase))
	if err != nil || first.Len() != MasterSize {
		t.Fatal(err)
	}
	if _, err := Open(st, first); err != nil {
		t.Fatal(err)
	}
	wrong, err := LoadMaster("passphrase", "", st, ask("short"))
	if err != nil {
		t.Fatalf("only a new store asks for a length: %v", err)
	}
	if _, err := Open(st, wrong); !errors.Is(err, ErrWrongMaster) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	t.Setenv(PassphraseEnv, phrase)
	fromEnv, err := LoadMaster("passphrase", "", st, func() (secret.Bytes, error) { t.Error("asked, though it is set"); return secret.Bytes{}, nil })
	if err != nil || !fromEnv.Equal(first) {
		t.Errorf("from the environment: %v", err)
	}
	elsewhere := newStore(t, filepath.Join(t.TempDir(), "s"))
	if other, err := LoadMaster("passphrase", "", elsewhere, nil); err != nil || other.Equal(first) {
		t.Errorf("two stores, one salt: %v", err)
	}
}

func TestPassphraseThatCannotBeHad(t *testing.T) {
	st := newStore(t, filepath.Join(t.TempDir(), "s"))
	gone := errors.New("no terminal")
	cases := map[string]struct {
		prompt func() (secret.Bytes, error)
		want   string
	}{
		"nobody to ask": {nil, "set SEKS_PASSPHRASE"},
		"asking fails":  {func() (secret.Bytes, error) { return secret.Bytes{}, gone }, "no terminal"},
		"empty":         {func() (secret.Bytes, error) { return secret.Bytes{}, nil }, "is empty"},
	}
	for name, c := range cases {
		if _, err := LoadMaster("passphrase", "", st, c.prompt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChangedStretchIsRefused(t *testing.T) {
	st := newStore(t, filepath.Join(t.TempDir(), "s"))
	good := stretch{Salt: make([]byte, saltSize), Time: argonTime, Memory: argonMemory, Threads: argonThreads}
	change := map[string]func(*stretch){
		"salt cut":    func(p *stretch) { p.Salt = p.Salt[:8] },
		"one pass":    func(p *stretch) { p.Time = 1 },
		"endless":     func(p *stretch) { p.Time = 1 << 20 },
		"cheap":       func(p *stretch) { p.Memory = 8 },
		"all memory":  func(p *stretch) { p.Memory = 1 << 30 },
		"no threads":  func(p *stretch) { p.Threads = 0 },
		"all at once": func(p *stretch) { *p = stretch{} },
	}
	for name, f := range change {
		p := good
		f(&p)
		row, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Update(func(b *kv.Batch) error { return b.Set(stretchKey, row) }); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadMaster("passphrase", "", st, nil); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
