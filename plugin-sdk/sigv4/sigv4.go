// Package sigv4 writes AWS Signature Version 4 as expressions: a plugin checks a
// client's signature, or signs a request, without holding a key.
//
// Source: "Authenticating Requests: Using the Authorization Header", Amazon S3 API
// Reference (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html).
package sigv4

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
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

// Shape is the signature that a manifest declares for a field to sign with.
func Shape(field string) seks.Expr {
	any := seks.Any()
	return sign(key(seks.Field(field), any, any, any), seks.Concat(seks.Lit(Algorithm+"\n"), any))
}

// Signature signs a request: secret is seks.Field of the credential's secret access
// key, or seks.Token in a check. Its value is in hex.
func Signature(secret seks.Expr, s Scope, r *Request, signed []string) seks.Expr {
	return sign(key(secret, seks.Lit(s.Date), seks.Lit(s.Region), seks.Lit(s.Service)), r.toSign(s, signed)).Hex()
}

// Header is the value of an Authorization header.
func Header(id, secret seks.Expr, s Scope, r *Request, signed []string) seks.Expr {
	return seks.Concat(seks.Lit(Algorithm+" Credential="), id,
		seks.Lit("/"+s.String()+", SignedHeaders="+strings.Join(signed, ";")+", Signature="), Signature(secret, s, r, signed))
}

func key(secret, date, region, service seks.Expr) seks.Expr {
	k := seks.Concat(seks.Lit("AWS4"), secret)
	for _, step := range []seks.Expr{date, region, service, seks.Lit(end)} {
		k = sign(k, step)
	}
	return k
}

func sign(key, message seks.Expr) seks.Expr { return seks.HMAC(seks.SHA256, key, message) }

func (r *Request) toSign(s Scope, signed []string) seks.Expr {
	return seks.Concat(seks.Lit(Algorithm+"\n"+r.Time+"\n"+s.String()+"\n"), seks.Hash(seks.SHA256, seks.Lit(r.canonical(signed))).Hex())
}
