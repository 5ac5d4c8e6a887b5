package abi

import (
	"strings"
	"testing"
)

func TestPlanText(t *testing.T) {
	bearer := samplePlan().Edits[0].Value
	any := AppendOp(nil, OpAny)
	for _, row := range []struct {
		name string
		plan Plan
		want string
	}{
		{"nothing", Plan{}, ""},
		{"the design's own example", *samplePlan(), `set-header authorization   "Bearer " field:api_key concat:2` + "\n"},
		{"every kind of line", Plan{
			Upstream: "uploads",
			Edits: []Edit{
				{AddHeader, "x-a", AppendLit(nil, "1")}, {RemoveHeader, "x-b", nil}, {SetQuery, "key", bearer},
				{AddQuery, "a", AppendLit(nil, "")}, {RemoveQuery, "b", nil}, {SetPath, "", AppendLit(nil, "/v2")},
				{SetRawQuery, "", AppendLit(nil, "a=b")}, {SetJSON, "key", any}, {SetForm, "key", any}, {77, "x", any},
			},
			Acts:          []Act{{"files.list", ClassRead, "/v1/files", ""}, {"", 0, "/v1/new thing", ""}, {"x", 9, "", "GET"}},
			Checks:        []Check{{A: AppendOp(nil, OpToken), B: AppendLit(nil, "sig")}, {A: any, B: any, Code: "signature_expired"}},
			BodyMode:      BodyHashFirst,
			InspectAnswer: true,
			Digests:       1<<SHA1 | 1<<SHA256 | 1<<9,
		}, `upstream uploads
add-header x-a   "1"
remove-header x-b
set-query key   "Bearer " field:api_key concat:2
add-query a   ""
remove-query b
set-path   "/v2"
set-raw-query   "a=b"
set-json key   any
set-form key   any
77 x   any
act files.list read /v1/files
act "" unknown "/v1/new thing"
act x 9 "" by GET
check-equal else signature_invalid
   token
   "sig"
check-equal else signature_expired
   any
   any
body hash-first
keep-digests sha1 sha256 0x200
inspect-answer
`},
		{"a refusal", Plan{Refusal: &Refusal{"policy_denied", "no \"streams\" here", "NoStreams"}}, `refuse policy_denied as NoStreams "no \"streams\" here"` + "\n"},
		{"text that would move a terminal's cursor", Plan{Edits: []Edit{{SetHeader, "x\r\n\x1b[2J", AppendLit(nil, "\u202e\x1b")}}},
			`set-header "x\r\n\x1b[2J"   "\u202e\x1b"` + "\n"},
		{"a program that can't be read", Plan{Edits: []Edit{{SetHeader, "x", []byte("\x11\xff")}}},
			"set-header x   hex unreadable: there is no operation 0xff\n"},
		{"a long program", Plan{Edits: []Edit{{SetHeader, "authorization", AppendConcat(AppendHash(AppendLit(AppendLit(nil,
			strings.Repeat("a", 60)), strings.Repeat("b", 60)), OpHMAC, SHA256), 1)}}},
			`set-header authorization   "` + strings.Repeat("a", 60) + "\"\n   \"" + strings.Repeat("b", 60) + `" hmac:sha256 concat:1` + "\n"},
	} {
		if got := row.plan.Text(); got != row.want {
			t.Errorf("%s:\n%s\nwant:\n%s", row.name, got, row.want)
		}
	}
}
