package accesslog

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
)

const (
	hashDigits = 2 * sha256.Size
	hashPrefix = `,"hash":"`
	hashSuffix = `"}`
	hashMember = len(hashPrefix) + hashDigits + len(hashSuffix) // with the closing brace
)

// genesis stands for the hash of the line before the first.
var genesis = strings.Repeat("0", hashDigits)

// chain is the hash of the last line, and what the next one is made with.
type chain struct {
	last   [hashDigits]byte
	digest hash.Hash
	sum    [sha256.Size]byte
}

func newChain(last string) *chain {
	c := &chain{digest: sha256.New()}
	copy(c.last[:], last)
	return c
}

// appendSealed appends the line (given without hash and line feed) with its
// hash and a line feed, and moves the chain on.
func (c *chain) appendSealed(b, line []byte) []byte {
	c.digest.Reset()
	c.digest.Write(c.last[:])
	c.digest.Write(line)
	hex.Encode(c.last[:], c.digest.Sum(c.sum[:0]))

	b = append(b, line[:len(line)-1]...)
	b = append(b, hashPrefix...)
	b = append(b, c.last[:]...)
	return append(b, hashSuffix+"\n"...)
}

// hashOf is the hash that ends the line (without line feed), if it has one.
func hashOf(line []byte) (string, bool) {
	if len(line) < hashMember {
		return "", false
	}
	member := string(line[len(line)-hashMember:])
	digits := strings.TrimSuffix(strings.TrimPrefix(member, hashPrefix), hashSuffix)
	if len(digits) != hashDigits || strings.Trim(digits, hexDigits) != "" {
		return "", false
	}
	return digits, true
}
