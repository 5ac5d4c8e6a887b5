package expr

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// compute runs an operation that needs nothing but its values.
func (n *node) compute(args [][]byte) []byte {
	switch n.Op {
	case abi.OpStore:
		return args[0]
	case abi.OpConcat:
		size := 0
		for _, a := range args {
			size += len(a)
		}
		out := make([]byte, 0, size)
		for _, a := range args {
			out = append(out, a...)
		}
		return out
	case abi.OpHex:
		return hex.AppendEncode(nil, args[0])
	case abi.OpBase64:
		return base64.StdEncoding.AppendEncode(nil, args[0])
	case abi.OpBase64URL:
		return base64.RawURLEncoding.AppendEncode(nil, args[0])
	case abi.OpPercent:
		return percent(args[0])
	case abi.OpHash:
		return digest(n.Hash, args[0])
	case abi.OpHMAC:
		return mac(n.Hash, args[0], args[1])
	}
	panic("expr: compile let an operation through that compute does not know")
}

// newHash is the hash's constructor, or nil. MD5 and SHA-1 are there because
// APIs sign with them; nothing of our own rests on them.
func newHash(h abi.Hash) func() hash.Hash {
	switch h {
	case abi.MD5:
		return md5.New
	case abi.SHA1:
		return sha1.New
	case abi.SHA256:
		return sha256.New
	case abi.SHA512:
		return sha512.New
	}
	return nil
}

func digest(h abi.Hash, b []byte) []byte {
	if h == abi.SHA256 {
		sum := sha256.Sum256(b)
		return sum[:]
	}
	d := newHash(h)()
	d.Write(b)
	return d.Sum(nil)
}

func mac(h abi.Hash, key, message []byte) []byte {
	m := hmac.New(newHash(h), key)
	m.Write(message)
	return m.Sum(nil)
}

// percent encodes all but the unreserved characters (RFC 3986 §2.3).
func percent(b []byte) []byte {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, len(b)+16)
	for _, c := range b {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' || c == '_' || c == '~' {
			out = append(out, c)
		} else {
			out = append(out, '%', digits[c>>4], digits[c&15])
		}
	}
	return out
}
