package accesslog

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	signedDomain = "seks access log checkpoint 1\n" // leads what is signed, so that no other use of the key makes one
	keyNameSize  = 16                               // hex digits
	publicPEM    = "PUBLIC KEY"
)

// Checkpoint is a signed statement about the log: the package comment says what
// each member means. The order of the fields is the order of the members.
type Checkpoint struct {
	Time           time.Time `json:"time"`
	Segment        int       `json:"segment"`
	First          int64     `json:"first"`
	Last           int64     `json:"last"`
	Hash           string    `json:"hash"`
	Removed        int64     `json:"removed"`
	RemovedSegment int       `json:"removed_segment"`
	RemovedHash    string    `json:"removed_hash"`
	Prev           string    `json:"prev"`
	Key            string    `json:"key"`
	Signature      string    `json:"signature,omitempty"`
}

// Signer makes the signatures of checkpoints. Sign is Ed25519 (RFC 8032) with
// the private half of Key; the private half itself stays with its keeper.
type Signer struct {
	Key  ed25519.PublicKey
	Sign func(message []byte) []byte
}

// KeyName is the short name by which checkpoints call their key.
func KeyName(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:])[:keyNameSize]
}

// Line is the checkpoint as checkpoints.jsonl has it, without line feed.
func (c Checkpoint) Line() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		return nil // only for a year beyond 9999, which no clock of ours gives; nil carries no signature
	}
	return b
}

func (c Checkpoint) message() []byte {
	c.Signature = ""
	return append([]byte(signedDomain), c.Line()...)
}

func (c Checkpoint) signed(s *Signer) Checkpoint {
	c.Key = KeyName(s.Key)
	c.Signature = hex.EncodeToString(s.Sign(c.message()))
	return c
}

// Check says nil where key signed the checkpoint as it is.
func (c Checkpoint) Check(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return errors.New("there is no key to check it with")
	}
	if c.Key != KeyName(key) {
		return fmt.Errorf("it was signed with the key %.16q, not with %s", c.Key, KeyName(key))
	}
	signature, err := hex.DecodeString(c.Signature)
	if err != nil || hex.EncodeToString(signature) != c.Signature || !ed25519.Verify(key, c.message(), signature) {
		return errors.New("its signature does not fit it: it was changed, or made without the key")
	}
	return nil
}

// digest is what the next checkpoint's Prev is.
func (c Checkpoint) digest() string { return digestOf(c.Line()) }

func digestOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// ReadCheckpoints reads checkpoints that were kept elsewhere: one JSON object
// after the other, with any white space between.
func ReadCheckpoints(r io.Reader) ([]Checkpoint, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var all []Checkpoint
	for {
		var c Checkpoint
		if err := d.Decode(&c); err == io.EOF && len(all) > 0 {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("checkpoint %d of it can't be read: give what `seks log checkpoint` printed: %w", len(all)+1, err)
		}
		all = append(all, c)
	}
}

// ReadKey reads a public key from a file such as log.pub.
func ReadKey(file string) (ed25519.PublicKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("access log: the key of its checkpoints can't be read: %w", err)
	}
	if block, _ := pem.Decode(text); block != nil && block.Type == publicPEM {
		if key, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			if key, ok := key.(ed25519.PublicKey); ok {
				return key, nil
			}
		}
	}
	return nil, fmt.Errorf("access log: %s holds no Ed25519 public key: it is the PEM file that stands as %s beside the log", file, publicName)
}

func encodeKey(key ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicPEM, Bytes: der}), nil
}
