package main

import (
	"encoding/xml"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sdktest"
)

func TestRequests(t *testing.T) {
	sdktest.Run(t, provider, map[string]string{"access_key_id": "AKIDEXAMPLE", "secret_access_key": "stand-in"})
}

func TestManifest(t *testing.T) { sdktest.Manifest(t, &provider.Manifest) }

func TestErrorShape(t *testing.T) {
	codes := map[string]bool{}
	for _, w := range words {
		codes[w.Code] = true
	}
	if len(codes) != 19 {
		t.Errorf("%d codes have a word; the broker has 19", len(codes))
	}
	var got struct {
		XMLName                             xml.Name `xml:"Error"`
		Code, Message, SeksError, RequestId string
	}
	sdktest.Error(t, &provider.Manifest, "signature_invalid", &got)
	if got.Code != "SignatureDoesNotMatch" || got.Message == "" || got.SeksError != "signature_invalid" || got.RequestId != "req_1" {
		t.Errorf("%+v", got)
	}
}

const at = "20261123T190000Z"

// view is a GET, or another method, that a client has signed; header lines follow.
func view(method, target string, headers ...string) *seks.View {
	path, query, _ := strings.Cut(target, "?")
	v := &seks.View{Method: method, Scheme: "http", Target: "/api/s3" + target, Authority: "127.0.0.1:8080", Mount: "/api/s3", Path: path, Query: query,
		UpstreamAuthority: "s3.example.com", TokenID: "seks_s3_id"}
	now, _ := parseDate(at)
	v.Time = uint64(now)
	names := map[string]bool{"host": true, "x-amz-date": true}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		v.Headers = append(v.Headers, seks.Header{Name: name, Value: value})
		names[strings.ToLower(name)] = true
	}
	signed := ""
	for name := range names {
		signed += ";" + name
	}
	v.Headers = append(v.Headers, seks.Header{Name: "X-Amz-Date", Value: at}, seks.Header{Name: "Authorization",
		Value: "AWS4-HMAC-SHA256 Credential=seks_s3_id/20261123/us-east-1/s3/aws4_request,SignedHeaders=" + signed[1:] + ",Signature=" + emptyDigest})
	return v
}

