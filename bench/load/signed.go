package load

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// Signed is an upload to S3 in signed chunks, as clients send it over http:
// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
type Signed struct {
	Address    string // host:port
	Path       string // of the object
	ID, Secret string // the access key
	Size       int64  // of the object
	Chunk      int64  // of each chunk of it but the last
	Content    []byte // what a chunk repeats

	digests map[int64]string // of chunks, by their length
}

// Digest makes the digests of its chunks: once, before a clock runs.
func (u *Signed) Digest() {
	u.digests = map[int64]string{}
	for n := range u.chunks() {
		if u.digests[n] == "" {
			u.digests[n] = u.digest(n)
		}
	}
}

// Upload sends it and reads the answer. Signatures are made on the way.
func (u Signed) Upload() error {
	many := bytes.Repeat(u.Content, block/len(u.Content)+1)
	length := u.Size
	for n := range u.chunks() {
		length += int64(len(fmt.Sprintf(chunkHead, n, u.digests[n])) + len("\r\n"))
	}
	s, err := dial(u.Address)
	if err != nil {
		return err
	}
	defer s.close()
	sign := u.signer(time.Now().UTC())
	if err := s.write(sign.head(u, length)); err != nil {
		return err
	}
	for n := range u.chunks() {
		if err := s.write(fmt.Appendf(nil, chunkHead, n, sign.chunk(u.digests[n]))); err != nil {
			return err
		}
		for left := n; left > 0; left -= int64(len(many)) {
			if err := s.write(many[:min(left, int64(len(many)))]); err != nil {
				return err
			}
		}
		if err := s.write([]byte("\r\n")); err != nil {
			return err
		}
	}
	_, err = s.answer()
	return err
}

// chunkHead has the chunk's length, and its signature, which is as long as a digest.
const chunkHead = "%x;chunk-signature=%s\r\n"

// chunks are the lengths of the upload's chunks; the last is 0.
func (u Signed) chunks() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for left := u.Size; left > 0; left -= u.Chunk {
			if !yield(min(left, u.Chunk)) {
				return
			}
		}
		yield(0)
	}
}

// digest is that of the first n bytes of the content repeated, as `many` has it.
func (u Signed) digest(n int64) string {
	h := sha256.New()
	for ; n > 0; n -= int64(len(u.Content)) {
		h.Write(u.Content[:min(n, int64(len(u.Content)))])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// signer makes the signatures of one request, each from the one before.
type signer struct {
	key         []byte
	time, scope string
	last        string
}

func (u Signed) signer(now time.Time) *signer {
	s := &signer{time: now.Format("20060102T150405Z"), scope: now.Format("20060102") + "/us-east-1/s3/aws4_request", key: []byte("AWS4" + u.Secret)}
	for step := range strings.SplitSeq(s.scope, "/") {
		s.key = s.mac(step)
	}
	return s
}

func (s *signer) mac(text string) []byte {
	m := hmac.New(sha256.New, s.key)
	_, _ = io.WriteString(m, text) // a hash takes all
	return m.Sum(nil)
}

func (s *signer) head(u Signed, length int64) []byte {
	const payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	const signed = "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length"
	headers := fmt.Sprintf("content-encoding:aws-chunked\nhost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\nx-amz-decoded-content-length:%d\n", u.Address, payload, s.time, u.Size)
	canonical := sha256.Sum256([]byte("PUT\n" + u.Path + "\n\n" + headers + "\n" + signed + "\n" + payload))
	s.last = hex.EncodeToString(s.mac("AWS4-HMAC-SHA256\n" + s.time + "\n" + s.scope + "\n" + hex.EncodeToString(canonical[:])))
	return fmt.Appendf(nil, "PUT %s HTTP/1.1\r\n%sContent-Length: %d\r\nAuthorization: AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s\r\n\r\n",
		u.Path, strings.ReplaceAll(headers, "\n", "\r\n"), length, u.ID, s.scope, signed, s.last)
}

func (s *signer) chunk(digest string) string {
	empty := sha256.Sum256(nil)
	s.last = hex.EncodeToString(s.mac("AWS4-HMAC-SHA256-PAYLOAD\n" + s.time + "\n" + s.scope + "\n" + s.last + "\n" + hex.EncodeToString(empty[:]) + "\n" + digest))
	return s.last
}
