// Package sigv4 writes AWS Signature Version 4 as expressions: a plugin checks a
// client's signature, or signs a request, without holding a key.
//
// Source: "Authenticating Requests: Using the Authorization Header", Amazon S3 API
// Reference (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html).
package sigv4

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

const (
	// Algorithm is the one that this package knows.
	Algorithm = "AWS4-HMAC-SHA256"
	end       = "aws4_request"
)

// Scope is what a signing key is good for.
type Scope struct{ Date, Region, Service string } // Date is YYYYMMDD

func (s Scope) String() string { return s.Date + "/" + s.Region + "/" + s.Service + "/" + end }

// Authorization is an Authorization header, taken apart.
type Authorization struct {
	ID        string
	Scope     Scope
	Signed    []string // header names, in lower case
	Signature string   // in hex
}

// ParseAuthorization reads an Authorization header. Some clients write no space
// behind a comma.
func ParseAuthorization(value string) (a Authorization, ok bool) {
	rest, ok := strings.CutPrefix(value, Algorithm+" ")
	if !ok {
		return a, false
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			p := strings.Split(v, "/")
			if len(p) != 5 || p[4] != end {
				return a, false
			}
			a.ID, a.Scope = p[0], Scope{p[1], p[2], p[3]}
		case "SignedHeaders":
			a.Signed = strings.Split(v, ";")
		case "Signature":
			a.Signature = v
		}
	}
	return a, a.ID != "" && len(a.Signed) > 0 && len(a.Signature) == 64
}

// Shape is the signature that a manifest declares for a field to sign requests with.
func Shape(field string) seks.Expr { return shape(field, Algorithm) }

func shape(field, algorithm string) seks.Expr {
	k := seks.Concat(seks.Lit("AWS4"), seks.Field(field))
	for _, step := range []seks.Expr{seks.Any(), seks.Any(), seks.Any(), seks.Lit(end)} {
		k = sign(k, step)
	}
	return sign(k, seks.Concat(seks.Lit(algorithm+"\n"), seks.Any()))
}

// Signature signs a request: secret is seks.Field of the credential's secret access
// key, or seks.Token in a check. Its value is in hex.
func Signature(secret seks.Expr, s Scope, r *Request, signed []string) seks.Expr {
	return appendSignature(make([]byte, 0, 1024), secret, s, r, signed)
}

// Key is the key that signs, for one that is stored: see SignedBy.
func Key(secret seks.Expr, s Scope) seks.Expr { return appendKey(nil, secret, s) }

// SignedBy is Signature with a key that was made before.
func SignedBy(key seks.Expr, s Scope, r *Request, signed []string) seks.Expr {
	return appendSigned(append(make([]byte, 0, 1024), key...), s, r, signed)
}

// Header is the value of an Authorization header.
func Header(id, secret seks.Expr, s Scope, r *Request, signed []string) seks.Expr {
	return abi.AppendConcat(appendSignature(appendHeader(id, s, signed), secret, s, r, signed), 4)
}

// HeaderStoring is Header, and keeps the signature in a register: the first chunk
// of a body that is signed in chunks goes on from there.
func HeaderStoring(register int, id, secret seks.Expr, s Scope, r *Request, signed []string) seks.Expr {
	p := appendSignature(appendHeader(id, s, signed), secret, s, r, signed)
	return abi.AppendConcat(abi.AppendRegister(p, abi.OpStore, register), 4)
}

// appendHeader is what stands before the signature.
func appendHeader(id seks.Expr, s Scope, signed []string) []byte {
	p := append(abi.AppendLit(make([]byte, 0, 1024), Algorithm+" Credential="), id...)
	return abi.AppendLit(p, "/"+s.String()+", SignedHeaders="+strings.Join(signed, ";")+", Signature=")
}

// appendSignature writes the program into one buffer: programs are postfix, so
// nothing that was written is moved again. A guest does this for every request.
func appendSignature(p []byte, secret seks.Expr, s Scope, r *Request, signed []string) []byte {
	return appendSigned(appendKey(p, secret, s), s, r, signed)
}

func appendKey(p []byte, secret seks.Expr, s Scope) []byte {
	p = append(abi.AppendLit(p, "AWS4"), secret...)
	p = abi.AppendConcat(p, 2)
	for _, step := range [...]string{s.Date, s.Region, s.Service, end} {
		p = abi.AppendHash(abi.AppendLit(p, step), abi.OpHMAC, abi.SHA256)
	}
	return p
}

// appendSigned is behind a key.
func appendSigned(p []byte, s Scope, r *Request, signed []string) []byte {
	p = abi.AppendLit(p, Algorithm+"\n"+r.Time+"\n"+s.String()+"\n")
	p = abi.AppendHash(r.appendCanonical(p, signed), abi.OpHash, abi.SHA256)
	p = abi.AppendConcat(abi.AppendOp(p, abi.OpHex), 2)
	return abi.AppendOp(abi.AppendHash(p, abi.OpHMAC, abi.SHA256), abi.OpHex)
}

func sign(key, message seks.Expr) seks.Expr { return seks.HMAC(seks.SHA256, key, message) }
