package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

// words are S3's own codes and statuses for the broker's.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var words = []seks.CodeStatus{
	{Code: "token_missing", Status: 403, Word: "AccessDenied"},
	{Code: "token_invalid", Status: 403, Word: "InvalidAccessKeyId"},
	{Code: "token_expired", Status: 403, Word: "ExpiredToken"},
	{Code: "token_revoked", Status: 403, Word: "InvalidAccessKeyId"},
	{Code: "policy_denied", Word: "AccessDenied"},
	{Code: "signature_invalid", Word: "SignatureDoesNotMatch"},
	{Code: "signature_expired", Word: "RequestTimeTooSkewed"},
	{Code: "provider_unknown", Word: "NoSuchBucket"},
	{Code: "body_too_large", Word: "EntityTooLarge"},
	{Code: "range_not_satisfiable", Word: "InvalidRange"},
	{Code: "rate_limited", Status: 503, Word: "SlowDown"},
	{Code: "bad_request", Word: "InvalidRequest"},
	{Code: "plugin_failed", Word: "InternalError"},
	{Code: "upstream_unreachable", Word: "ServiceUnavailable"},
	{Code: "upstream_protocol", Word: "InternalError"},
	{Code: "credential_unavailable", Word: "ServiceUnavailable"},
	{Code: "audit_unavailable", Word: "ServiceUnavailable"},
	{Code: "overloaded", Word: "SlowDown"},
	{Code: "upstream_timeout", Word: "ServiceUnavailable"},

	// What the plugin itself says no to, by name.
	{Code: "signature_invalid", Word: "AccessDenied"},
	{Code: "signature_expired", Word: "AccessDenied"},
	{Code: "bad_request", Word: "AuthorizationHeaderMalformed"},
	{Code: "bad_request", Word: "AuthorizationQueryParametersError"},
	{Code: "bad_request", Word: "IncompleteBody"},
	{Code: "bad_request", Word: "InvalidArgument"},
	{Code: "bad_request", Word: "InvalidChunkSizeError"},
	{Code: "bad_request", Word: "InvalidToken"},
	{Code: "bad_request", Word: "MalformedTrailerError"},
	{Code: "bad_request", Word: "MissingContentLength", Status: 411},
	{Code: "bad_request", Word: "XAmzContentSHA256Mismatch"},
}

// refusal is a no: one of the broker's codes, S3's own for it ("" for the first in
// words), and a sentence. Where S3 has a sentence, it is S3's: people search for it.
type refusal struct{ code, word, message string }

func no(code, message string) *refusal { return &refusal{code, "", message} }

func (r *refusal) plan() *seks.Plan { return seks.RefuseAs(r.code, r.word, r.message) }

// otherSignature is a signature that is not the one that was sent.
var otherSignature = no("signature_invalid", "The request signature we calculated does not match the signature you provided. Check your key and signing method.")

// How an authorization is wrong.
var (
	noDate     = &refusal{"signature_invalid", "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header."}
	notSigned  = &refusal{"signature_invalid", "AccessDenied", "There were headers present in the request which were not signed"}
	expiredURL = &refusal{"signature_expired", "AccessDenied", "Request has expired"}
	otherToken = &refusal{"bad_request", "InvalidToken", "The provided token is malformed or otherwise invalid."}
)

// badQuery is a presigned query that is no whole authorization; badCredential is
// the part of one that says whose key it is of, for what, here or in a header.
func badQuery(message string) *refusal {
	return &refusal{"bad_request", "AuthorizationQueryParametersError", message}
}

func badCredential(presigned bool, message string) *refusal {
	if presigned {
		return badQuery("Error parsing the X-Amz-Credential parameter; " + message)
	}
	return &refusal{"bad_request", "AuthorizationHeaderMalformed", "The authorization header is malformed; " + message}
}

// How a body is wrong.
var (
	noLength     = &refusal{"bad_request", "MissingContentLength", "You must provide the Content-Length HTTP header."}
	otherLength  = &refusal{"bad_request", "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header"}
	incomplete   = &refusal{"bad_request", "IncompleteBody", "The request body terminated unexpectedly"}
	smallChunk   = &refusal{"bad_request", "InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes"}
	otherTrailer = &refusal{"bad_request", "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema."}
	otherBody    = &refusal{"bad_request", "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."}
)

func otherChecksum(trailer string) *refusal {
	return no("bad_request", "Value for "+trailer+" trailing header is invalid.")
}
