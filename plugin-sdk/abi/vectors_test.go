package abi

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the files in testdata from what the code does")

// vector is one file of testdata/vectors: a message, its bytes, and either what
// they say or why they are refused. SDKs in other languages run the same files.
type vector struct {
	name, message string
	value         codec  // written in canonical form, or
	raw           string // bytes that no canonical writer makes
}

func (v *vector) bytes() []byte {
	if v.value != nil {
		return v.value.Marshal()
	}
	return []byte(v.raw)
}

func vectors() []vector {
	signed := AppendField(AppendLit(nil, "AWS4"), "secret_access_key")
	signed = AppendConcat(signed, 2)
	signed = AppendHash(AppendLit(signed, "20261123"), OpHMAC, SHA256)
	shape := AppendConcat(AppendField(AppendLit(nil, "AWS4"), "secret_access_key"), 2)
	shape = AppendHash(AppendOp(shape, OpAny), OpHMAC, SHA256)
	return []vector{
		{name: "manifest-small", message: "Manifest", value: &Manifest{
			Name: "ok", Version: "1.0.0",
			Upstreams:  []Upstream{{"main", "https://api.example.com"}},
			Fields:     []Field{{Name: "api_key", Use: UseReveal, Main: true, Sinks: []Sink{{SinkHeader, "authorization"}}}},
			TokenSlots: []Slot{{SlotHeader, "authorization", "Bearer"}},
		}},
		{name: "manifest-full", message: "Manifest", value: &Manifest{
			Name: "full", Version: "1.2.3", Title: "Every field — once",
			Upstreams:       []Upstream{{"main", "https://api.example.com"}, {"uploads", "https://up.example.com/base"}},
			VersionPrefixes: []string{"/v1", "/v2"},
			Fields: []Field{
				{Name: "account", Use: UsePublic, Optional: true, Help: "the account's number"},
				{Name: "secret_access_key", Use: UseSign, Main: true, Prefix: "sk_", SignShapes: [][]byte{shape}},
				{Name: "key", Use: UseReveal, Sinks: []Sink{{SinkQuery, "key"}, {SinkForm, "token"}, {SinkJSON, "token"}}},
			},
			TokenSlots: []Slot{{SlotQuery, "key", ""}, {SlotBasic, "", ""}, {SlotAWSSig4, "", ""}},
			Headers:    []string{"x-date", "content-type"},
			Bodies:     []BodyNeed{{"POST", "/v1/graphql"}},
			NeedsTime:  true, OpaquePaths: true, OpaqueBodies: true,
			ErrorShape: ErrorShape{"application/json", `{"error":"{{code}}"}`, []CodeStatus{{"token_missing", 403, "NoToken"}}},
			KeyShapes:  []KeyShape{{"secret key", "sk_", "A-Za-z0-9", 24, 200}},
			Operations: []Operation{{"keys.create", ClassGrant, "POST", "/v1/keys"}, {"files.get", ClassRead, "GET", "/v1/files/{id...}"}},
			Parameters: []ParameterNeed{{"region", "where the buckets are"}, {"style", ""}},
			Subdomains: true, Hints: []Hint{{HintHeader, "authorization", "AWS ", "sign with version 4"}, {HintQuery, "Signature", "", "sign anew"}},
		}},
		{name: "parameters", message: "Parameters", value: &Parameters{Parameters: []Parameter{{"region", "eu-central-1"}, {"style", ""}}}},
		{name: "view-small", message: "View", value: &View{Method: "GET", Scheme: "http", Target: "/api/ok/v1/models",
			Authority: "127.0.0.1:8080", Mount: "/api/ok", Path: "/v1/models", UpstreamAuthority: "api.example.com"}},
		{name: "view-full", message: "View", value: &View{Method: "PUT", Scheme: "https", Target: "/b/k%2F\xff?x=1", Authority: "s3.broker.example",
			Path: "/b/k%2F\xff", Query: "x=1", Headers: []Header{{"X-Date", "today"}, {"x-date", "caf\xe9"}, {"X-Empty", ""}},
			UpstreamAuthority: "s3.example.com", UpstreamBase: "/base", Time: 1795460400, BodyState: BodyWhole, Body: []byte{0, 1, 0xff}, TokenID: "seks_s3_id", Subdomain: "bucket"}},
		{name: "view-long-header", message: "View", value: &View{Method: "GET", Headers: []Header{{"X-Long", strings.Repeat("a", 200)}, {"X-Next", "1"}}}},
		{name: "plan-empty", message: "Plan", value: &Plan{}},
		{name: "plan-bearer", message: "Plan", value: samplePlan()},
		{name: "plan-full", message: "Plan", value: &Plan{
			Edits:    []Edit{{SetQuery, "sig", AppendOp(signed, OpHex)}, {RemoveHeader, "x-old", nil}, {SetPath, "", AppendLit(nil, "/v2")}},
			Upstream: "uploads", Acts: []Act{{"s3:GetObject", ClassRead, "/b/k\xff", "GET"}, {"new", ClassUnknown, "", ""}},
			Checks:   []Check{{A: AppendOp(nil, OpToken), B: AppendLit(nil, "x"), Code: "signature_expired"}},
			BodyMode: BodyTransform, InspectAnswer: true, Digests: 1<<MD5 | 1<<SHA256, BodyContext: []byte{0, 0xff},
		}},
		{name: "plan-check", message: "Plan", value: &Plan{Checks: []Check{{
			A: AppendOp(AppendHash(AppendLit(AppendOp(nil, OpToken), "to sign"), OpHMAC, SHA256), OpHex), B: AppendLit(nil, "00ff")}}}},
		{name: "body-result-signed", message: "BodyResult", value: &BodyResult{Segments: []Segment{
			{Kind: SegmentValue, Bytes: AppendRegister(AppendHash(AppendSlice(AppendRegister(nil, OpLoad, 0), 0, 64), OpHMAC, SHA256), OpStore, 1)},
			{Kind: SegmentValue, Bytes: AppendHash(nil, OpDigest, SHA256)}}}},
		{name: "plan-refusal", message: "Plan", value: &Plan{Refusal: &Refusal{"policy_denied", "this API has no such path", ""}}},
		{name: "plan-own-words", message: "Plan", value: &Plan{Refusal: &Refusal{"bad_request", "the body is too short", "IncompleteBody"},
			Checks: []Check{{A: AppendOp(nil, OpToken), B: AppendLit(nil, "x"), Code: "signature_invalid", Word: "SignatureDoesNotMatch", Message: "check your key"}}}},
		{name: "answer-head", message: "AnswerHead", value: &AnswerHead{Status: 201, Headers: []Header{{"Location", "https://api.example.com/x"}},
			Method: "POST", Path: "/v1/x", Origin: "https://api.example.com", Public: "http://127.0.0.1:8080/api/ok"}},
		{name: "scrub-plan-full", message: "ScrubPlan", value: &ScrubPlan{Drop: []string{"x-internal"}, Mask: []string{"x-key", "x-key-2"},
			Rewrites: []Rewrite{{"link", "https://api.example.com", "http://127.0.0.1:8080/api/ok"}}, KeepCookies: []string{"session"},
			SecretFields: []string{"result.value"}, TransformBody: true, Links: []string{"url", "*_url"}}},
		{name: "body-result", message: "BodyResult", value: &BodyResult{
			Segments: []Segment{{SegmentInput, 0, 300, nil}, {SegmentLiteral, 0, 0, []byte("\r\n")}, {SegmentValue, 0, 0, AppendRegister(nil, OpLoad, 1)}},
			Checks:   []Check{{A: AppendRegister(nil, OpLoad, 0), B: AppendHash(nil, OpDigest, SHA256)}}}},

		{name: "body-result-running", message: "BodyResult", value: &BodyResult{
			Segments: []Segment{{Kind: SegmentValue, Bytes: AppendRunning(AppendSlice(nil, 0, 300), OpAbsorb, 3, SHA512)}},
			Checks: []Check{{A: AppendOp(AppendRunning(nil, OpTotal, 0, SHA256), OpHex), B: AppendLit(nil, "00ff"), Code: "bad_request",
				Word: "BadDigest", Message: "the body is not what was signed"}}}},

		{name: "taken-fields-in-another-order", message: "Plan", raw: "\x38\x01\x12\x02up"},
		{name: "taken-defaults-written-out", message: "Plan", raw: "\x12\x00\x28\x00\x38\x00"},
		{name: "taken-long-numbers", message: "Plan", raw: "\x28\x81\x00"},
		{name: "taken-unknown-fields", message: "Plan", raw: "\xa0\x06\x01\xa1\x06\x01\x02\x03\x04\x05\x06\x07\x08\x12\x02up\xa2\x06\x03new\xa5\x06\x01\x02\x03\x04"},
		{name: "refused-twice", message: "Plan", raw: "\x12\x01a\x12\x01b"},
		{name: "refused-cut", message: "Plan", raw: "\x12\x05ab"},
		{name: "refused-group", message: "Plan", raw: "\xa3\x06\xa4\x06"},
		{name: "refused-wire-type", message: "Plan", raw: "\x10\x01"},
		{name: "refused-bool", message: "Plan", raw: "\x38\x02"},
		{name: "refused-enum", message: "Plan", raw: "\x28\x80\x80\x80\x80\x10"},
		{name: "refused-number", message: "View", raw: "\x58\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"},
		{name: "refused-utf8", message: "Plan", raw: "\x12\x01\xff"},
		{name: "refused-field-zero", message: "Plan", raw: "\x00\x00"},
		{name: "refused-deep-inside", message: "Manifest", raw: "\x32\x04\x3a\x02\x12\x05"},
	}
}

