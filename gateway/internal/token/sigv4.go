package token

import (
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// accessKeyID reads the access key id of an Authorization header of AWS
// Signature Version 4 (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html):
//
//	AWS4-HMAC-SHA256 Credential=ID/20261123/us-east-1/s3/aws4_request, SignedHeaders=…, Signature=…
//
// Some clients write no space behind a comma.
func accessKeyID(v string) (id string, ok bool) {
	v, ok = schemeValue(v, "AWS4-HMAC-SHA256")
	if !ok {
		return "", false
	}
	for part := range strings.SplitSeq(v, ",") {
		if scope, found := strings.CutPrefix(strings.Trim(part, " \t"), "Credential="); found {
			id, _, _ = strings.Cut(scope, "/")
			return id, true
		}
	}
	return "", false
}

// name notes a token that is named as an access key id.
func (c *cutter) name(id string) {
	c.note(id)
	c.see(id)
	if strings.HasPrefix(id, mark) {
		c.id = id
	}
}

// signed is what a client that signs has signed: its headers as they came, but
// for the key slots that don't name its id.
func (c *cutter) signed(headers []request.Header) []request.Header {
	kept := make([]request.Header, 0, len(headers))
	for _, h := range headers {
		if id, ok := accessKeyID(h.Value); ok && id == c.id && strings.EqualFold(h.Name, "authorization") || !c.header(h) {
			kept = append(kept, h)
		}
	}
	return kept
}

// Present is Find of a request's token. One that is named as an access key id is
// shown to the plugin, so it must be a pair's, whose name is public.
func (s *Store) Present(r Rest, provider string) (Claim, error) {
	c, err := s.Find([]byte(r.Token), provider)
	if err == nil && r.ID != "" && !c.record.Pair {
		c.good = false
		err = fault.Newf(fault.TokenInvalid, "this proxy token is no access key: it has no secret half to sign with; ask for a new one")
	}
	return c, err
}
