package ops

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// InitResult says what Init made; what was there already is left alone.
type InitResult struct {
	DataDir   string `json:"data_dir"`
	MasterKey string `json:"master_key,omitempty"` // the file it wrote
	Created   bool   `json:"created"`              // false: it was all there
}

// Init sets up data_dir: the folder, the master key where it is a file, and the
// store. Done again, it changes nothing.
func Init(c *config.Config, b Build, prompt func() (secret.Bytes, error)) (InitResult, error) {
	r := InitResult{DataDir: c.DataDir}
	_, storeErr := os.Stat(storeDir(c))
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return r, fmt.Errorf("make data_dir: %w", err)
	}
	if c.MasterKey.Source == config.KeyFile {
		path := c.MasterKey.Value
		switch _, err := os.Stat(path); {
		case err == nil:
		case storeErr == nil:
			// A new key could not open what the old one sealed.
			return r, fmt.Errorf("the store is there, but its master key %s is not: put the key back from where you keep its copy", path)
		case errors.Is(err, fs.ErrNotExist):
			if err := seal.CreateMasterFile(path); err != nil {
				return r, err
			}
			r.MasterKey = path
		default:
			return r, err
		}
	}
	// Also where the store is there: what an earlier init left half done, as for
	// want of the master key, is finished, and a wrong key is told now.
	broker, err := open(c, b, prompt)
	if errors.Is(err, kv.ErrLocked) && storeErr == nil {
		return r, nil // a broker runs on it
	}
	if err != nil {
		return r, err
	}
	r.Created = storeErr != nil
	return r, broker.Close()
}
