package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// The operations have the names of Amazon's policy actions
// (docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html):
// those that people write rules with. The classes:
//
//   - read changes nothing;
//   - write is all else;
//   - grant hands out access that outlives the token: policies and ACLs, the blocks
//     against public access, and what sends objects or events elsewhere from then on
//     (replication, notification, inventory, logging).
//
// Most are told apart by a parameter of the query, a sub-resource: the rows are
// class, name, method, what it is of, and the sub-resource.
const table = `
	read   s3:ListAllMyBuckets               GET     service -

	read   s3:ListBucket                     GET     bucket  -
	write  s3:CreateBucket                   PUT     bucket  -
	write  s3:DeleteBucket                   DELETE  bucket  -
	read   s3:ListBucketVersions             GET     bucket  versions
	read   s3:ListBucketMultipartUploads     GET     bucket  uploads
	read   s3:GetBucketLocation              GET     bucket  location
	grant  s3:CreateSession                  GET     bucket  session
	read   s3:GetBucketAcl                   GET     bucket  acl
	grant  s3:PutBucketAcl                   PUT     bucket  acl
	read   s3:GetBucketPolicy                GET     bucket  policy
	grant  s3:PutBucketPolicy                PUT     bucket  policy
	grant  s3:DeleteBucketPolicy             DELETE  bucket  policy
	read   s3:GetBucketPolicyStatus          GET     bucket  policyStatus
	read   s3:GetBucketOwnershipControls     GET     bucket  ownershipControls
	grant  s3:PutBucketOwnershipControls     PUT     bucket  ownershipControls
	grant  s3:PutBucketOwnershipControls     DELETE  bucket  ownershipControls
	read   s3:GetBucketPublicAccessBlock     GET     bucket  publicAccessBlock
	grant  s3:PutBucketPublicAccessBlock     PUT     bucket  publicAccessBlock
	grant  s3:PutBucketPublicAccessBlock     DELETE  bucket  publicAccessBlock
	read   s3:GetBucketCORS                  GET     bucket  cors
	write  s3:PutBucketCORS                  PUT     bucket  cors
	write  s3:PutBucketCORS                  DELETE  bucket  cors
	read   s3:GetEncryptionConfiguration     GET     bucket  encryption
	write  s3:PutEncryptionConfiguration     PUT     bucket  encryption
	write  s3:PutEncryptionConfiguration     DELETE  bucket  encryption
	read   s3:GetLifecycleConfiguration      GET     bucket  lifecycle
	write  s3:PutLifecycleConfiguration      PUT     bucket  lifecycle
	write  s3:PutLifecycleConfiguration      DELETE  bucket  lifecycle
	read   s3:GetBucketLogging               GET     bucket  logging
	grant  s3:PutBucketLogging               PUT     bucket  logging
	read   s3:GetBucketNotification          GET     bucket  notification
	grant  s3:PutBucketNotification          PUT     bucket  notification
	read   s3:GetReplicationConfiguration    GET     bucket  replication
	grant  s3:PutReplicationConfiguration    PUT     bucket  replication
	grant  s3:PutReplicationConfiguration    DELETE  bucket  replication
	read   s3:GetInventoryConfiguration      GET     bucket  inventory
	grant  s3:PutInventoryConfiguration      PUT     bucket  inventory
	grant  s3:PutInventoryConfiguration      DELETE  bucket  inventory
	read   s3:GetAnalyticsConfiguration      GET     bucket  analytics
	grant  s3:PutAnalyticsConfiguration      PUT     bucket  analytics
	grant  s3:PutAnalyticsConfiguration      DELETE  bucket  analytics
	read   s3:GetMetricsConfiguration        GET     bucket  metrics
	write  s3:PutMetricsConfiguration        PUT     bucket  metrics
	write  s3:PutMetricsConfiguration        DELETE  bucket  metrics
	read   s3:GetIntelligentTieringConfiguration  GET     bucket  intelligent-tiering
	write  s3:PutIntelligentTieringConfiguration  PUT     bucket  intelligent-tiering
	write  s3:PutIntelligentTieringConfiguration  DELETE  bucket  intelligent-tiering
	read   s3:GetBucketRequestPayment        GET     bucket  requestPayment
	write  s3:PutBucketRequestPayment        PUT     bucket  requestPayment
	read   s3:GetBucketTagging               GET     bucket  tagging
	write  s3:PutBucketTagging               PUT     bucket  tagging
	write  s3:PutBucketTagging               DELETE  bucket  tagging
	read   s3:GetBucketVersioning            GET     bucket  versioning
	write  s3:PutBucketVersioning            PUT     bucket  versioning
	read   s3:GetBucketWebsite               GET     bucket  website
	write  s3:PutBucketWebsite               PUT     bucket  website
	write  s3:DeleteBucketWebsite            DELETE  bucket  website
	read   s3:GetAccelerateConfiguration     GET     bucket  accelerate
	write  s3:PutAccelerateConfiguration     PUT     bucket  accelerate
	read   s3:GetBucketObjectLockConfiguration  GET  bucket  object-lock
	write  s3:PutBucketObjectLockConfiguration  PUT  bucket  object-lock

	read   s3:GetObject                      GET     object  -
	write  s3:PutObject                      PUT     object  -
	write  s3:DeleteObject                   DELETE  object  -
	read   s3:GetObjectVersion               GET     object  versionId
	write  s3:DeleteObjectVersion            DELETE  object  versionId
	read   s3:GetObjectAcl                   GET     object  acl
	grant  s3:PutObjectAcl                   PUT     object  acl
	read   s3:GetObjectTagging               GET     object  tagging
	write  s3:PutObjectTagging               PUT     object  tagging
	write  s3:DeleteObjectTagging            DELETE  object  tagging
	read   s3:GetObjectAttributes            GET     object  attributes
	read   s3:GetObjectLegalHold             GET     object  legal-hold
	write  s3:PutObjectLegalHold             PUT     object  legal-hold
	read   s3:GetObjectRetention             GET     object  retention
	write  s3:PutObjectRetention             PUT     object  retention
	read   s3:GetObjectTorrent               GET     object  torrent
	write  s3:RestoreObject                  POST    object  restore
	read   s3:GetObject                      POST    object  select
	write  s3:PutObject                      POST    object  uploads
	write  s3:PutObject                      PUT     object  uploadId
	write  s3:PutObject                      POST    object  uploadId
	write  s3:AbortMultipartUpload           DELETE  object  uploadId
	read   s3:ListMultipartUploadParts       GET     object  uploadId
`

