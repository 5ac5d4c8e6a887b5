package main

import (
	"slices"
	"strconv"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// What x-amz-content-sha256 may say besides a digest.
const (
	unsigned        = "UNSIGNED-PAYLOAD"
	streaming       = "STREAMING-"
	unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	signedChunks    = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"

	emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

const (
	skew       = 15 * 60 // seconds that a client's clock may be off
	maxExpires = 7 * 24 * 3600
	maxHashed  = 1 << 20
)

// inbound is a request as the client signed it.
type inbound struct {
	auth      sigv4.Authorization
	presigned bool
	request   sigv4.Request
	query     []sigv4.Parameter // what goes on of the query
	payload   string            // x-amz-content-sha256; "" where the client sent none
	size      int64             // Content-Length; -1 where the body's length isn't known
}

// read takes the client's signature apart. Whether it is right is for the host to
// find: only the host knows what it was made with.
func read(v *seks.View, at place) (*inbound, *refusal) {
	path, query, _ := strings.Cut(v.Target, "?")
	in := &inbound{request: sigv4.Request{Method: v.Method, Path: origin(path), Query: query, Host: v.Authority, Headers: v.Headers}}
	header, many := header(v, "authorization")
	if many > 1 {
		return nil, no("bad_request", "there are several Authorization headers: send one")
	}
	in.presigned = many == 0
	if !in.presigned && hasAuthorization(query) {
		return nil, no("bad_request", "the request is signed in a header and in its query: send one of them")
	}
	var refused *refusal
	if in.presigned {
		refused = in.readQuery(query, v.Time)
	} else {
		refused = in.readHeader(v, header)
	}
	if refused == nil {
		refused = in.check(v, at)
	}
	return in, refused
}

// origin is the path of a target in absolute form, which clients of proxies send.
func origin(target string) string {
	if _, rest, ok := strings.Cut(target, "://"); ok && !strings.HasPrefix(target, "/") {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return rest[i:]
		}
		return "/"
	}
	return target
}

func hasAuthorization(query string) bool {
	return slices.ContainsFunc(sigv4.Query(query), func(p sigv4.Parameter) bool {
		return p.Name == "X-Amz-Signature" || p.Name == "X-Amz-Algorithm" || p.Name == "X-Amz-Credential" || p.Name == "Signature" || p.Name == "AWSAccessKeyId"
	})
}

func (in *inbound) readHeader(v *seks.View, value string) (refused *refusal) {
	var ok bool
	if in.auth, ok = sigv4.ParseAuthorization(value); !ok {
		return unreadable(false, credentialIn(value), "the header is no whole signature of version 4: AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/s3/aws4_request, SignedHeaders=…, Signature=…")
	}
	date, many := header(v, "x-amz-date")
	if many != 1 {
		return noDate
	}
	in.request.Time = date
	at, ok := parseDate(date)
	if !ok {
		return noDate
	}
	if now := int64(v.Time); at < now-skew || at > now+skew {
		return no("signature_expired", "the request was signed more than 15 minutes from now: set the clock, and sign anew")
	}
	in.query = sigv4.Query(v.Query)
	in.payload, many = header(v, "x-amz-content-sha256")
	if many > 1 {
		return no("bad_request", "there are several x-amz-content-sha256 headers: send one")
	}
	return nil
}

// check holds what both ways of signing have in common.
func (in *inbound) check(v *seks.View, at place) *refusal {
	switch {
	case in.auth.ID != v.TokenID:
		return no("bad_request", "the request names two access key ids: send one")
	case !isDay(in.auth.Scope.Date):
		return badCredential(in.presigned, "incorrect date format "+strconv.Quote(in.auth.Scope.Date)+`. This date in the credential must be in the format "yyyyMMdd".`)
	case in.auth.Scope.Service != at.service:
		return badCredential(in.presigned, "incorrect service "+strconv.Quote(in.auth.Scope.Service)+". This endpoint belongs to "+strconv.Quote(at.service)+".")
	case !strings.HasPrefix(in.request.Time, in.auth.Scope.Date+"T") && in.presigned:
		return badQuery("Invalid credential date " + strconv.Quote(in.auth.Scope.Date) + ". This date is not the same as X-Amz-Date: " + strconv.Quote(in.request.Time[:len("YYYYMMDD")]) + ".")
	case !strings.HasPrefix(in.request.Time, in.auth.Scope.Date+"T"):
		return badCredential(false, "Invalid credential date. Date is not the same as X-Amz-Date.")
	case !slices.Contains(in.auth.Signed, "host"):
		return no("signature_invalid", "the header Host is not signed: a signature covers it, and every x-amz-* header")
	}
	for _, h := range v.Headers {
		name := strings.ToLower(h.Name)
		if name == "x-amz-security-token" {
			return otherToken // that of a proxy token is its two halves, and no more
		}
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(in.auth.Signed, name) {
			return notSigned
		}
	}
	if in.presigned {
		if value, many := header(v, "x-amz-content-sha256"); many > 0 {
			in.payload = value
		}
	}
	in.request.Payload = in.payload
	return in.checkBody(v)
}

// checkBody says whether the body can go on in the way that the client has chosen.
func (in *inbound) checkBody(v *seks.View) *refusal {
	in.size = -1
	if length, many := header(v, "content-length"); many > 0 {
		in.size, _ = strconv.ParseInt(length, 10, 64) // the door has read it
	} else if _, many := header(v, "transfer-encoding"); many == 0 {
		in.size = 0
	}
	coding, _ := header(v, "content-encoding")
	chunked := strings.Contains(strings.ToLower(coding), "aws-chunked")
	switch {
	case in.payload == unsignedTrailer, in.payload == signedChunks, in.payload == signedTrailer:
		if in.presigned {
			return no("bad_request", "a presigned URL takes a body as it is, not one in chunks: leave x-amz-content-sha256 out")
		}
		return nil
	case strings.HasPrefix(in.payload, streaming):
		return no("bad_request", "the broker knows no such x-amz-content-sha256: it takes "+signedChunks+", with or without -TRAILER, and "+unsignedTrailer)
	case chunked:
		return no("bad_request", "the body is aws-chunked and x-amz-content-sha256 does not say so: send one that begins with STREAMING-")
	case in.payload == "" && in.size > maxHashed:
		return no("body_too_large", "the signature covers the whole body, which the broker reads before it signs: up to 1 MiB. Add the header x-amz-content-sha256: UNSIGNED-PAYLOAD, or the body's digest, and sign it")
	case in.payload == "", in.payload == unsigned, isDigest(in.payload):
		return nil
	}
	return &refusal{"bad_request", "InvalidArgument", "x-amz-content-sha256 is the body's SHA-256 in lower-case hex, UNSIGNED-PAYLOAD, or begins with STREAMING-"}
}

// header is the value of a header, and how many there are of its name.
func header(v *seks.View, name string) (value string, many int) {
	for _, h := range v.Headers {
		if strings.EqualFold(h.Name, name) {
			if many++; many == 1 {
				value = strings.TrimSpace(h.Value)
			}
		}
	}
	return value, many
}

func isDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
