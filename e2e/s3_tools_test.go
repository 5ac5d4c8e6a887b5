package e2e

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What each tool is asked to do; the names stand in the README's table.
const (
	toolPut        = "put"
	toolHash       = "digest"
	toolUnsigned   = "unsigned payload"
	toolGet        = "get"
	toolHead       = "head"
	toolList       = "list"
	toolMultipart  = "multipart"
	toolStream     = "stream"
	toolCopy       = "copy"
	toolRange      = "range"
	toolPresign    = "presigned"
	toolGzip       = "gzip"
	toolDelete     = "delete many"
	toolVersionTwo = "version 2 refused"
)

// tool is a client from Debian with a bucket of its own: files in dir are what it
// is given, and what it brings.
type tool struct {
	*testing.T
	w      *s3World
	secure bool
	dir    string
	bucket string
	env    []string
	passed map[string]bool
}

// The tools that people type S3 with, over http and over TLS, where they send
// their bodies in other ways: what each was asked, and passed, is a table in the
// README. What is stored is looked at straight at the server, with its checksums.
func TestS3Tools(t *testing.T) {
	tools := map[string]func(*tool){"awscli": (*tool).awscli, "s3cmd": (*tool).s3cmd, "rclone": (*tool).rclone, "curl": (*tool).curl}
	var mu sync.Mutex
	rows := newTally(t)
	t.Run("all", func(t *testing.T) {
		for _, secure := range []bool{false, true} {
			w := newS3(t, secure, "us-east-1")
			for name, run := range tools {
				t.Run(name+map[bool]string{false: " over http", true: " over TLS"}[secure], func(t *testing.T) {
					t.Parallel()
					c := newTool(t, w, name, secure)
					row := name + " (Debian) " + c.version(name)
					run(c)
					mu.Lock()
					defer mu.Unlock()
					for step := range c.passed {
						rows.pass(row, step)
					}
				})
			}
			t.Cleanup(func() { w.clean(t) })
		}
	})
	// A part of the tools makes no table.
	if run := flag.Lookup("test.run"); !t.Failed() && !strings.Contains(run.Value.String(), "/") {
		rows.compareIn(t, s3TableStart, s3TableEnd)
	}
}

func newTool(t *testing.T, w *s3World, name string, secure bool) *tool {
	c := &tool{T: t, w: w, secure: secure, dir: t.TempDir(), bucket: "bucket-" + name, passed: map[string]bool{}}
	for _, line := range os.Environ() {
		if !strings.HasPrefix(line, "AWS_") {
			c.env = append(c.env, line)
		}
	}
	c.env = append(c.env, "HOME="+c.dir, "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID="+w.agent.ID, "AWS_SECRET_ACCESS_KEY="+w.agent.Secret, "AWS_DEFAULT_REGION=us-east-1")
	if secure {
		c.env = append(c.env, "AWS_CA_BUNDLE="+w.cert)
	}
	return c
}

func (c *tool) version(name string) string {
	flag := map[string]string{"rclone": "version"}[name]
	out, err := exec.Command(debian(name), orElse(flag, "--version")).CombinedOutput()
	version := regexp.MustCompile(`\d+\.\d+\.\d+`).Find(out)
	if err != nil || version == nil {
		c.Fatalf("%s: %v %s; .ci/run installs it", name, err, out)
	}
	return string(version)
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// debian is where Debian puts a tool: there may be another of its name.
func debian(name string) string {
	return "/usr/bin/" + map[string]string{"awscli": "aws", "s3cmd": "s3cmd", "rclone": "rclone", "curl": "curl"}[name]
}

// write makes a file of so many random bytes.
func (c *tool) write(name string, size int) (path string, body []byte) {
	body = random(size)
	return c.file(name, body), body
}

func (c *tool) file(name string, body []byte) string {
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		c.Fatal(err)
	}
	return path
}

// try runs a command, with in on its standard input, and says whether it ended
// well: out is what it printed, and where it did not, its errors too.
func (c *tool) try(in []byte, name string, args ...string) (out string, ok bool) {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), debian(name), args...)
	cmd.Dir, cmd.Env, cmd.Stdin = c.dir, c.env, bytes.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	b, err := cmd.Output()
	if err != nil {
		return string(b) + errs.String(), false
	}
	return string(b), true
}

func (c *tool) run(name string, args ...string) string {
	c.Helper()
	out, ok := c.try(nil, name, args...)
	if !ok {
		c.Errorf("%s %s:\n%s", name, strings.Join(args, " "), out)
	}
	return out
}

