package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// trusting is a client that trusts one certificate more, "" for none, and finds
// every name at loopback, as a resolver does with those below localhost.
func trusting(t *testing.T, cert string) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{}, DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(at)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
	}}
	if cert != "" {
		pem, err := os.ReadFile(cert)
		if err != nil {
			t.Fatal(err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// sdk is Amazon's client for Go, with a pair.
func (w *s3World) sdk(p pair, change ...func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(w.base()), UsePathStyle: true, HTTPClient: w.http(), RetryMaxAttempts: 1,
		Credentials: awscredentials.NewStaticCredentialsProvider(p.ID, p.Secret, ""),
	}, change...)
}

// straight is the same client, at the server itself with the real pair.
func (w *s3World) straight(change ...func(*s3.Options)) *s3.Client {
	return w.sdk(pair{ID: rootID, Secret: rootSecret}, append(change, func(o *s3.Options) { o.BaseEndpoint = aws.String("http://" + w.server) })...)
}

// manyParts is how long an upload is for which parts are made: one that is in many
// of them, and too large for anybody to hold by chance.
const manyParts = 200_000_000

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// oddKeys are what a key may be, as far as the broker lets it through.
var oddKeys = []string{"plain", "a b", "a+b", "a%20b", "100%", "é/ü/日本", "a//b", ".dot/..dots/x..y", "q?x=1&y", "semi;colon", "quote'\"<&>", "a=b,c:d@e$f!g*(h)~"}

// Amazon's SDK for Go does what its users do, over http and over TLS, where it
// sends its bodies in other ways, in path style and in virtual-host style.
func TestS3SDKForGo(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "http", true: "https"}[secure], func(t *testing.T) {
			w := newS3(t, secure, "us-east-1")
			c := w.sdk(w.agent)
			bucket := aws.String("bucket")
			try := func(what string, err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
			_, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket})
			try("create", err)
			for _, key := range oddKeys {
				body := random(1000)
				_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: bytes.NewReader(body), Metadata: map[string]string{"a": "  two  words "}})
				try("put "+key, err)
				o, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String(key)})
				try("get "+key, err)
				try("read "+key, same(o.Body, body))
			}
			var listed []string
			for page := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: bucket, MaxKeys: aws.Int32(5)}); page.HasMorePages(); {
				p, err := page.NextPage(t.Context())
				try("list", err)
				for _, o := range p.Contents {
					listed = append(listed, *o.Key)
				}
			}
			old, err := c.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: bucket, EncodingType: types.EncodingTypeUrl})
			try("list, version 1", err)
			if len(listed) != len(oddKeys) || len(old.Contents) != len(oddKeys) {
				t.Errorf("%q are listed, and %d", listed, len(old.Contents))
			}

			body := random(200_000)
			_, err = c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("big"), Body: bytes.NewReader(body), ContentEncoding: aws.String("gzip"), ContentType: aws.String("text/x")})
			try("put", err)
			head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("big")})
			try("head", err)
			if *head.ContentLength != int64(len(body)) || aws.ToString(head.ContentEncoding) != "gzip" || aws.ToString(head.ContentType) != "text/x" {
				t.Errorf("head: %+v", head)
			}
			part, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("big"), Range: aws.String("bytes=1000-1999")})
			try("range", err)
			try("range", same(part.Body, body[1000:2000]))
			for _, none := range []string{"bytes=-0", "bytes=200000-", "bytes=200000-200005", "bytes=900000-"} {
				_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("big"), Range: aws.String(none)})
				if failed, ok := errors.AsType[smithy.APIError](err); !ok || failed.ErrorCode() != "InvalidRange" || !strings.Contains(err.Error(), "StatusCode: 416") {
					t.Errorf("%s: %v", none, err)
				}
			}
			small, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("a+b"), Range: aws.String("bytes=1-9"), ChecksumMode: types.ChecksumModeEnabled})
			try("range of a small one", err) // whose checksum is of the whole
			if b, err := io.ReadAll(small.Body); err != nil || len(b) != 9 || small.ChecksumCRC32 != nil {
				t.Errorf("range of a small one: %d bytes, %v, %v", len(b), err, small.ChecksumCRC32)
			}
			_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("big"), IfNoneMatch: head.ETag})
			if err == nil || !strings.Contains(err.Error(), "304") {
				t.Errorf("a condition: %v", err)
			}
			_, err = c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("bucket/a%2520b")})
			try("copy", err)
			_, err = c.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{Bucket: bucket, Key: aws.String("big"), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}})
			try("tag", err)

			// Bodies of unknown length and in parts, by the managers.
			m, large := transfermanager.New(c), random(map[bool]int{false: manyParts, true: 21 << 20}[secure])
			_, err = m.UploadObject(t.Context(), &transfermanager.UploadObjectInput{Bucket: bucket, Key: aws.String("large"), Body: io.LimitReader(bytes.NewReader(large), 1<<30)})
			try("upload", err)
			down, err := m.GetObject(t.Context(), &transfermanager.GetObjectInput{Bucket: bucket, Key: aws.String("large")})
			try("download", err)
			try("download", same(down.Body, large))

			// Presigned, and used with nothing but a URL.
			signer := s3.NewPresignClient(c)
			for _, key := range oddKeys {
				get, err := signer.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String(key), ResponseContentType: aws.String("text/y")})
				try("presign", err)
				a, err := w.http().Get(get.URL)
				try("presigned get", err)
				if content, _ := io.ReadAll(a.Body); a.StatusCode != 200 || len(content) != 1000 || a.Header.Get("Content-Type") != "text/y" {
					t.Errorf("presigned get of %q: %d %s", key, a.StatusCode, content[:min(len(content), 300)])
				}
			}
			put, err := signer.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("presigned"), Metadata: map[string]string{"k": "v"}}, s3.WithPresignExpires(time.Minute))
			try("presign", err)
			request, _ := http.NewRequest("PUT", put.URL, bytes.NewReader(body))
			for name, values := range put.SignedHeader {
				if name != "Host" {
					request.Header[name] = values
				}
			}
			a, err := w.http().Do(request)
			try("presigned put", err)
			if content, _ := io.ReadAll(a.Body); a.StatusCode != 200 {
				t.Errorf("presigned put: %d %s", a.StatusCode, content)
			}

			// By the provider's own name, and its own listener; and each bucket as a name.
			host := strings.Replace(w.URL, "127.0.0.1", "s3.localhost", 1)
			places := map[string]func(*s3.Options){"own listener": func(o *s3.Options) {
				o.BaseEndpoint = aws.String(strings.Replace(w.URL, strings.SplitAfter(w.URL, "//")[1], w.own, 1))
			}}
			if !secure { // the certificate has neither name
				places["own name"] = func(o *s3.Options) { o.BaseEndpoint = aws.String(host) }
				places["virtual host"] = func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = aws.String(host), false }
				places["virtual host below a path"] = func(o *s3.Options) {
					o.BaseEndpoint, o.UsePathStyle = aws.String(strings.Replace(w.URL, "127.0.0.1", "localhost", 1)+"/api/s3"), false
				}
			} else {
				delete(places, "own listener")
			}
			for name, place := range places {
				c := w.sdk(w.agent, place)
				o, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("é/ü/日本")})
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				o.Body.Close()
				if l, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("a")}); err != nil || len(l.Contents) != 5 {
					t.Errorf("%s: %v", name, err)
				}
			}

			var gone []types.ObjectIdentifier
			for _, key := range oddKeys {
				gone = append(gone, types.ObjectIdentifier{Key: aws.String(key)})
			}
			deleted, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: gone}})
			try("delete many", err)
			if len(deleted.Deleted) != len(oddKeys) || len(deleted.Errors) > 0 {
				t.Errorf("%d of %d deleted; %+v", len(deleted.Deleted), len(oddKeys), deleted.Errors)
			}
			w.clean(t)
		})
	}
}

