package main

import (
	"slices"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// unknown is the operation of a request that we can't tell: it may be a grant.
const unknown = "s3:Unknown"

// act says all that a request does: to its own path, and by its headers and body
// to others.
func (out *outbound) act(p *seks.Plan, v *seks.View) {
	if out.deletes(v.Method) {
		out.deleteObjects(p, v)
	} else if op, ok := out.operation(v.Method); ok {
		p.Act(op.name, op.class, out.path)
	} else {
		p.Act(unknown, seks.Unknown, out.path)
	}
	acl := "s3:PutObjectAcl"
	if out.key == "" {
		acl = "s3:PutBucketAcl"
	}
	for _, h := range out.request.Headers {
		switch name := strings.ToLower(h.Name); {
		case name == "x-amz-copy-source":
			p.ActBy("s3:GetObject", seks.Read, "GET", source(h.Value))
		case name == "x-amz-rename-source":
			p.ActBy(unknown, seks.Unknown, "DELETE", source(h.Value))
		case name == "x-amz-acl" && !private(h.Value), strings.HasPrefix(name, "x-amz-grant-"):
			p.Act(acl, seks.Grant, out.path)
		case name == "x-amz-bypass-governance-retention":
			p.Act("s3:BypassGovernanceRetention", seks.Write, out.path)
		}
	}
}

// private: ACLs that give nobody access but the owners of object and bucket, who
// have it. Some clients send one with every upload.
func private(acl string) bool {
	return slices.Contains([]string{"private", "bucket-owner-read", "bucket-owner-full-control"}, strings.TrimSpace(acl))
}

// source is the path of what x-amz-copy-source names, "bucket/key" or "/bucket/key",
// percent-encoded, with ?versionId=… or without; "" where it is anything else,
// such as an access point.
func source(value string) string {
	path, version, versioned := strings.Cut(strings.TrimSpace(value), "?")
	if versioned && (!strings.HasPrefix(version, "versionId=") || strings.ContainsAny(version, "?&")) {
		return ""
	}
	t := target{path: "/" + strings.TrimPrefix(path, "/")}
	t.bucket, t.key, _ = strings.Cut(t.path[1:], "/")
	if strings.Contains(strings.ToLower(t.bucket), "%2f") { // all of it may be encoded
		return source(sigv4.Query(path)[0].Name + strings.TrimPrefix(value, path))
	}
	if t.bucket == "" || t.key == "" || !t.plain() || strings.Contains(t.path, "#") {
		return ""
	}
	return t.path
}

// deletes says whether this is DeleteObjects, whose keys are in its body.
func (t *target) deletes(method string) bool {
	return method == "POST" && t.bucket != "" && t.key == "" && t.plain() &&
		slices.ContainsFunc(t.query, func(q sigv4.Parameter) bool { return q.Name == "delete" }) &&
		!slices.ContainsFunc(t.query, func(q sigv4.Parameter) bool { return q.Name != "delete" && q.Name != "x-id" })
}

// deleteObjects has each key judged as a DELETE of it. A body that can't be read in
// one way only, or is longer than a plugin may see, may hold any.
func (out *outbound) deleteObjects(p *seks.Plan, v *seks.View) {
	keys, ok := deletions(v.Body)
	if v.BodyState != seks.BodyWhole || !ok || strings.HasPrefix(out.request.Payload, streaming) {
		p.ActBy("s3:DeleteObject", seks.Write, "DELETE", "").ActBy("s3:DeleteObjectVersion", seks.Write, "DELETE", "")
		return
	}
	p.Act("s3:DeleteObject", seks.Write, out.path)
	for _, k := range keys {
		name := "s3:DeleteObject"
		if k.version {
			name = "s3:DeleteObjectVersion"
		}
		p.ActBy(name, seks.Write, "DELETE", "/"+out.bucket+"/"+sigv4.EscapePath(k.key))
	}
}
