package main

import (
	"errors"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// provider is the plugin without parameters: Amazon's S3 in us-east-1.
var provider = made(place{region: "us-east-1", service: "s3"})

// place is what requests are signed for.
type place struct {
	region, service string
	session         bool // the credential has a session token
}

func made(at place) seks.Provider {
	return seks.Provider{
		Manifest: seks.Manifest{
			Name: "s3", Version: "1.0.0", Title: "Amazon S3, and what speaks its API",
			Upstreams: []seks.Upstream{{Name: "main", URL: "https://s3.us-east-1.amazonaws.com"}},
			Fields: []seks.CredentialField{
				{Name: "access_key_id", Use: seks.Public, Help: "the key's name, such as AKIA…; not a secret"},
				{Name: "secret_access_key", Use: seks.Sign, Main: true, Help: "what requests are signed with", SignShapes: sigv4.Shapes("secret_access_key")},
				{
					Name: "session_token", Use: seks.Reveal, Optional: true, Help: "of temporary keys; with the parameter session_token = \"true\"",
					Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "x-amz-security-token"}},
				},
			},
			TokenSlots:  []seks.Slot{{Kind: seks.SlotAWSSig4}},
			Headers:     []string{"*"}, // a client may sign any
			Bodies:      []seks.BodyNeed{{Method: "POST", Path: "/"}, {Method: "POST", Path: "/{bucket}"}, {Method: "POST", Path: "/{bucket}/"}},
			NeedsTime:   true,
			OpaquePaths: true, OpaqueBodies: true, Subdomains: true,
			ErrorShape: seks.ErrorShape{
				ContentType: "application/xml",
				Body: `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
					`<Error><Code>{{word}}</Code><Message>{{message}}</Message><SeksError>{{code}}</SeksError><RequestId>{{request_id}}</RequestId></Error>` + "\n",
				Statuses: words,
			},
			Hints: []seks.Hint{
				{Kind: seks.HintHeader, Name: "authorization", Prefix: "AWS ", Message: versionTwo},
				{Kind: seks.HintQuery, Name: "AWSAccessKeyId", Message: versionTwo},
				{Kind: seks.HintHeader, Name: "content-type", Prefix: "multipart/form-data", Message: "uploads by an HTML form (POST policy) are not taken: use PUT, with a presigned URL where the uploader has no key"},
			},
			Operations: seks.Catalogue(catalogue),
			Parameters: []seks.ParameterNeed{
				{Name: "region", Help: "what requests are signed for; us-east-1"},
				{Name: "service", Help: "likewise; s3"},
				{Name: "session_token", Help: "\"true\" where the credentials have session tokens"},
			},
		},
		Plan:            func(v *seks.View) *seks.Plan { return plan(v, at) },
		Scrub:           scrub,
		RequestBodyWith: newBody,
		Configure:       configure,
	}
}

const versionTwo = "the request is signed with AWS Signature Version 2: have the client sign with version 4 (aws configure set default.s3.signature_version s3v4; in SDKs signatureVersion: v4; in s3cmd signature_v2 = False)"

func configure(parameters map[string]string) (seks.Provider, error) {
	at := place{region: "us-east-1", service: "s3"}
	for name, value := range parameters {
		switch {
		case name == "session_token" && (value == "true" || value == "false"):
			at.session = value == "true"
		case name == "session_token":
			return seks.Provider{}, errors.New(`session_token is "true" or "false"`)
		case value == "" || len(value) > 64 || strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
			return seks.Provider{}, errors.New(name + " has letters in lower case, digits and hyphens, as in eu-central-1")
		case name == "region":
			at.region = value
		case name == "service":
			at.service = value
		}
	}
	return made(at), nil
}
