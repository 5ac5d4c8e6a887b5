package main

import (
	"strconv"
	"strings"

	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

func (in *inbound) readQuery(query string, now uint64) *refusal {
	p, ok := sigv4.ParsePresigned(query)
	if !ok {
		return unreadableQuery(query)
	}
	in.auth, in.request.Time, in.request.Query = p.Authorization, p.Time, p.Query
	at, ok := parseDate(p.Time)
	life, err := strconv.ParseInt(p.Expires, 10, 64)
	switch {
	case !ok:
		return badQuery(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
	case err != nil:
		return badQuery("X-Amz-Expires should be a number")
	case life < 0:
		return badQuery("X-Amz-Expires must be non-negative")
	case life > maxExpires:
		return badQuery("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	case at > int64(now)+skew:
		return no("signature_expired", "the URL is signed for a time to come: set the clock, and sign anew")
	case at+life < int64(now):
		return expiredURL
	}
	in.payload = unsigned
	for _, q := range sigv4.Query(query) {
		switch q.Name {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature":
		case "X-Amz-Security-Token":
			return otherToken
		case "X-Amz-Content-Sha256":
			in.payload = q.Value
		default:
			in.query = append(in.query, q)
		}
	}
	return nil
}

// unreadableQuery says what of a query is no authorization.
func unreadableQuery(query string) *refusal {
	p := map[string]string{}
	for _, q := range sigv4.Query(query) {
		p[q.Name] = q.Value
	}
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"} {
		if p[name] == "" {
			return badQuery("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	}
	switch p["X-Amz-Algorithm"] {
	case sigv4.Algorithm:
		return unreadable(true, p["X-Amz-Credential"], "a parameter of the authorization stands there twice, or is none")
	case "AWS4-ECDSA-P256-SHA256":
		return badQuery(`X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"`)
	}
	return badQuery(`X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"`)
}

// unreadable says what of a credential can't be read; otherwise what else it is.
func unreadable(presigned bool, credential, otherwise string) *refusal {
	parts := strings.Split(credential, "/")
	switch {
	case len(parts) != 5:
		return badCredential(presigned, `the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	case parts[4] != "aws4_request":
		return badCredential(presigned, "incorrect terminal "+strconv.Quote(parts[4])+`. This endpoint uses "aws4_request".`)
	case presigned:
		return badQuery(otherwise)
	}
	return badCredential(false, otherwise)
}

// credentialIn is that of an Authorization header.
func credentialIn(header string) string {
	_, rest, _ := strings.Cut(header, "Credential=")
	credential, _, _ := strings.Cut(rest, ",")
	return strings.TrimSpace(credential)
}

// isDay says whether s is a date as a credential has it, YYYYMMDD.
func isDay(s string) bool {
	_, ok := parseDate(s + "T000000Z")
	return ok
}
