package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// maxMasterText bounds what is read as a master key: 44 characters and room
// for white space, far from what a wrong file may hold.
const maxMasterText = 4096

// LoadMaster gets the master key from where source says ([master_key] source in
// broker.toml): "file:PATH", "env:NAME", "command:LINE" (run by sh -c, ten
// seconds) or "passphrase" (from SEKS_PASSPHRASE, else from prompt, which may be
// nil). The first three hold base64 of 32 bytes. Relative paths, and the
// command, are from baseDir. st keeps the salt of a passphrase; the first
// LoadMaster of a store makes it.
func LoadMaster(source, baseDir string, st *kv.Store, prompt func() (secret.Bytes, error)) (secret.Bytes, error) {
	kind, rest, _ := strings.Cut(source, ":")
	switch {
	case kind == "file" && rest != "":
		return fromFile(inDir(baseDir, rest))
	case kind == "env" && rest != "":
		return fromEnv(rest)
	case kind == "command" && rest != "":
		return fromCommand(rest, baseDir, commandLimit)
	case source == "passphrase":
		return fromPassphrase(st, prompt)
	}
	return secret.Bytes{}, errors.New(`[master_key] source must be "file:PATH", "env:NAME", "command:LINE" or "passphrase"`)
}

func inDir(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func fromFile(path string) (secret.Bytes, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return secret.Bytes{}, fmt.Errorf("there is no master key file %s: run seks init for a new store, or put back the file that belongs to this one", path)
	}
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("the master key file can't be opened: %w", err)
	}
	defer f.Close() // only read from: nothing can be lost
	info, err := f.Stat()
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("the master key file can't be looked at: %w", err)
	}
	if !info.Mode().IsRegular() {
		return secret.Bytes{}, fmt.Errorf("%s is not a file: [master_key] source must name the file that holds the master key", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return secret.Bytes{}, fmt.Errorf("%s has mode %04o, so others on this machine can read the master key: run chmod 600 %s, and think of rotating it", path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxMasterText))
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("the master key file can't be read: %w", err)
	}
	return decodeMaster(text, path)
}

func fromEnv(name string) (secret.Bytes, error) {
	text, ok := os.LookupEnv(name)
	if !ok {
		return secret.Bytes{}, fmt.Errorf("the master key is to come from the environment variable %s, which is not set", name)
	}
	return decodeMaster([]byte(text), "the environment variable "+name)
}

// decodeMaster overwrites text. where is for the sentence; nothing of text is in it.
func decodeMaster(text []byte, where string) (secret.Bytes, error) {
	defer clear(text)
	trimmed := bytes.TrimSpace(text)
	key := make([]byte, base64.StdEncoding.DecodedLen(len(trimmed)))
	n, err := base64.StdEncoding.Strict().Decode(key, trimmed)
	if err != nil {
		clear(key)
		return secret.Bytes{}, fmt.Errorf("%s does not hold base64: a master key is the base64 text of %d random bytes", where, MasterSize)
	}
	if n != MasterSize {
		clear(key)
		return secret.Bytes{}, fmt.Errorf("%s holds %d bytes: a master key is the base64 text of %d random bytes", where, n, MasterSize)
	}
	return secret.New(key[:n:n]), nil
}

// CreateMasterFile writes a new master key to path (0600), synced with its
// folder, which is made (0700) if missing. A file that is there already is left
// alone; the error is then fs.ErrExist.
func CreateMasterFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("the folder for the master key can't be made: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the master key file can't be made: %w", err)
	}
	if err := errors.Join(writeMaster(f), f.Sync(), f.Close(), syncDir(filepath.Dir(path))); err != nil {
		// A file cut short would look like a key later on.
		return errors.Join(fmt.Errorf("the master key file can't be written: %w", err), os.Remove(path))
	}
	return nil
}

func writeMaster(w io.Writer) error {
	var key [MasterSize]byte
	_, _ = rand.Read(key[:]) // never fails: it would end the process
	defer clear(key[:])
	text := base64.StdEncoding.AppendEncode(nil, key[:])
	defer clear(text)
	_, err := w.Write(append(text, '\n'))
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