// What a request does, by its method, path, parameters and headers.
func TestOperations(t *testing.T) {
	for _, c := range []struct{ method, target, header, want string }{
		{"GET", "/", "", "s3:ListAllMyBuckets read /"},
		{"GET", "/b", "", "s3:ListBucket read /b"},
		{"HEAD", "/b/", "", "s3:ListBucket read /b"},
		{"GET", "/b/?list-type=2&prefix=x%2F", "", "s3:ListBucket read /b"},
		{"GET", "/b?versions", "", "s3:ListBucketVersions read /b"},
		{"PUT", "/b?policy", "", "s3:PutBucketPolicy grant /b"},
		{"GET", "/b?%70olicy=", "", "s3:GetBucketPolicy read /b"},
		{"PUT", "/b?acl", "", "s3:PutBucketAcl grant /b"},
		{"GET", "/b/k", "", "s3:GetObject read /b/k"},
		{"GET", "/b//k", "", "s3:GetObject read /b//k"},
		{"HEAD", "/b/k?versionId=1", "", "s3:GetObjectVersion read /b/k"},
		{"GET", "/b/k?x-id=GetObject&response-content-type=a", "", "s3:GetObject read /b/k"},
		{"PUT", "/b/k", "", "s3:PutObject write /b/k"},
		{"PUT", "/b/k?acl", "", "s3:PutObjectAcl grant /b/k"},
		{"PUT", "/b/k?acl&versionId=1", "", "s3:PutObjectAcl grant /b/k"},
		{"PUT", "/b/k?versionId=1&acl", "", "s3:PutObjectAcl grant /b/k"},
		{"PUT", "/b/k", "X-Amz-Acl: private", "s3:PutObject write /b/k"},
		{"PUT", "/b/k", "X-Amz-Acl: public-read", "s3:PutObject write /b/k · s3:PutObjectAcl grant /b/k"},
		{"PUT", "/b", "x-amz-grant-read: id=1", "s3:CreateBucket write /b · s3:PutBucketAcl grant /b"},
		{"PUT", "/b/k?partNumber=1&uploadId=u", "", "s3:PutObject write /b/k"},
		{"POST", "/b/k?uploads", "", "s3:PutObject write /b/k"},
		{"DELETE", "/b/k?uploadId=u", "", "s3:AbortMultipartUpload write /b/k"},
		{"PUT", "/b/k", "x-amz-copy-source: /c/d%20e?versionId=1", "s3:PutObject write /b/k · s3:GetObject read /c/d%20e by GET"},
		{"PUT", "/b/k?partNumber=1&uploadId=u", "x-amz-copy-source: c%2Fd", "s3:PutObject write /b/k · s3:GetObject read /c/d by GET"},
		{"PUT", "/b/k", "x-amz-copy-source: arn:aws:s3:us-east-1:1:accesspoint/p/object/k", `s3:PutObject write /b/k · s3:GetObject read "" by GET`},
		{"PUT", "/b/k", "x-amz-copy-source: c/d?x=1", `s3:PutObject write /b/k · s3:GetObject read "" by GET`},
		{"DELETE", "/b/k", "x-amz-bypass-governance-retention: true", "s3:DeleteObject write /b/k · s3:BypassGovernanceRetention write /b/k"},

		{"GET", "/b?acl&policy", "", "s3:Unknown unknown /b"},
		{"GET", "/b?new", "", "s3:Unknown unknown /b"},
		{"PATCH", "/b/k", "", "s3:Unknown unknown /b/k"},
		{"GET", "/b%2Fk", "", "s3:Unknown unknown /b%2Fk"},
		{"GET", "/b/%2F", "", "s3:Unknown unknown /b/%2F"},
		{"GET", "/b;x/k", "", "s3:Unknown unknown /b;x/k"},
		{"GET", "//k", "", "s3:Unknown unknown //k"},
		{"POST", "/b/k", "", "s3:Unknown unknown /b/k"},
	} {
		var headers []string
		if c.header != "" {
			headers = []string{c.header}
		}
		if got := acts(plan(view(c.method, c.target, headers...), place{"us-east-1", "s3", false})); got != c.want {
			t.Errorf("%s %s %s: %s, want %s", c.method, c.target, c.header, got, c.want)
		}
	}
}

// acts are the operations of a plan, in words.
func acts(p *seks.Plan) string {
	var list []string
	for line := range strings.Lines(p.Text()) {
		if act, ok := strings.CutPrefix(strings.TrimSpace(line), "act "); ok {
			list = append(list, act)
		}
	}
	return strings.Join(list, " · ")
}

// A bucket in the host's name is the first segment of the path.
func TestVirtualHostStyle(t *testing.T) {
	for path, want := range map[string]string{"/k/x": "s3:GetObject read /b.c/k/x", "/": "s3:ListBucket read /b.c"} {
		v := view("GET", path)
		v.Subdomain = "b.c"
		p := plan(v, place{"us-east-1", "s3", false})
		if got := acts(p); got != want || !strings.Contains(p.Text(), `set-path   "/b.c`) {
			t.Errorf("%s: %s\n%s", path, got, p.Text())
		}
	}
}