// minio-go can name only host and port. Over http it signs its bodies in chunks,
// with and without trailers; over TLS it sends them as they are, or with trailers.
func TestS3MinioForGo(t *testing.T) {
	for _, secure := range []bool{false, true} {
		w := newS3(t, secure, "us-east-1")
		for _, trailing := range []bool{false, true} {
			t.Run(fmt.Sprintf("TLS %v, trailers %v", secure, trailing), func(t *testing.T) {
				endpoint := w.own
				if secure {
					endpoint = strings.Replace(endpoint, "127.0.0.1", "localhost", 1) // as the certificate has it
				}
				transport := w.http().Transport.(*http.Transport)
				transport.DisableCompression = true // as in its own, which doesn't know the certificate
				c, err := minio.New(endpoint, &minio.Options{
					Creds: credentials.NewStaticV4(w.agent.ID, w.agent.Secret, ""), TrailingHeaders: trailing, Secure: secure, Transport: transport,
				})
				if err != nil {
					t.Fatal(err)
				}
				m := &minioForGo{t, w, c, fmt.Sprint("bucket-", trailing)}
				if err := c.MakeBucket(t.Context(), m.bucket, minio.MakeBucketOptions{}); err != nil {
					t.Fatal(err)
				}
				m.bodies()
				m.objects()
				m.parts(map[bool]int{false: manyParts, true: 21 << 20}[secure || trailing])
				m.removed()
			})
		}
		w.clean(t)
	}
}

type minioForGo struct {
	*testing.T
	w      *s3World
	c      *minio.Client
	bucket string
}

func (m *minioForGo) try(what string, err error) {
	m.Helper()
	if err != nil {
		m.Errorf("%s: %v", what, err)
	}
}

// stored holds an object against a body, as the server has it, with its checksum.
func (m *minioForGo) stored(key string, body []byte) {
	m.Helper()
	o, err := m.w.straight().GetObject(m.Context(), &s3.GetObjectInput{Bucket: aws.String(m.bucket), Key: aws.String(key), ChecksumMode: types.ChecksumModeEnabled})
	if err == nil {
		err = same(o.Body, body)
	}
	m.try("as stored: "+key, err)
}