func TestVectors(t *testing.T) {
	known := map[string]bool{}
	for _, v := range vectors() {
		known[v.name+".txt"] = true
		t.Run(v.name, func(t *testing.T) {
			path := filepath.Join("testdata", "vectors", v.name+".txt")
			if *update {
				if err := os.WriteFile(path, v.file(v.bytes()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v: run the test with -update", err)
			}
			// The bytes of the file are what is decoded, not our own again.
			b := hexIn(t, string(want))
			if got := v.file(b); !bytes.Equal(got, want) {
				t.Errorf("the code says:\n%s\nthe file says:\n%s", got, want)
			}
			if !bytes.Equal(b, v.bytes()) {
				t.Errorf("the code writes % x, the file has % x", v.bytes(), b)
			}
		})
	}
	files, err := os.ReadDir("testdata/vectors")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("%s belongs to no vector", f.Name())
		}
	}
}

// file writes what a vector's file holds, given the vector's bytes.
func (v *vector) file(b []byte) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, "message: %s\n\nhex:\n", v.message)
	for i := 0; i < len(b); i += 24 {
		fmt.Fprintf(&out, "% x\n", b[i:min(i+24, len(b))])
	}
	m := topLevel[v.message]()
	if err := m.Unmarshal(b); err != nil {
		fmt.Fprintf(&out, "\nrefused: %v\n", err)
		return []byte(out.String())
	}
	if canonical := m.Marshal(); !bytes.Equal(canonical, b) {
		fmt.Fprintf(&out, "\ncanonical: % x\n", canonical)
	}
	fmt.Fprintf(&out, "\nsays:\n")
	dump(&out, "", reflect.ValueOf(m).Elem())
	return []byte(out.String())
}

func hexIn(t *testing.T, file string) []byte {
	_, rest, _ := strings.Cut(file, "hex:")
	digits, _, _ := strings.Cut(rest, "\n\n")
	b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// dump writes the fields that are not at their default, one a line.
func dump(out *strings.Builder, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			dump(out, strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i))
		}
		return
	case reflect.Pointer:
		if !v.IsNil() {
			dump(out, path, v.Elem())
		}
		return
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				dump(out, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			}
			return
		}
	}
	switch {
	case v.IsZero():
	case v.Kind() == reflect.Slice:
		fmt.Fprintf(out, "%s = %x\n", path, v.Bytes())
	case v.Kind() == reflect.String:
		fmt.Fprintf(out, "%s = %+q\n", path, v.String())
	default:
		fmt.Fprintf(out, "%s = %v\n", path, v.Interface())
	}
}
