package expr

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Fields gives the value of a credential field; ok is false where the
// credential has none.
type Fields interface {
	Field(name string) (value []byte, ok bool)
}

// Value is what an expression came to. Bytes may be the field's own memory, and
// are not to be kept or changed. Derived are the parts of it that were computed
// from a secret that may leave: other bytes than the field's own, in memory of
// their own, for the scrubber to know.
type Value struct {
	Bytes   []byte
	Derived [][]byte
}

// Eval computes the value of edit i.
func (v Vetted) Eval(i int, fields Fields) (Value, error) {
	if !v.Valid() || v.values[i] == nil {
		return Value{}, fmt.Errorf("there is no expression to evaluate")
	}
	kind := v.plan.Edits[i].Kind
	e := evaluation{fields: fields, query: kind == abi.SetQuery || kind == abi.AddQuery}
	out, err := e.eval(v.values[i])
	if err != nil {
		return Value{}, err
	}
	return Value{Bytes: out, Derived: e.derived}, nil
}

type noFields struct{}

func (noFields) Field(string) ([]byte, bool) { return nil, false }

// Line is the upstream path and query after those edits that name no field:
// what policy judges. Vet has made sure that edits of the path name none.
func (v Vetted) Line(path, query string) (string, string, error) {
	for i := range v.plan.Edits {
		e := &v.plan.Edits[i]
		if e.Kind != abi.SetPath && e.Kind != abi.SetRawQuery {
			continue
		}
		val, err := v.Eval(i, noFields{})
		if err != nil {
			return "", "", err
		}
		if e.Kind == abi.SetPath {
			path = string(val.Bytes)
		} else {
			query = string(val.Bytes)
		}
	}
	return path, query, nil
}

type evaluation struct {
	fields  Fields
	query   bool // the value goes into a query, percent-encoded
	derived [][]byte
}

func (e *evaluation) eval(n *node) ([]byte, error) {
	switch n.Op {
	case abi.OpLit:
		return n.Bytes, nil
	case abi.OpField:
		b, ok := e.fields.Field(string(n.Bytes))
		if !ok {
			return nil, fmt.Errorf("the credential has no field %q", n.Bytes)
		}
		e.note(n, b)
		return b, nil
	}
	args, before := make([][]byte, len(n.args)), len(e.derived)
	for i, a := range n.args {
		var err error
		if args[i], err = e.eval(a); err != nil {
			return nil, err
		}
	}
	out := n.run(args)
	if len(out) > abi.MaxValue {
		return nil, fmt.Errorf("a value has %d bytes; at most %d are allowed", len(out), abi.MaxValue)
	}
	if len(n.reveals) == 0 {
		// What went into a signature, or into no secret at all, does not leave.
		e.derived = e.derived[:before]
	}
	e.note(n, out)
	return out, nil
}

// note keeps what was computed from a secret that may leave. A concat is no
// other spelling of its parts; in a query each part leaves percent-encoded.
func (e *evaluation) note(n *node, out []byte) {
	if len(n.reveals) == 0 || n.Op == abi.OpConcat {
		return
	}
	if n.Op != abi.OpField {
		e.derived = append(e.derived, out)
	}
	if !e.query {
		return
	}
	if encoded := url.QueryEscape(string(out)); encoded != string(out) {
		e.derived = append(e.derived, []byte(encoded))
	}
}

func (n *node) run(args [][]byte) []byte {
	switch n.Op {
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
		h := newHash(n.Hash)()
		h.Write(args[0])
		return h.Sum(nil)
	case abi.OpHMAC:
		h := hmac.New(newHash(n.Hash), args[0])
		h.Write(args[1])
		return h.Sum(nil)
	}
	panic("expr: compile let an operation through that apply does not know")
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
