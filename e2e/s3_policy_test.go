package e2e

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What a token may do is said by operation and by path, and means the same in path
// style and in virtual-host style; a copy is a read of its source, and to delete
// many is to delete each.
func TestS3Policy(t *testing.T) {
	w := newS3(t, false, "us-east-1")
	bucket, full := aws.String("bucket"), w.sdk(w.agent)
	if _, err := full.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"in/a", "in/b", "out/a"} {
		if _, err := full.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
	}
	get := func(c *s3.Client, key string) error {
		_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String(key)})
		return err
	}
	put := func(c *s3.Client, key string, change ...func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: bytes.NewReader([]byte("x"))}
		for _, f := range change {
			f(in)
		}
		_, err := c.PutObject(t.Context(), in)
		return err
	}
	list := func(c *s3.Client) error {
		_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
		return err
	}
	duplicate := func(c *s3.Client, from, to string) error {
		_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: bucket, Key: aws.String(to), CopySource: aws.String("bucket/" + from)})
		return err
	}
	remove := func(c *s3.Client, keys ...string) error {
		var ids []types.ObjectIdentifier
		for _, k := range keys {
			ids = append(ids, types.ObjectIdentifier{Key: aws.String(k)})
		}
		_, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: ids}})
		return err
	}
	long := make([]string, 1000)
	for i := range long {
		long[i] = "in/" + strings.Repeat("k", 60) + string(rune('a'+i%26))
	}
	gets, reads := w.issue("--op", "s3:Get*"), w.issue("--read-only")
	inside := w.issue("--allow", "* /bucket/in/*", "--allow", "POST /bucket", "--allow", "GET /bucket")
	granting := w.issue("--allow-grant")
	for _, style := range []string{"path", "virtual host"} {
		of := func(p pair) *s3.Client {
			return w.sdk(p, func(o *s3.Options) {
				if style == "virtual host" {
					o.BaseEndpoint, o.UsePathStyle = aws.String(strings.Replace(w.URL, "127.0.0.1", "s3.localhost", 1)), false
				}
			})
		}
		for name, c := range map[string]struct {
			err    error
			denied bool
		}{
			"Get*: get":                         {get(of(gets), "in/a"), false},
			"Get*: put":                         {put(of(gets), "in/c"), true},
			"Get*: list":                        {list(of(gets)), true},
			"read-only: get":                    {get(of(reads), "in/a"), false},
			"read-only: list":                   {list(of(reads)), false},
			"read-only: put":                    {put(of(reads), "in/c"), true},
			"inside: get":                       {get(of(inside), "in/a"), false},
			"inside: get elsewhere":             {get(of(inside), "out/a"), true},
			"inside: get beside":                {get(of(inside), "inn"), true},
			"inside: put":                       {put(of(inside), "in/c"), false},
			"inside: put elsewhere":             {put(of(inside), "out/c"), true},
			"inside: list":                      {list(of(inside)), false},
			"inside: copy":                      {duplicate(of(inside), "in/a", "in/d"), false},
			"inside: copy from elsewhere":       {duplicate(of(inside), "out/a", "in/d"), true},
			"inside: copy to elsewhere":         {duplicate(of(inside), "in/a", "out/d"), true},
			"inside: delete many":               {remove(of(inside), "in/c", "in/d"), false},
			"inside: delete many, one not":      {remove(of(inside), "in/a", "out/a"), true},
			"inside: too many to be seen":       {remove(of(inside), long...), true},
			"no rules: too many to be seen":     {remove(of(w.agent), long...), false},
			"no rules: an ACL that gives":       {put(of(w.agent), "in/e", func(in *s3.PutObjectInput) { in.ACL = types.ObjectCannedACLPublicRead }), true},
			"no rules: an ACL that does not":    {put(of(w.agent), "in/e", func(in *s3.PutObjectInput) { in.ACL = types.ObjectCannedACLPrivate }), false},
			"no rules: a bucket's policy":       {policy(t, of(w.agent)), true},
			"allow-grant: a bucket's policy":    {policy(t, of(granting)), false},
			"read-only: many cannot be deleted": {remove(of(reads), "in/a"), true},
		} {
			denied := c.err != nil && strings.Contains(c.err.Error(), "AccessDenied: this proxy token does not allow")
			if denied != c.denied || !denied && c.err != nil {
				t.Errorf("%s style, %s: %v", style, name, c.err)
			}
		}
	}
	if err := get(full, "out/a"); err != nil {
		t.Errorf("what was denied was done: %v", err)
	}
}

func policy(t *testing.T, c *s3.Client) error {
	_, err := c.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String("bucket"), Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}`)})
	return err
}

// A URL that the broker presigns for a token does its one request, for whoever has
// it, as long as the token may.
func TestS3Presign(t *testing.T) {
	w := newS3(t, false, "eu-central-1") // what agents sign for is not looked at
	if _, err := w.straight(func(o *s3.Options) { o.Region = "eu-central-1" }).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		t.Fatal(err)
	}
	narrow := w.issue("--allow", "* /bucket/in/*")
	url := func(p pair, flags ...string) string {
		t.Helper()
		r, err := w.Run("", append([]string{"s3", "presign", "--token-id", p.TokenID, "--bucket", "bucket", "--endpoint", w.base()}, flags...)...)
		if err != nil || r.Status != 0 || strings.Contains(r.Out, p.Secret) {
			t.Fatalf("%v %+v", err, r)
		}
		return strings.TrimSpace(r.Out)
	}
	use := func(method, url, body string) (int, string) {
		t.Helper()
		request, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		a, err := w.http().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		text, _ := io.ReadAll(a.Body)
		return a.StatusCode, a.Header.Get("X-Seks-Error") + string(text)
	}
	put, get := url(narrow, "--key", "in/a b+c/é", "--method", "PUT", "--size", "5", "--expires", "10m"), url(narrow, "--key", "in/a b+c/é")
	for _, c := range []struct {
		method, url, body string
		status            int
		says              string
	}{
		{"PUT", put, "longer", 403, "signature_invalid"},
		{"GET", put, "", 403, "signature_invalid"},
		{"PUT", put, "12345", 200, ""},
		{"GET", get, "", 200, "12345"},
		{"GET", strings.Replace(get, "/in/", "/out/", 1), "", 403, "signature_invalid"},
		{"GET", url(narrow, "--key", "out/x"), "", 403, "policy_denied"},
		{"HEAD", url(w.agent, "--key", "in/a b+c/é", "--method", "HEAD"), "", 200, ""},
	} {
		if status, says := use(c.method, c.url, c.body); status != c.status || !strings.Contains(says, c.says) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.url, status, says, c.status, c.says)
		}
	}
	if err := w.Must("", "token", "revoke", narrow.TokenID); err != nil {
		t.Fatal(err)
	}
	if status, says := use("GET", get, ""); status != 403 || !strings.Contains(says, "token_revoked") {
		t.Errorf("after the token was revoked: %d %s", status, says)
	}
	if r, err := w.Run("", "s3", "presign", "--token-id", narrow.TokenID, "--bucket", "b", "--key", "k"); err != nil || r.Status != 1 || !strings.Contains(r.Err, "is revoked") {
		t.Errorf("%v %+v", err, r)
	}
}