// step notes that a step has passed, unless something has failed by then.
func (c *tool) step(name string) {
	if !c.Failed() {
		c.passed[name] = true
	}
}

// stored holds what the server has under a key against a body.
func (c *tool) stored(key string, body []byte) *s3.GetObjectOutput {
	c.Helper()
	o, err := c.w.straight().GetObject(c.Context(), &s3.GetObjectInput{Bucket: aws.String(c.bucket), Key: aws.String(key), ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		c.Errorf("%s: %v", key, err)
		return &s3.GetObjectOutput{}
	}
	if err := same(o.Body, body); err != nil {
		c.Errorf("%s: %v", key, err)
	}
	return o
}

// brought holds a file against a body.
func (c *tool) brought(name string, body []byte) {
	c.Helper()
	got, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil || !bytes.Equal(got, body) {
		c.Errorf("%s: %d bytes, other ones than the %d that were put: %v", name, len(got), len(body), err)
	}
}

func (c *tool) has(what, text string, parts ...string) {
	c.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			c.Errorf("%s lacks %q:\n%s", what, part, text)
		}
	}
}

// empty says whether nothing is left in the bucket.
func (c *tool) empty() {
	c.Helper()
	l, err := c.w.straight().ListObjectsV2(c.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(c.bucket)})
	if err != nil {
		c.Error(err)
	} else if len(l.Contents) > 0 {
		c.Errorf("%d objects are left", len(l.Contents))
	}
}

// zipped is a body that is stored with a Content-Encoding, and must stay as it is.
func zipped() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(bytes.Repeat([]byte("text "), 5000))
	_ = z.Close()
	return b.Bytes()
}

// presigned gets a URL with nothing but that.
func (c *tool) presigned(url string, body []byte) {
	c.Helper()
	url = strings.TrimSpace(url)
	if !strings.HasPrefix(url, "http") {
		c.Errorf("no URL: %s", url)
		return
	}
	a, err := c.w.http().Get(url)
	if err != nil {
		c.Error(err)
		return
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		c.Errorf("%s: %s", url, a.Status)
		return
	}
	if err := same(a.Body, body); err != nil {
		c.Errorf("%s: %v", url, err)
	}
}

// much is how long a long file is: over http what an upload in many parts is for,
// over TLS enough for a few.
func (c *tool) much(few int) int {
	if c.secure {
		return few
	}
	return manyParts
}

// inParts wants an object to have been put in parts of a size: its ETag has their
// number.
func (c *tool) inParts(o *s3.GetObjectOutput, size, part int) {
	c.Helper()
	if want := fmt.Sprintf("-%d\"", (size+part-1)/part); !strings.HasSuffix(aws.ToString(o.ETag), want) {
		c.Errorf("it was no upload in parts of %d bytes: its ETag is %s, and ends in no %s", part, aws.ToString(o.ETag), want)
	}
}

func (c *tool) awscli() {
	do := func(args ...string) string {
		c.Helper()
		return c.run("awscli", append([]string{"--endpoint-url", c.w.base(), "--no-cli-pager"}, args...)...)
	}
	at := "s3://" + c.bucket
	_, small := c.write("small", 100_000)
	_, large := c.write("large", c.much(20<<20))
	do("s3", "mb", at)
	do("s3", "cp", "small", at+"/a b+c/é", "--no-progress")
	c.stored("a b+c/é", small)
	c.step(toolPut)
	do("s3", "cp", "large", at+"/large", "--no-progress") // in parts of 8 MiB
	c.inParts(c.stored("large", large), len(large), 8<<20)
	c.step(toolMultipart)
	do("s3", "cp", at+"/large", "back", "--no-progress")
	c.brought("back", large)
	c.step(toolGet)
	if c.secure {
		return
	}
	c.has("head", do("s3api", "head-object", "--bucket", c.bucket, "--key", "large"), fmt.Sprint(len(large)))
	c.step(toolHead)
	c.has("ls", do("s3", "ls", "--recursive", at), "a b+c/é", "large")
	c.step(toolList)
	do("s3api", "get-object", "--bucket", c.bucket, "--key", "large", "--range", "bytes=5000000-6000000", "part")
	c.brought("part", large[5000000:6000001])
	c.step(toolRange)
	do("s3", "cp", at+"/a b+c/é", at+"/copy", "--no-progress")
	c.stored("copy", small)
	c.step(toolCopy)
	c.presigned(do("s3", "presign", at+"/a b+c/é"), small)
	c.step(toolPresign)
	z := zipped()
	c.file("z.gz", z)
	do("s3", "cp", "z.gz", at+"/z.gz", "--content-encoding", "gzip", "--no-progress")
	do("s3", "cp", at+"/z.gz", "z.back", "--no-progress")
	c.stored("z.gz", z)
	c.brought("z.back", z)
	c.step(toolGzip)
	c.has("delete-objects", do("s3api", "delete-objects", "--bucket", c.bucket, "--delete", `Objects=[{Key=a b+c/é},{Key=large},{Key=copy},{Key=z.gz}]`), `"Deleted"`)
	c.empty()
	c.step(toolDelete)
}

