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
}

var hashes = map[abi.Hash]func() hash.Hash{
	abi.MD5: md5.New, abi.SHA1: sha1.New, abi.SHA256: sha256.New, abi.SHA512: sha512.New,
}

func (e *evaluation) value(edit *abi.Edit) (string, error) {
	if edit.Kind == abi.RemoveHeader || edit.Kind == abi.RemoveQuery {
		return "", nil
	}
	var stack []string
	for program := edit.Value; len(program) > 0; {
		in, rest, err := abi.Next(program)
		if err != nil {
			return "", err
		}
		program = rest
		takes := map[abi.Op]int{abi.OpLit: 0, abi.OpField: 0, abi.OpHMAC: 2, abi.OpConcat: int(in.N)}
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
	return "", fmt.Errorf("operation 0x%02x is not one that sdktest runs", byte(in.Op))
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
