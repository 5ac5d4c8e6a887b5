package ops

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"runtime"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
)

// AdminToken shows a new admin token, this once.
type AdminToken struct {
	Token string `json:"token"`
}

// AdminTokenNew makes the admin token; an older one ends with it. Only its hash
// is kept, sealed.
func (b *Broker) AdminTokenNew(context.Context, Done) (AdminToken, error) {
	raw := make([]byte, 32)
	rand.Read(raw)
	token := "seksadmin_" + base64.RawURLEncoding.EncodeToString(raw)
	hash := sha256.Sum256([]byte(token))
	sealed, err := b.keeper.Seal(adminID, hash[:])
	if err != nil {
		return AdminToken{}, err
	}
	return AdminToken{token}, b.kv.Update(func(batch *kv.Batch) error { return batch.Set(adminKey, sealed) })
}

var (
	adminID  = seal.ID{Purpose: "admin-token"}
	adminKey = kv.Key("admin", "token")
)

// IsAdmin says whether a bearer token is the admin token.
func (b *Broker) IsAdmin(presented string) bool {
	sealed, ok, err := b.kv.Get(adminKey)
	if err != nil || !ok {
		return false
	}
	want, err := b.keeper.Open(adminID, sealed)
	if err != nil {
		return false
	}
	got := sha256.Sum256([]byte(presented))
	return subtle.ConstantTimeCompare(got[:], want.Reveal()) == 1
}

// LogFlush returns when every exchange that has ended is on disk.
func (b *Broker) LogFlush(context.Context, Done) (Done, error) {
	if b.log == nil {
		return Done{}, nil
	}
	return Done{}, b.log.Flush()
}

// Health is how the broker stands.
type Health struct {
	Version string `json:"version"`
	Ready   bool   `json:"ready"`
	Reason  string `json:"reason,omitempty"`
	// Goroutines is how many there are: some for each open connection, and few
	// besides.
	Goroutines int `json:"goroutines"`
}

// Ready says whether the broker can serve: its log takes lines.
func (b *Broker) Ready(context.Context, Done) (Health, error) {
	h := Health{Version: b.build.Version, Ready: b.log != nil, Goroutines: runtime.NumGoroutine()}
	if b.log == nil {
		h.Reason = "no broker is running"
	} else if err := b.log.Err(); err != nil {
		h.Ready, h.Reason = false, "the access log has failed: "+err.Error()
	}
	return h, nil
}

// ErrUnknown is returned for a command that isn't there.
var ErrUnknown = errors.New("no such command")

// timeout of one command through the admin API.
const timeout = time.Minute