func (c *tool) s3cmd() {
	// With a path behind it, s3cmd signs a Host that it does not send: it needs S3 at
	// the root.
	host := strings.Replace(c.w.own, "127.0.0.1", "localhost", 1)
	use := map[bool]string{false: "False", true: "True"}[c.secure]
	c.file("s3cfg", []byte("[default]\naccess_key = "+c.w.agent.ID+"\nsecret_key = "+c.w.agent.Secret+"\nhost_base = "+host+"\nhost_bucket = "+host+"\nuse_https = "+use+"\nca_certs_file = "+c.w.cert+"\nmultipart_chunk_size_mb = 5\n"))
	do := func(args ...string) string {
		c.Helper()
		return c.run("s3cmd", append([]string{"-c", "s3cfg", "--no-progress"}, args...)...)
	}
	at := "s3://" + c.bucket
	_, small := c.write("small", 100_000)
	_, large := c.write("large", c.much(12<<20))
	do("mb", at)
	do("put", "small", at+"/a b+c/é")
	c.stored("a b+c/é", small)
	c.step(toolPut)
	do("put", "large", at+"/large")
	c.inParts(c.stored("large", large), len(large), 5<<20)
	c.step(toolMultipart)
	do("get", at+"/large", "back")
	c.brought("back", large)
	c.step(toolGet)
	c.has("info", do("info", at+"/large"), fmt.Sprint(len(large)))
	c.step(toolHead)
	c.has("ls", do("ls", "--recursive", at), "a b+c/é", "large")
	c.step(toolList)
	c.file("half", large[:len(large)/2])
	do("get", "--continue", at+"/large", "half")
	c.brought("half", large)
	c.step(toolRange)
	do("cp", at+"/a b+c/é", at+"/copy")
	c.stored("copy", small)
	c.step(toolCopy)
	z := zipped()
	c.file("z.gz", z)
	do("put", "z.gz", at+"/z.gz", "--add-header=Content-Encoding: gzip")
	do("get", at+"/z.gz", "z.back")
	c.stored("z.gz", z)
	c.brought("z.back", z)
	c.step(toolGzip)
	do("del", "--recursive", "--force", at)
	c.empty()
	c.step(toolDelete)
	out, ok := c.try(nil, "s3cmd", "-c", "s3cfg", "--signature-v2", "ls", at)
	if ok {
		c.Errorf("a signature of version 2 is taken: %s", out)
	}
	c.has("what it is told", out, "Signature Version 2", "signature_v2 = False")
	c.step(toolVersionTwo)
}

