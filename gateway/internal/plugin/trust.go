package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
)

// Record is the operator's word that a module may run: by its digest, never by
// its path. Fields and hosts are kept to show what changed in a later version.
type Record struct {
	Digest  string            `json:"digest"`
	Name    string            `json:"name"`
	Version string            `json:"version"`
	Hosts   []string          `json:"hosts"`
	Fields  map[string]string `json:"fields"` // name → use, with its sinks
	Trusted time.Time         `json:"trusted"`
}

// Trust keeps the records, sealed, and the bytes that were trusted: those run,
// not a file that may change later.
type Trust struct {
	kv   *kv.Store
	seal *seal.Keeper
	dir  string
}

// NewTrust keeps the modules' bytes in dir.
func NewTrust(store *kv.Store, keeper *seal.Keeper, dir string) *Trust {
	return &Trust{kv: store, seal: keeper, dir: dir}
}

func trustID(digest string) seal.ID { return seal.ID{Purpose: "trust", Name: digest} }

// Add trusts a module. Its bytes are on disk before the record is.
func (t *Trust) Add(module []byte, m *plan.Manifest, now time.Time) (Record, error) {
	r := Record{
		Digest: m.Digest, Name: m.Name, Version: m.Version, Hosts: m.Hosts(),
		Fields: FieldUses(m), Trusted: now.UTC(),
	}
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return r, fmt.Errorf("make the folder of trusted plugins: %w", err)
	}
	if err := writeFile(t.path(r.Digest), module); err != nil {
		return r, fmt.Errorf("keep the plugin's bytes: %w", err)
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return r, err
	}
	sealed, err := t.seal.Seal(trustID(r.Digest), plain)
	if err != nil {
		return r, err
	}
	return r, t.kv.Update(func(b *kv.Batch) error { return b.Set(kv.Key("trust", r.Digest), sealed) })
}

// Find is the record of a digest.
func (t *Trust) Find(digest string) (Record, bool, error) {
	var r Record
	sealed, ok, err := t.kv.Get(kv.Key("trust", digest))
	if err != nil || !ok {
		return r, false, err
	}
	plain, err := t.seal.Open(trustID(digest), sealed)
	if err != nil {
		return r, false, fmt.Errorf("the trust record of %s: %w", digest, err)
	}
	defer plain.Destroy()
	err = json.Unmarshal(plain.Reveal(), &r)
	return r, err == nil, err
}

// Latest is the module of that manifest name that was trusted last.
func (t *Trust) Latest(name string) (Record, bool, error) {
	var digests []string
	if err := t.kv.Scan(kv.Key("trust"), func(key, _ []byte) error {
		if parts, ok := kv.Split(key); ok && len(parts) == 2 {
			digests = append(digests, parts[1])
		}
		return nil
	}); err != nil {
		return Record{}, false, err
	}
	var best Record
	for _, d := range digests {
		r, ok, err := t.Find(d)
		if err != nil {
			return Record{}, false, err
		}
		if ok && r.Name == name && r.Trusted.After(best.Trusted) {
			best = r
		}
	}
	return best, best.Digest != "", nil
}

// Module reads the kept bytes of a trusted digest.
func (t *Trust) Module(digest string) ([]byte, error) {
	b, err := os.ReadFile(t.path(digest))
	if err != nil {
		return nil, err
	}
	if Digest(b) != digest {
		return nil, errors.New("the kept copy of the plugin has changed on disk: trust its file again")
	}
	return b, nil
}

func (t *Trust) path(digest string) string { return filepath.Join(t.dir, digest+".wasm") }

func writeFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