// bodies are of sizes around those of chunks.
func (m *minioForGo) bodies() {
	for _, size := range []int{0, 1, 8191, 65535, 65536, 65537, 1 << 20, 3<<20 + 17} {
		body, key := random(size), fmt.Sprint("key-", size)
		_, err := m.c.PutObject(m.Context(), m.bucket, key, bytes.NewReader(body), int64(size), minio.PutObjectOptions{})
		m.try("put "+key, err)
		m.stored(key, body)
	}
	names := 0
	for o := range m.c.ListObjects(m.Context(), m.bucket, minio.ListObjectsOptions{Recursive: true}) {
		m.try("list", o.Err)
		names++
	}
	if names != 8 {
		m.Errorf("%d objects are listed", names)
	}
}

// objects is what is done with one: its name is odd.
func (m *minioForGo) objects() {
	const key = "a b+c/é//100%"
	z, body := zipped(), random(1000)
	_, err := m.c.PutObject(m.Context(), m.bucket, "z.gz", bytes.NewReader(z), int64(len(z)), minio.PutObjectOptions{ContentEncoding: "gzip"})
	m.try("put what is coded", err)
	m.got("get what is coded", "z.gz", minio.GetObjectOptions{}, z)
	_, err = m.c.PutObject(m.Context(), m.bucket, key, bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{UserMetadata: map[string]string{"k": "two words"}})
	m.try("put", err)
	about, err := m.c.StatObject(m.Context(), m.bucket, key, minio.StatObjectOptions{})
	m.try("stat", err)
	if about.Size != int64(len(body)) || about.UserMetadata["K"] != "two words" {
		m.Errorf("stat: %+v", about)
	}
	m.got("get", key, minio.GetObjectOptions{}, body)
	var part minio.GetObjectOptions
	m.try("range", part.SetRange(10, 99))
	m.got("range", key, part, body[10:100])
	_, err = m.c.CopyObject(m.Context(), minio.CopyDestOptions{Bucket: m.bucket, Object: "copy"}, minio.CopySrcOptions{Bucket: m.bucket, Object: key})
	m.try("copy", err)
	m.stored("copy", body)

	put, err := m.c.PresignedPutObject(m.Context(), m.bucket, "presigned", time.Minute)
	m.try("presign", err)
	m.fetch("PUT", put.String(), body, nil)
	m.stored("presigned", body)
	get, err := m.c.PresignedGetObject(m.Context(), m.bucket, "presigned", time.Minute, nil)
	m.try("presign", err)
	m.fetch("GET", get.String(), nil, body)
}

func (m *minioForGo) got(what, key string, how minio.GetObjectOptions, want []byte) {
	m.Helper()
	o, err := m.c.GetObject(m.Context(), m.bucket, key, how)
	if err == nil {
		err = same(o, want)
	}
	m.try(what, err)
}

// fetch uses a presigned URL with nothing else.
func (m *minioForGo) fetch(method, url string, body, want []byte) {
	m.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		m.Error(err)
		return
	}
	a, err := m.w.http().Do(r)
	if err != nil {
		m.Error(err)
		return
	}
	defer a.Body.Close()
	if a.StatusCode != 200 {
		m.Errorf("%s of a presigned URL: %s", method, a.Status)
	} else if want != nil {
		m.try("presigned get", same(a.Body, want))
	}
}

// parts is an upload of many, and of a length that minio-go is not told.
func (m *minioForGo) parts(size int) {
	body := random(size)
	up, err := m.c.PutObject(m.Context(), m.bucket, "large", io.LimitReader(bytes.NewReader(body), 1<<30), -1, minio.PutObjectOptions{PartSize: 5 << 20})
	m.try("put in parts", err)
	if want := fmt.Sprintf("-%d", (size+5<<20-1)/(5<<20)); !strings.HasSuffix(up.ETag, want) {
		m.Errorf("it was no upload in parts of 5 MiB: its ETag is %s, and ends in no %s", up.ETag, want)
	}
	m.stored("large", body)
	m.got("get in parts", "large", minio.GetObjectOptions{}, body)
}

func (m *minioForGo) removed() {
	keys := make(chan minio.ObjectInfo)
	go func() {
		defer close(keys)
		for o := range m.c.ListObjects(m.Context(), m.bucket, minio.ListObjectsOptions{Recursive: true}) {
			keys <- o
		}
	}()
	for e := range m.c.RemoveObjects(m.Context(), m.bucket, keys, minio.RemoveObjectsOptions{}) {
		m.try("remove "+e.ObjectName, e.Err)
	}
	for o := range m.c.ListObjects(m.Context(), m.bucket, minio.ListObjectsOptions{Recursive: true}) {
		m.Errorf("%s is still there: %v", o.Key, o.Err)
	}
}