// catalogue is for those who look at the manifest: the operations that have a
// method and a path of their own.
const catalogue = `
	read   s3:ListAllMyBuckets  GET     /
	read   s3:ListBucket        GET     /{bucket}
	write  s3:CreateBucket      PUT     /{bucket}
	write  s3:DeleteBucket      DELETE  /{bucket}
	write  s3:DeleteObject      POST    /{bucket}
	read   s3:GetObject         GET     /{bucket}/{key...}
	write  s3:PutObject         PUT     /{bucket}/{key...}
	write  s3:PutObject         POST    /{bucket}/{key...}
	write  s3:DeleteObject      DELETE  /{bucket}/{key...}
`

type operation struct {
	name  string
	class abi.Class
}

// operations is the table, by "METHOD of sub-resource"; subresources are those that
// it names, by "of sub-resource".
var operations, subresources = func() (map[string]operation, map[string]bool) {
	classes := map[string]abi.Class{"read": seks.Read, "write": seks.Write, "grant": seks.Grant}
	ops, subs := map[string]operation{}, map[string]bool{}
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		ops[f[2]+" "+f[3]+" "+f[4]] = operation{f[1], classes[f[0]]}
		subs[f[3]+" "+f[4]] = true
	}
	subs["bucket delete"] = true
	return ops, subs
}()

// parameters are those of a query that don't change what the operation is.
var parameters = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`
		prefix delimiter marker max-keys encoding-type list-type continuation-token fetch-owner start-after
		key-marker version-id-marker upload-id-marker max-uploads max-buckets bucket-region id
		versionId partNumber part-number-marker max-parts select-type x-id
		response-cache-control response-content-disposition response-content-encoding response-content-language response-content-type response-expires`) {
		m[name] = true
	}
	return m
}()

// operation is what a request does to its own path. ok is false where that can't
// be told: it has a parameter that is not known, or two that each make another
// operation of it.
func (t *target) operation(method string) (op operation, ok bool) {
	of := "object"
	switch {
	case !t.plain():
		return op, false
	case t.bucket == "":
		of = "service"
	case t.key == "":
		of = "bucket"
	}
	if method == "HEAD" {
		method = "GET"
	}
	sub := "-"
	for _, q := range t.query {
		switch {
		case q.Name == "versionId" && sub != "-", q.Name == sub:
		case subresources[of+" "+q.Name] && (sub == "-" || sub == "versionId"):
			sub = q.Name
		case !parameters[q.Name] && !isChecksum(strings.ToLower(q.Name)):
			return op, false
		}
	}
	op, ok = operations[method+" "+of+" "+sub]
	if !ok && sub == "versionId" {
		op, ok = operations[method+" "+of+" -"]
	}
	return op, ok
}
