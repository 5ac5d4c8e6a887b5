package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// births are the answers that hold a new secret.
// https://developers.notion.com/reference/create-a-token
var births = seks.ReadBirths(`
POST /v1/oauth/token access_token refresh_token
`)

func plan(v *seks.View) *seks.Plan {
	p := seks.Bearer("api_key")
	if isUpload(v.Path) {
		p.Inspect()
	}
	return births.Watch(p, v)
}

// scrub masks what is born in an answer, and makes the URLs to which the parts of
// an upload go the broker's.
// https://developers.notion.com/guides/data-apis/uploading-small-files
func scrub(a *seks.AnswerHead) *seks.ScrubPlan {
	s := births.Scrub(a)
	if s != nil && isUpload(a.Path) {
		s.Links = []string{"upload_url", "complete_url"}
	}
	return s
}

func isUpload(path string) bool { return strings.Contains(path, "/file_uploads") }