func TestDeleteObjects(t *testing.T) {
	run := func(body string, state func(*seks.View), headers ...string) string {
		v := view("POST", "/b?delete", headers...)
		v.Body, v.BodyState = []byte(body), seks.BodyWhole
		if state != nil {
			state(v)
		}
		return acts(plan(v, place{"us-east-1", "s3", false}))
	}
	const whole = `<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a b&amp;&#x2F;</Key></Object>
		<Object><Key>c</Key><VersionId>1</VersionId></Object><Quiet>true</Quiet></Delete>`
	const want = "s3:DeleteObject write /b · s3:DeleteObject write /b/a%20b%26/ by DELETE · s3:DeleteObjectVersion write /b/c by DELETE"
	if got := run(whole, nil); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	const any = `s3:DeleteObject write "" by DELETE · s3:DeleteObjectVersion write "" by DELETE`
	for name, got := range map[string]string{
		"longer than may be seen": run("", func(v *seks.View) { v.BodyState = seks.BodyUnknown }),
		"in chunks":               run(whole, nil, "x-amz-content-sha256: "+signedChunks, "x-amz-decoded-content-length: 5"),
		"none":                    run("", func(v *seks.View) { v.BodyState = seks.BodyAbsent }),
		"no XML":                  run("{}", nil),
	} {
		if got != any {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// What a presigned URL says of headers in its query is done, and judged, as if
// they were headers.
func TestPresignedHeaders(t *testing.T) {
	const good = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=seks_s3_id%2F20261123%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261123T190000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=" + emptyDigest
	v := view("PUT", "/b/k?"+good+"&x-amz-acl=public-read&x-amz-checksum-crc32=AAAAAA%3D%3D&x-id=PutObject&X-Amz-Copy-Source=c%2Fd")
	v.Headers = nil
	p := plan(v, place{"us-east-1", "s3", false})
	if got, want := acts(p), "s3:PutObject write /b/k · s3:PutObjectAcl grant /b/k · s3:GetObject read /c/d by GET"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, line := range []string{`set-raw-query   "x-amz-checksum-crc32=AAAAAA%3D%3D&x-id=PutObject"`, `set-header x-amz-acl   "public-read"`, `set-header x-amz-content-sha256   "UNSIGNED-PAYLOAD"`} {
		if !strings.Contains(p.Text(), line) {
			t.Errorf("the plan lacks %s:\n%s", line, p.Text())
		}
	}
}

func TestConfigure(t *testing.T) {
	v := view("GET", "/b/k")
	for i := range v.Headers {
		v.Headers[i].Value = strings.Replace(v.Headers[i].Value, "/s3/", "/storage/", 1)
	}
	p, err := configure(map[string]string{"region": "eu-central-1", "service": "storage", "session_token": "true"})
	if err != nil {
		t.Fatal(err)
	}
	text := p.Plan(v).Text()
	for _, part := range []string{"/20261123/eu-central-1/storage/aws4_request", "set-header x-amz-security-token   field:session_token", "x-amz-date;x-amz-security-token"} {
		if !strings.Contains(text, part) {
			t.Errorf("the plan lacks %s:\n%s", part, text)
		}
	}
	for name, value := range map[string]string{"region": "EU", "service": "", "session_token": "yes"} {
		if _, err := configure(map[string]string{name: value}); err == nil {
			t.Errorf("%s = %q is taken", name, value)
		}
	}
}

func FuzzDeletions(f *testing.F) {
	f.Add([]byte(`<Delete><Object><Key>a&lt;</Key><VersionId>v</VersionId></Object><Quiet>true</Quiet></Delete>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, ok := deletions(body)
		if !ok {
			return
		}
		var want struct {
			XMLName xml.Name `xml:"Delete"`
			Object  []struct {
				Key       string
				VersionId *string
			}
		}
		if err := xml.Unmarshal(body, &want); err != nil {
			return // stricter about characters than we are; S3 refuses such a body
		}
		if len(list) != len(want.Object) {
			t.Fatalf("%d objects, another parser reads %d", len(list), len(want.Object))
		}
		for i, o := range want.Object {
			if strings.ReplaceAll(list[i].key, "\r", "\n") != strings.ReplaceAll(o.Key, "\r", "\n") || list[i].version != (o.VersionId != nil) {
				t.Fatalf("object %d is %+v, another parser reads %q", i, list[i], o.Key)
			}
		}
	})
}
