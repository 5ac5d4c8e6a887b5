// A guest for tests: it checks the SigV4 signature of a client that has a pair,
// and signs what goes on with the credential. It holds no key and does no
// crypto.
package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

func init() {
	seks.Serve(seks.Provider{
		Manifest: seks.Manifest{
			Name: "signed", Version: "1.0.0",
			Upstreams: []seks.Upstream{{Name: "main", URL: "https://s3.example.com"}},
			Fields: []seks.CredentialField{
				{Name: "access_key_id", Use: seks.Public},
				{Name: "secret_access_key", Use: seks.Sign, Main: true, SignShapes: [][]byte{sigv4.Shape("secret_access_key")}},
			},
			TokenSlots:  []seks.Slot{{Kind: seks.SlotAWSSig4}},
			Headers:     []string{"authorization", "range", "content-type", "content-md5", "x-amz-acl", "x-amz-content-sha256", "x-amz-date", "x-amz-meta-a", "x-amz-meta-b", "x-amz-storage-class"},
			OpaquePaths: true,
		},
		Plan: plan,
	})
}

func main() {}

func plan(v *seks.View) *seks.Plan {
	a, ok := sigv4.ParseAuthorization(header(v, "authorization"))
	if !ok || a.ID != v.TokenID {
		return seks.Refuse("signature_invalid", "sign the request with AWS Signature Version 4")
	}
	path, query, _ := strings.Cut(v.Target, "?")
	in := &sigv4.Request{
		Method: v.Method, Path: path, Query: query, Host: v.Authority, Headers: v.Headers,
		Payload: header(v, "x-amz-content-sha256"), Time: header(v, "x-amz-date"),
	}
	out := *in
	out.Path, out.Query, out.Host = v.UpstreamBase+v.Path, v.Query, v.UpstreamAuthority
	return new(seks.Plan).
		Check(sigv4.Signature(seks.Token(), a.Scope, in, a.Signed), seks.Lit(a.Signature)).
		SetHeader("authorization", sigv4.Header(seks.Field("access_key_id"), seks.Field("secret_access_key"), a.Scope, &out, a.Signed))
}

func header(v *seks.View, name string) string {
	for _, h := range v.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}
