package ops

import (
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
)

func logSigner(t *testing.T, b *Broker) *accesslog.Signer {
	t.Helper()
	s, err := b.LogSigner()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLogKeyIsMadeOnceAndSealed(t *testing.T) {
	b := opened(t, configured(t, providers))
	first := logSigner(t, b)
	again := logSigner(t, b)
	if !first.Key.Equal(again.Key) || !ed25519.Verify(first.Key, []byte("x"), again.Sign([]byte("x"))) {
		t.Error("the second key is another one")
	}
	if logSigner(t, opened(t, configured(t, providers))).Key.Equal(first.Key) {
		t.Error("another store has the same key")
	}
	seed, err := b.logSeed()
	if err != nil || seed.Len() != ed25519.SeedSize {
		t.Fatal(seed.Len(), err)
	}
	if row, _, _ := b.kv.Get(logKey); strings.Contains(string(row), string(seed.Reveal())) {
		t.Error("the store holds the key in the clear")
	}
}

// A record of another purpose, put in the log key's place, signs nothing.
func TestLogKeyRecordIsBound(t *testing.T) {
	b := opened(t, configured(t, providers))
	sealed, err := b.keeper.Seal(seal.ID{Purpose: "admin-token"}, make([]byte, ed25519.SeedSize))
	if err == nil {
		err = b.kv.Update(func(batch *kv.Batch) error { return batch.Set(logKey, sealed) })
	}
	if err != nil {
		t.Fatal(err)
	}
	if s, err := b.LogSigner(); err == nil {
		t.Errorf("it signs as %x", s.Key)
	}
}

func TestLogCheckpointSignsWhatHasEnded(t *testing.T) {
	b := opened(t, configured(t, providers))
	if _, err := ask(t, b, "log/checkpoint", ""); err == nil || !errors.Is(err, accesslog.ErrNoCheckpoint) {
		t.Errorf("before anything was served: %v", err)
	}
	l, err := accesslog.Open(accesslog.Config{Dir: LogDir(b.Config), Signer: logSigner(t, b)})
	if err != nil {
		t.Fatal(err)
	}
	b.Serving(l, func() {})
	slot, err := l.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	slot.Write(&exchange.Exchange{})
	c, err := b.LogCheckpoint(context.Background(), Done{})
	if err != nil || c.Last != 1 || c.Check(logSigner(t, b).Key) != nil {
		t.Errorf("%+v %v", c, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
