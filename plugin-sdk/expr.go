package seks

import "github.com/seksbot/seks-broker/plugin-sdk/abi"

// Expr is a value that the host computes: a program in postfix, as ABI.md has
// it. An Expr is never changed by what is made from it.
type Expr []byte

// Lit is the text s.
func Lit(s string) Expr { return abi.AppendLit(nil, s) }

// Field is the value of a credential field of the manifest.
func Field(name string) Expr { return abi.AppendField(nil, name) }

// Concat is its parts, one after the other. There are 1 to abi.MaxStack parts.
func Concat(parts ...Expr) Expr { return abi.AppendConcat(join(parts...), len(parts)) }

// Hash is the digest of e, raw: seks.Hash(seks.SHA256, e).Hex() is its usual form.
func Hash(h abi.Hash, e Expr) Expr { return abi.AppendHash(join(e), abi.OpHash, h) }

// HMAC is the code of message under key (RFC 2104), raw.
func HMAC(h abi.Hash, key, message Expr) Expr {
	return abi.AppendHash(join(key, message), abi.OpHMAC, h)
}

// Token is the secret half of the request's token. It stands in a check only.
func Token() Expr { return abi.AppendOp(nil, abi.OpToken) }

// Digest is the digest of the request body, raw: in a plan, of all of it, where
// the body is read first; in a body call, of what has come so far.
func Digest(h abi.Hash) Expr { return abi.AppendHash(nil, abi.OpDigest, h) }

// Slice is a part of a body call's input.
func Slice(offset, length int) Expr { return abi.AppendSlice(nil, uint64(offset), uint64(length)) }

// Load is what was stored in a register of this exchange, 0 to
// abi.MaxRegisters-1.
func Load(register int) Expr { return abi.AppendRegister(nil, abi.OpLoad, register) }

// Store is e, and keeps it in a register.
func (e Expr) Store(register int) Expr { return abi.AppendRegister(join(e), abi.OpStore, register) }

// Absorb is nothing, and adds e to one of the exchange's running digests, 0 to
// abi.MaxRunning-1. It stands in a body call, and e has no credential in it.
func (e Expr) Absorb(digest int, h abi.Hash) Expr {
	return abi.AppendRunning(join(e), abi.OpAbsorb, digest, h)
}

// Total is what a running digest has come to, raw; it begins anew.
func Total(digest int, h abi.Hash) Expr { return abi.AppendRunning(nil, abi.OpTotal, digest, h) }

// RSA is the signature of message, RSASSA-PKCS1-v1_5 with SHA-256, raw. key is a
// private key in PEM, as ABI.md §5 has it.
func RSA(key, message Expr) Expr { return abi.AppendOp(join(key, message), abi.OpRSA) }

// ECDSA is the signature of message, P-256 with SHA-256, as r‖s of 64 bytes.
func ECDSA(key, message Expr) Expr { return abi.AppendOp(join(key, message), abi.OpECDSA) }

// Ed25519 is the signature of message, of 64 bytes.
func Ed25519(key, message Expr) Expr { return abi.AppendOp(join(key, message), abi.OpEd25519) }

// Hex is e in lower-case hexadecimal.
func (e Expr) Hex() Expr { return abi.AppendOp(join(e), abi.OpHex) }

// Base64 is e in RFC 4648 §4, padded.
func (e Expr) Base64() Expr { return abi.AppendOp(join(e), abi.OpBase64) }

// Base64URL is e in RFC 4648 §5, not padded.
func (e Expr) Base64URL() Expr { return abi.AppendOp(join(e), abi.OpBase64URL) }

// Percent is e with all but RFC 3986's unreserved characters percent-encoded.
func (e Expr) Percent() Expr { return abi.AppendOp(join(e), abi.OpPercent) }

// Any stands in a signature shape (Field.SignShapes) for what may vary.
func Any() Expr { return abi.AppendOp(nil, abi.OpAny) }

// join copies, with room for one operation more.
func join(parts ...Expr) []byte {
	size := 2
	for _, p := range parts {
		size += len(p)
	}
	out := make([]byte, 0, size)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
