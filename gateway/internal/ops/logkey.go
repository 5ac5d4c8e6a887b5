package ops

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/seal"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// The key that signs the log's checkpoints: an Ed25519 seed, made on first use.
var (
	logKeyID = seal.ID{Purpose: "log-key"}
	logKey   = kv.Key("log", "key")
)

// LogSigner signs the checkpoints of the access log. The private key is derived
// from its sealed seed for each signature and kept nowhere else.
func (b *Broker) LogSigner() (*accesslog.Signer, error) {
	seed, err := b.logSeed()
	if err != nil {
		return nil, err
	}
	return &accesslog.Signer{
		Key: ed25519.NewKeyFromSeed(seed.Reveal()).Public().(ed25519.PublicKey),
		Sign: func(message []byte) []byte {
			private := ed25519.NewKeyFromSeed(seed.Reveal())
			defer clear(private)
			return ed25519.Sign(private, message)
		},
	}, nil
}

func (b *Broker) logSeed() (secret.Bytes, error) {
	sealed, ok, err := b.kv.Get(logKey)
	if err != nil {
		return secret.Bytes{}, err
	}
	if ok {
		return b.keeper.Open(logKeyID, sealed)
	}
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	if sealed, err = b.keeper.Seal(logKeyID, seed); err != nil {
		return secret.Bytes{}, err
	}
	return secret.New(seed), b.kv.Update(func(batch *kv.Batch) error { return batch.Set(logKey, sealed) })
}

// OpenLog opens the access log, to write. One process at a time does: the one that
// has the store open.
func (b *Broker) OpenLog() (*accesslog.Log, error) {
	signer, err := b.LogSigner()
	if err != nil {
		return nil, err
	}
	c := b.Config.AccessLog
	return accesslog.Open(accesslog.Config{
		Dir: LogDir(b.Config), Sync: c.Durability == config.DurabilitySync,
		Signer: signer, Keep: c.Keep, MaxBytes: c.MaxBytes,
	})
}

// LogCheckpoint signs every exchange that has ended and gives the newest
// checkpoint. Where no broker runs, the log was signed when the last one ended.
func (b *Broker) LogCheckpoint(context.Context, Done) (accesslog.Checkpoint, error) {
	if b.log == nil {
		return accesslog.NewestCheckpoint(LogDir(b.Config))
	}
	return b.log.Checkpoint()
}
