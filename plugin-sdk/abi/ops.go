package abi

// An expression is a program in postfix: a string of operations, each one byte
// and its operand, run over a stack. It has no jumps, so its length bounds its
// work. Lengths and counts are unsigned LEB128 varints, as in the messages.
type Op byte

// The operations. A program leaves exactly one value.
const (
	OpLit    Op = 0x01 // len bytes        → the bytes
	OpField  Op = 0x02 // len name         → a credential field
	OpToken  Op = 0x03 //                  → the token's secret half; only inside a Check
	OpDigest Op = 0x04 // hash             → digest of the request body, raw
	OpSlice  Op = 0x05 // offset length    → of a body call's input
	OpLoad   Op = 0x06 // register         → what was stored
	OpAny    Op = 0x07 // (sign shapes only) anything without a secret in it

	OpConcat    Op = 0x10 // n: a1 … an     → a1‖…‖an
	OpHex       Op = 0x11 // a              → lower-case hex
	OpBase64    Op = 0x12 // a              → RFC 4648 §4, padded
	OpBase64URL Op = 0x13 // a              → RFC 4648 §5, not padded
	OpPercent   Op = 0x14 // a              → RFC 3986, unreserved kept, upper-case hex

	OpHash Op = 0x20 // hash: a             → digest, raw
	OpHMAC Op = 0x21 // hash: key message   → RFC 2104, raw

	OpRSA     Op = 0x30 // key(PEM) message → RSASSA-PKCS1-v1_5 with SHA-256
	OpECDSA   Op = 0x31 // key(PEM) message → ECDSA P-256 with SHA-256, r‖s
	OpEd25519 Op = 0x32 // key(PEM) message → Ed25519

	OpStore  Op = 0x38 // register: a       → a, and keeps it
	OpAbsorb Op = 0x39 // digest hash: a    → nothing; a running digest goes on with a
	OpTotal  Op = 0x3a // digest hash       → what that digest has come to, raw; it begins anew
)

// Hash names a hash function in OpDigest, OpHash, OpHMAC, OpAbsorb and OpTotal.
type Hash byte

// The hash functions.
const (
	MD5    Hash = 1
	SHA1   Hash = 2
	SHA256 Hash = 3
	SHA512 Hash = 4
)
