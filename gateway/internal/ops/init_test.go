package ops

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fi.Mode().Perm()
}

func TestInitTwiceChangesNothing(t *testing.T) {
	c := configured(t, "")
	r, err := Init(c, Build{}, nil)
	if err != nil || !r.Created || r.MasterKey != c.MasterKey.Value {
		t.Fatalf("%+v %v", r, err)
	}
	key, err := os.ReadFile(c.MasterKey.Value)
	if err != nil || mode(t, c.MasterKey.Value) != 0o600 || mode(t, c.DataDir) != 0o700 || mode(t, storeDir(c)) != 0o700 {
		t.Errorf("%v, modes %o %o", err, mode(t, c.MasterKey.Value), mode(t, c.DataDir))
	}
	r, err = Init(c, Build{}, nil)
	again, _ := os.ReadFile(c.MasterKey.Value)
	if err != nil || r.Created || r.MasterKey != "" || string(again) != string(key) {
		t.Errorf("%+v %v", r, err)
	}
}

func TestInitWhileABrokerRuns(t *testing.T) {
	c := configured(t, "")
	b := opened(t, c)
	if r, err := Init(c, Build{}, nil); err != nil || r.Created {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := Open(c, Build{}, nil); !errors.Is(err, kv.ErrLocked) {
		t.Error(err)
	}
	_ = b
}

func TestLostAndWrongMasterKeys(t *testing.T) {
	c := configured(t, "")
	if _, err := Init(c, Build{}, nil); err != nil {
		t.Fatal(err)
	}
	aside := c.MasterKey.Value + ".aside"
	if err := os.Rename(c.MasterKey.Value, aside); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(c, Build{}, nil); err == nil || !strings.Contains(err.Error(), "put the key back") {
		t.Errorf("init without the key: %v", err)
	}
	if _, err := os.Stat(c.MasterKey.Value); !errors.Is(err, fs.ErrNotExist) {
		t.Error("init made another key for a store that it can't open")
	}
	if _, err := Open(c, Build{}, nil); err == nil || !strings.Contains(err.Error(), "there is no master key file") {
		t.Errorf("open without the key: %v", err)
	}
	if err := seal.CreateMasterFile(c.MasterKey.Value); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(c, Build{}, nil); !errors.Is(err, seal.ErrWrongMaster) {
		t.Errorf("open with another key: %v", err)
	}
	if _, err := Init(c, Build{}, nil); !errors.Is(err, seal.ErrWrongMaster) {
		t.Errorf("init with another key: %v", err)
	}
	if err := os.Rename(aside, c.MasterKey.Value); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(c, Build{}, nil); err != nil {
		t.Errorf("with the right key again: %v", err)
	}
}

func TestOpenBeforeInit(t *testing.T) {
	c := configured(t, "")
	if _, err := Open(c, Build{}, nil); !errors.Is(err, ErrNoData) || !strings.Contains(err.Error(), c.DataDir) {
		t.Error(err)
	}
	if _, err := os.Stat(c.DataDir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking made the folder")
	}
}

// What fails for want of the key is taken up again once it is there.
func TestInitRecovers(t *testing.T) {
	c := configured(t, "[master_key]\nsource = \"env:OPS_TEST_KEY\"\n")
	if _, err := Init(c, Build{}, nil); err == nil || !strings.Contains(err.Error(), "OPS_TEST_KEY") {
		t.Fatalf("without the variable: %v", err)
	}
	t.Setenv("OPS_TEST_KEY", "not base64!")
	if _, err := Init(c, Build{}, nil); err == nil || strings.Contains(err.Error(), "not base64!") {
		t.Fatalf("with a bad one: %v", err)
	}
	t.Setenv("OPS_TEST_KEY", base64.StdEncoding.EncodeToString(make([]byte, seal.MasterSize)))
	if _, err := Init(c, Build{}, nil); err != nil {
		t.Fatal(err)
	}
	b, err := Open(c, Build{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	t.Setenv("OPS_TEST_KEY", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", seal.MasterSize))))
	if _, err := Init(c, Build{}, nil); !errors.Is(err, seal.ErrWrongMaster) {
		t.Errorf("with another key: %v", err)
	}
}

func TestInitWithACommandAndAPassphrase(t *testing.T) {
	key := base64.StdEncoding.EncodeToString(make([]byte, seal.MasterSize))
	c := configured(t, "[master_key]\nsource = \"command:echo "+key+"\"\n")
	if r, err := Init(c, Build{}, nil); err != nil || !r.Created || r.MasterKey != "" {
		t.Errorf("command: %+v %v", r, err)
	}
	c = configured(t, "[master_key]\nsource = \"passphrase\"\n")
	asked := 0
	phrase := "correct horse battery"
	prompt := func() (secret.Bytes, error) { asked++; return secret.New([]byte(phrase)), nil }
	if r, err := Init(c, Build{}, prompt); err != nil || !r.Created || asked != 1 {
		t.Errorf("passphrase: %+v %v, asked %d times", r, err, asked)
	}
	phrase = "wrong horse battery"
	if _, err := Init(c, Build{}, prompt); !errors.Is(err, seal.ErrWrongMaster) {
		t.Errorf("another passphrase: %v", err)
	}
	if _, err := os.Stat(filepath.Join(c.DataDir, "master.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a key file was written")
	}
}
