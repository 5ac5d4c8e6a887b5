package seal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"golang.org/x/crypto/argon2"
)

// PassphraseEnv is the variable that a passphrase is taken from first.
const PassphraseEnv = "SEKS_PASSPHRASE"

// minPassphrase is asked of a new store only.
const minPassphrase = 12

// stretch is how a passphrase becomes a key; kept beside the store, so that
// later defaults don't lock out older stores.
type stretch struct {
	Salt    []byte `json:"salt"`
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory_kib"`
	Threads uint8  `json:"threads"`
}

// The second recommended option of RFC 9106 §4: 64 MiB, three passes, four lanes.
const (
	argonTime    = 3
	argonMemory  = 64 << 10
	argonThreads = 4
	saltSize     = 16
)

var stretchKey = kv.Key("seal", "argon2id")

func fromPassphrase(st *kv.Store, prompt func() (secret.Bytes, error)) (secret.Bytes, error) {
	p, found, err := storedStretch(st)
	if err != nil {
		return secret.Bytes{}, err
	}
	phrase, err := askPassphrase(prompt)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer phrase.Destroy()
	if phrase.Len() == 0 {
		return secret.Bytes{}, errors.New("the passphrase is empty")
	}
	if !found {
		if phrase.Len() < minPassphrase {
			return secret.Bytes{}, fmt.Errorf("this passphrase is too short for a new store: it must have at least %d bytes; some random words do", minPassphrase)
		}
		if p, err = newStretch(st); err != nil {
			return secret.Bytes{}, err
		}
	}
	return secret.New(argon2.IDKey(phrase.Reveal(), p.Salt, p.Time, p.Memory, p.Threads, MasterSize)), nil
}

func askPassphrase(prompt func() (secret.Bytes, error)) (secret.Bytes, error) {
	if text, ok := os.LookupEnv(PassphraseEnv); ok {
		return secret.New([]byte(text)), nil
	}
	if prompt == nil {
		return secret.Bytes{}, fmt.Errorf("the master key comes from a passphrase, and there is no terminal to ask for it: set %s", PassphraseEnv)
	}
	phrase, err := prompt()
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("the passphrase can't be asked for: %w", err)
	}
	return phrase, nil
}

// storedStretch refuses parameters that are cheaper than ours (a changed record
// must not make the passphrase easy to guess) or that would eat the machine.
func storedStretch(st *kv.Store) (p stretch, found bool, err error) {
	row, found, err := st.Get(stretchKey)
	if err != nil || !found {
		return stretch{}, false, err
	}
	if err := json.Unmarshal(row, &p); err != nil ||
		len(p.Salt) < saltSize || p.Time < argonTime || p.Time > 64 ||
		p.Memory < argonMemory || p.Memory > 4<<20 || p.Threads < 1 || p.Threads > 64 {
		return stretch{}, false, errors.New("the store's record of how the passphrase is stretched is damaged: restore it from a backup")
	}
	return p, true, nil
}

func newStretch(st *kv.Store) (stretch, error) {
	p := stretch{Salt: random(saltSize), Time: argonTime, Memory: argonMemory, Threads: argonThreads}
	row, err := json.Marshal(p)
	if err != nil {
		return stretch{}, err
	}
	return p, st.Update(func(b *kv.Batch) error { return b.Set(stretchKey, row) })
}
