package main

import (
	"slices"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// Registers of an exchange whose body is signed in chunks.
const (
	keyIn   = 0 // the key that the client signs with
	lastOut = 1 // the signature that the next chunk goes on from
)

// plan has the client's signature checked, says what the request does, and signs
// what goes upstream: always by header.
func plan(v *seks.View, at place) *seks.Plan {
	in, refused := read(v, at)
	if refused != nil {
		return refused.plan()
	}
	p := new(seks.Plan)
	in.prove(p)
	if _, many := header(v, "range"); many > 0 || v.Method == "POST" {
		p.Inspect()
	}
	out, refused := in.outbound(v, at)
	if refused != nil {
		return refused.plan()
	}
	out.act(p, v)
	out.edit(p, v)
	switch {
	case strings.HasPrefix(in.payload, streaming):
		if refused := out.stream(p, v, in); refused != nil {
			return refused.plan()
		}
	case isDigest(in.payload) && in.size != 0:
		in.verify(p)
	}
	return p
}

// prove checks the client's signature, over the token's secret half. Where the
// client sends no digest of its body, that is read first.
func (in *inbound) prove(p *seks.Plan) {
	key := sigv4.Key(seks.Token(), in.auth.Scope)
	switch {
	case in.payload == "" && in.size == 0:
		in.request.Payload = emptyDigest
	case in.payload == "":
		p.HashBody()
		in.request.Computed = map[string]seks.Expr{"": seks.Digest(seks.SHA256).Hex()}
	case in.payload == signedChunks, in.payload == signedTrailer:
		key = key.Store(keyIn)
	}
	p.CheckAs(otherSignature.code, otherSignature.word, otherSignature.message, sigv4.SignedBy(key, in.auth.Scope, &in.request, in.auth.Signed), seks.Lit(in.auth.Signature))
}

// outbound is the request as it goes upstream.
type outbound struct {
	target
	request sigv4.Request
	scope   sigv4.Scope
	signed  []string
	session bool
	lifted  []seks.Header // from a presigned query
	digest  bool          // the payload is the body's digest, once that was read
}

func (in *inbound) outbound(v *seks.View, at place) (*outbound, *refusal) {
	now := formatDate(int64(v.Time))
	out := &outbound{scope: sigv4.Scope{Date: now[:8], Region: at.region, Service: at.service}, session: at.session}
	query, refused := out.lift(in, v)
	if refused != nil {
		return nil, refused
	}
	out.target = locate(v, query)
	out.request = sigv4.Request{
		Method: v.Method, Path: v.UpstreamBase + out.path, Query: sigv4.Join(query), Host: v.UpstreamAuthority,
		Payload: in.request.Payload, Time: now, Computed: map[string]seks.Expr{},
	}
	if out.digest = in.request.Computed != nil; out.digest {
		out.request.Computed[""] = in.request.Computed[""]
		out.request.Computed["x-amz-content-sha256"] = in.request.Computed[""]
	}
	out.sign(v, in)
	return out, nil
}

// lift makes headers of what a presigned URL has of x-amz-* in its query: signed by
// header, a request has its headers as headers. Checksums stay: they were made
// when the URL was, without a body, and S3 takes them for no more than that there.
func (out *outbound) lift(in *inbound, v *seks.View) (query []sigv4.Parameter, refused *refusal) {
	if !in.presigned {
		return in.query, nil
	}
	for _, q := range in.query {
		name := strings.ToLower(q.Name)
		if !strings.HasPrefix(name, "x-amz-") || isChecksum(name) {
			query = append(query, q)
			continue
		}
		if _, many := header(v, name); many > 0 || !token(name) || !printable(q.Value) || slices.ContainsFunc(out.lifted, func(h seks.Header) bool { return h.Name == name }) {
			return nil, no("bad_request", "a parameter of the presigned query that stands for a header is there twice, or is no header")
		}
		out.lifted = append(out.lifted, seks.Header{Name: name, Value: q.Value})
	}
	return query, nil
}

func isChecksum(name string) bool {
	return strings.HasPrefix(name, "x-amz-checksum-") || name == "x-amz-sdk-checksum-algorithm"
}

func token(name string) bool {
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == "" && len(name) <= 128
}

func printable(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// own are headers that are made anew, or that are not sent on as they came.
var own = []string{
	"host", "authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "connection", "keep-alive", "te", "trailer", "upgrade",
	"transfer-encoding", "content-length", "accept-encoding", "expect", "proxy-authorization", "proxy-connection", "http2-settings", "range",
	"x-api-key", "x-goog-api-key", "x-subscription-token", "x-auth-key", "api-key",
}

// sign chooses the headers that the signature covers: Host, every x-amz-*, the
// type and MD5 of the body, and those that the client had signed.
func (out *outbound) sign(v *seks.View, in *inbound) {
	out.signed = []string{"host", "x-amz-content-sha256", "x-amz-date"}
	for _, h := range v.Headers {
		name := strings.ToLower(h.Name)
		if slices.Contains(own, name) {
			continue
		}
		out.request.Headers = append(out.request.Headers, h)
		if strings.HasPrefix(name, "x-amz-") || name == "content-type" || name == "content-md5" || slices.Contains(in.auth.Signed, name) {
			out.signed = append(out.signed, name)
		}
	}
	for _, h := range out.lifted {
		out.request.Headers = append(out.request.Headers, h)
		out.signed = append(out.signed, h.Name)
	}
	out.request.Headers = append(out.request.Headers, seks.Header{Name: "x-amz-date", Value: out.request.Time}, seks.Header{Name: "x-amz-content-sha256", Value: out.request.Payload})
	if out.session {
		out.request.Computed["x-amz-security-token"] = seks.Field("session_token")
		out.signed = append(out.signed, "x-amz-security-token")
	}
	slices.Sort(out.signed)
	out.signed = slices.Compact(out.signed)
}

// edit makes the request into what was signed.
func (out *outbound) edit(p *seks.Plan, v *seks.View) {
	if out.path != v.Path {
		p.SetPath(out.request.Path)
	}
	if out.request.Query != v.Query {
		p.SetRawQuery(out.request.Query)
	}
	for _, h := range out.lifted {
		p.SetHeader(h.Name, seks.Lit(h.Value))
	}
	p.SetHeader("x-amz-date", seks.Lit(out.request.Time))
	payload := seks.Lit(out.request.Payload)
	if out.digest {
		payload = out.request.Computed[""]
	}
	p.SetHeader("x-amz-content-sha256", payload)
	if out.session {
		p.SetHeader("x-amz-security-token", seks.Field("session_token"))
	}
	id, secret := seks.Field("access_key_id"), seks.Field("secret_access_key")
	value := sigv4.Header(id, secret, out.scope, &out.request, out.signed)
	if out.request.Payload == signedChunks || out.request.Payload == signedTrailer {
		value = sigv4.HeaderStoring(lastOut, id, secret, out.scope, &out.request, out.signed)
	}
	p.SetHeader("authorization", value)
}