func (c *tool) rclone() {
	c.env = append(c.env, "RCLONE_CONFIG="+filepath.Join(c.dir, "none"), "RCLONE_CONFIG_B_TYPE=s3", "RCLONE_CONFIG_B_PROVIDER=Other", "RCLONE_CONFIG_B_ENDPOINT="+c.w.base(),
		"RCLONE_CONFIG_B_REGION=us-east-1", "RCLONE_CONFIG_B_ACCESS_KEY_ID="+c.w.agent.ID, "RCLONE_CONFIG_B_SECRET_ACCESS_KEY="+c.w.agent.Secret,
		"RCLONE_S3_UPLOAD_CUTOFF=5M", "RCLONE_S3_CHUNK_SIZE=5M", "RCLONE_CA_CERT="+c.w.cert, "AWS_CA_BUNDLE=", "RCLONE_RETRIES=1", "RCLONE_LOW_LEVEL_RETRIES=1")
	do := func(args ...string) string {
		c.Helper()
		return c.run("rclone", args...)
	}
	at := "b:" + c.bucket
	_, small := c.write("small", 100_000)
	_, large := c.write("large", c.much(12<<20))
	do("mkdir", at)
	do("copyto", "small", at+"/a b+c/é")
	c.stored("a b+c/é", small)
	c.step(toolPut)
	do("copyto", "large", at+"/large")
	c.inParts(c.stored("large", large), len(large), 5<<20)
	c.step(toolMultipart)
	do("copyto", at+"/large", "back")
	c.brought("back", large)
	c.step(toolGet)
	c.has("size", do("size", at+"/large"), fmt.Sprint(len(large)))
	c.step(toolHead)
	c.has("ls", do("ls", at), "a b+c/é", "large")
	c.step(toolList)
	if part := do("cat", "--offset", "5000000", "--count", "1000", at+"/large"); part != string(large[5000000:5001000]) {
		c.Errorf("a range: %d bytes", len(part))
	}
	c.step(toolRange)
	do("copyto", at+"/a b+c/é", at+"/copy")
	c.stored("copy", small)
	c.step(toolCopy)
	if out, ok := c.try(large, "rclone", "rcat", at+"/stream"); !ok {
		c.Errorf("rcat: %s", out)
	}
	c.stored("stream", large)
	c.step(toolStream)
	c.presigned(do("link", at+"/a b+c/é"), small)
	c.step(toolPresign)
	z := zipped()
	c.file("z.gz", z)
	do("copyto", "z.gz", at+"/z.gz", "--header-upload", "Content-Encoding: gzip")
	c.stored("z.gz", z)
	do("copyto", at+"/z.gz", "z.back")
	c.brought("z.back", z)
	c.step(toolGzip)
	do("delete", at)
	c.empty()
	c.step(toolDelete)
}

func (c *tool) curl() {
	do := func(key string, args ...string) string {
		c.Helper()
		all := []string{"-sS", "--fail-with-body", "--aws-sigv4", "aws:amz:us-east-1:s3", "-u", c.w.agent.ID + ":" + c.w.agent.Secret}
		if c.secure {
			all = append(all, "--cacert", c.w.cert)
		}
		return c.run("curl", append(append(all, args...), c.w.base()+"/"+c.bucket+key)...)
	}
	_, small := c.write("small", 100_000)
	_, large := c.write("large", c.much(3<<20))
	do("", "-X", "PUT")
	do("/a%20b%2Bc", "-X", "PUT", "--data-binary", "@small") // with no word of its digest: read first
	c.stored("a b+c", small)
	c.step(toolPut)
	do("/large", "-T", "large", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD")
	c.stored("large", large)
	c.step(toolUnsigned)
	do("/digest", "-T", "large", "-H", "x-amz-content-sha256: "+sum(string(large)))
	c.stored("digest", large)
	c.step(toolHash)
	do("/large", "-o", "back")
	c.brought("back", large)
	c.step(toolGet)
	c.has("head", do("/large", "-I"), fmt.Sprint("Content-Length: ", len(large)))
	c.step(toolHead)
	c.has("list", do(""), "<Key>a b+c</Key>", "<Key>large</Key>")
	c.step(toolList)
	do("/large", "-r", "1000000-1000999", "-o", "part")
	c.brought("part", large[1000000:1001000])
	c.step(toolRange)
	do("/copy", "-X", "PUT", "-H", "x-amz-copy-source: "+c.bucket+"/a%20b%2Bc")
	c.stored("copy", small)
	c.step(toolCopy)
	c.multipart(do, large)
	z := zipped()
	c.file("z.gz", z)
	do("/z.gz", "-T", "z.gz", "-H", "Content-Encoding: gzip", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD")
	c.stored("z.gz", z)
	do("/z.gz", "-o", "z.back")
	c.brought("z.back", z)
	c.step(toolGzip)
}

// multipart is an upload in one part, by hand.
func (c *tool) multipart(do func(string, ...string) string, large []byte) {
	id := regexp.MustCompile("<UploadId>(.*)</UploadId>").FindStringSubmatch(do("/parts?uploads=", "-X", "POST"))
	if id == nil {
		c.Error("the upload in parts has no id")
		return
	}
	etag := regexp.MustCompile(`(?i)etag: "(.*)"`).FindStringSubmatch(do("/parts?partNumber=1&uploadId="+id[1], "-T", "large", "-D", "-", "-o", "none", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"))
	if etag == nil {
		c.Error("the part has no ETag")
		return
	}
	done := do("/parts?uploadId="+id[1], "-X", "POST", "-H", "Content-Type: application/xml", "--data-binary",
		"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+etag[1]+"</ETag></Part></CompleteMultipartUpload>")
	c.has("the whole's place", done, "<Location>"+c.w.base()+"/"+c.bucket+"/parts</Location>")
	c.stored("parts", large)
	c.step(toolMultipart)
}
