package accesslog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
)

const (
	hashDigits = 2 * sha256.Size
	seqPrefix  = `,"seq":`
	hashPrefix = `,"hash":"`
	hashSuffix = `"}`
	hashMember = len(hashPrefix) + hashDigits + len(hashSuffix) // with the closing brace

	maxSeqDigits = 18 // what fits an int64 whatever the digits
)

// place is a line's place in the chain: its number and its hash.
type place struct {
	seq  int64
	hash string
}

// genesis stands before the first line.
var genesis = place{hash: strings.Repeat("0", hashDigits)}

// chain is the place of the last line, and what the next one is made with.
type chain struct {
	seq    int64
	last   [hashDigits]byte
	digest hash.Hash
	sum    [sha256.Size]byte
}

func newChain(last place) *chain {
	c := &chain{seq: last.seq, digest: sha256.New()}
	copy(c.last[:], last.hash)
	return c
}

func (c *chain) place() place { return place{c.seq, string(c.last[:])} }

// appendSealed appends the line (given without seq, hash and line feed) with
// all three, and moves the chain on.
func (c *chain) appendSealed(b, line []byte) []byte {
	start := len(b)
	c.seq++
	b = append(b, line[:len(line)-1]...)
	b = append(b, seqPrefix...)
	b = strconv.AppendInt(b, c.seq, 10)
	b = append(b, '}')

	c.digest.Reset()
	c.digest.Write(c.last[:])
	c.digest.Write(b[start:])
	hex.Encode(c.last[:], c.digest.Sum(c.sum[:0]))

	b = append(b[:len(b)-1], hashPrefix...)
	b = append(b, c.last[:]...)
	return append(b, hashSuffix+"\n"...)
}

// after is the hash that a line (without line feed, with seq and hash) must
// have behind one with the hash prev. It does not move the chain.
func (c *chain) after(prev string, line []byte) string {
	c.digest.Reset()
	c.digest.Write([]byte(prev))
	c.digest.Write(line[:len(line)-hashMember])
	c.digest.Write([]byte("}"))
	return hex.EncodeToString(c.digest.Sum(c.sum[:0]))
}

// placeOf reads the members that end a line (given without line feed), where
// it has them.
func placeOf(line []byte) (place, bool) {
	if len(line) < hashMember {
		return place{}, false
	}
	rest, member := line[:len(line)-hashMember], line[len(line)-hashMember:]
	digits, ok := bytes.CutPrefix(member, []byte(hashPrefix))
	if !ok {
		return place{}, false
	}
	digits, ok = bytes.CutSuffix(digits, []byte(hashSuffix))
	if !ok || !isHex(digits) {
		return place{}, false
	}
	start := len(rest)
	for start > 0 && len(rest)-start < maxSeqDigits && '0' <= rest[start-1] && rest[start-1] <= '9' {
		start--
	}
	seq, err := strconv.ParseInt(string(rest[start:]), 10, 64)
	if err != nil || seq <= 0 || rest[start] == '0' || !bytes.HasSuffix(rest[:start], []byte(seqPrefix)) {
		return place{}, false
	}
	return place{seq, string(digits)}, true
}

func isHex(b []byte) bool {
	for _, c := range b {
		if strings.IndexByte(hexDigits, c) < 0 {
			return false
		}
	}
	return true
}
