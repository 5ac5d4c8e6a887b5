package sdktest

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
	"slices"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// evaluation computes expressions over stand-ins, and refuses a revealed field
// outside its sinks, as the host does. The host alone judges signature shapes.
type evaluation struct {
	manifest *seks.Manifest
	fields   map[string]string

	registers map[uint64]string
	running   map[uint64]string
	sums      map[abi.Hash]hash.Hash // of the request's body, as far as it has come
	piece     string                 // of a body call
}

// Token is the secret half of the token for clients that sign.
const Token = "token-secret-stand-in"

var hashes = map[abi.Hash]func() hash.Hash{
	abi.MD5: md5.New, abi.SHA1: sha1.New, abi.SHA256: sha256.New, abi.SHA512: sha512.New,
}

func (e *evaluation) value(edit *abi.Edit) (string, error) {
	if edit.Kind == abi.RemoveHeader || edit.Kind == abi.RemoveQuery {
		return "", nil
	}
	return e.eval(edit.Value, edit)
}

// eval runs a program. Its value goes to where the edit says, or into a body or a
// check where there is none.
func (e *evaluation) eval(program []byte, edit *abi.Edit) (string, error) {
	var stack []string
	for len(program) > 0 {
		in, rest, err := abi.Next(program)
		if err != nil {
			return "", err
		}
		program = rest
		takes := map[abi.Op]int{
			abi.OpLit: 0, abi.OpField: 0, abi.OpToken: 0, abi.OpDigest: 0, abi.OpSlice: 0, abi.OpLoad: 0, abi.OpTotal: 0, abi.OpHMAC: 2, abi.OpConcat: int(in.N),
		}
		n, ok := takes[in.Op]
		if !ok {
			n = 1
		}
		if n > len(stack) {
			return "", fmt.Errorf("an operation takes %d values, and %d are there", n, len(stack))
		}
		args := stack[len(stack)-n:]
		out, err := e.run(in, args, edit)
		if err != nil {
			return "", err
		}
		stack = append(stack[:len(stack)-n], out)
	}
	if len(stack) != 1 {
		return "", fmt.Errorf("the expression leaves %d values instead of one", len(stack))
	}
	return stack[0], nil
}

func (e *evaluation) run(in abi.Instr, args []string, edit *abi.Edit) (string, error) {
	switch in.Op {
	case abi.OpLit:
		return string(in.Bytes), nil
	case abi.OpField:
		return e.field(string(in.Bytes), edit)
	case abi.OpToken:
		return Token, nil
	case abi.OpDigest:
		if e.sums[in.Hash] == nil {
			return "", fmt.Errorf("there is no %s of the body: the plan must ask for it, with HashBody or TransformBody", abi.Text(abi.AppendHash(nil, abi.OpDigest, in.Hash)))
		}
		return string(e.sums[in.Hash].Sum(nil)), nil
	case abi.OpSlice:
		if end := in.N + in.M; end < in.N || end > uint64(len(e.piece)) {
			return "", fmt.Errorf("slice:%d:%d reaches beyond the piece of %d bytes", in.N, in.M, len(e.piece))
		}
		return e.piece[in.N : in.N+in.M], nil
	case abi.OpLoad:
		kept, ok := e.registers[in.N]
		if !ok {
			return "", fmt.Errorf("nothing was stored in register %d", in.N)
		}
		return kept, nil
	case abi.OpAbsorb:
		e.running[in.N] += args[0]
		return "", nil
	case abi.OpTotal:
		all := e.running[in.N]
		e.running[in.N] = ""
		h := hashes[in.Hash]()
		_, _ = h.Write([]byte(all)) // a hash takes everything
		return string(h.Sum(nil)), nil
	case abi.OpStore:
		e.registers[in.N] = args[0]
		return args[0], nil
	case abi.OpConcat:
		return strings.Join(args, ""), nil
	case abi.OpHex:
		return hex.EncodeToString([]byte(args[0])), nil
	case abi.OpBase64:
		return base64.StdEncoding.EncodeToString([]byte(args[0])), nil
	case abi.OpBase64URL:
		return base64.RawURLEncoding.EncodeToString([]byte(args[0])), nil
	case abi.OpPercent:
		return percent(args[0]), nil
	case abi.OpHash:
		h := hashes[in.Hash]()
		h.Write([]byte(args[0]))
		return string(h.Sum(nil)), nil
	case abi.OpHMAC:
		h := hmac.New(hashes[in.Hash], []byte(args[0]))
		h.Write([]byte(args[1]))
		return string(h.Sum(nil)), nil
	}
	return "", fmt.Errorf("operation 0x%02x is not one that sdktest runs: try `seks plugin eval`", byte(in.Op))
}

func (e *evaluation) field(name string, edit *abi.Edit) (string, error) {
	i := slices.IndexFunc(e.manifest.Fields, func(f seks.CredentialField) bool { return f.Name == name })
	if i < 0 {
		return "", fmt.Errorf("field %q is not in the manifest", name)
	}
	f := &e.manifest.Fields[i]
	value, ok := e.fields[name]
	if !ok {
		return "", fmt.Errorf("the test has no stand-in for field %q", name)
	}
	if edit == nil {
		if f.Use == seks.Reveal {
			return "", fmt.Errorf("a body or a check is not one of the sinks of field %q", name)
		}
		return value, nil
	}
	if f.Use == seks.Reveal && !slices.ContainsFunc(f.Sinks, func(s seks.Sink) bool {
		return s.Kind == seks.SinkHeader && (edit.Kind == abi.SetHeader || edit.Kind == abi.AddHeader) && strings.EqualFold(s.Name, edit.Name) ||
			s.Kind == seks.SinkQuery && (edit.Kind == abi.SetQuery || edit.Kind == abi.AddQuery) && s.Name == edit.Name
	}) {
		return "", fmt.Errorf("this is not one of the sinks of field %q", name)
	}
	return value, nil
}

// percent keeps the unreserved characters of RFC 3986 §2.3.
func percent(s string) string {
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-._~", c) >= 0 {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
