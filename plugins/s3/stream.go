package main

import (
	"slices"
	"strconv"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// outChunk is how much data a chunk has as it goes upstream, but for the last: it
// is cut anew whatever the client's chunks are, so that its signature can stand
// before it and no more than one is ever in memory. S3 takes no less than 8 KiB.
const outChunk = 64 << 10

// checksums are the trailers that S3 takes, with the length of their values.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
var checksums = map[string]int{
	"x-amz-checksum-crc32": 8, "x-amz-checksum-crc32c": 8, "x-amz-checksum-crc64nvme": 12, "x-amz-checksum-sha1": 28, "x-amz-checksum-sha256": 44,
	"x-amz-checksum-md5": 24, "x-amz-checksum-sha512": 88, "x-amz-checksum-xxhash64": 12, "x-amz-checksum-xxhash3": 12, "x-amz-checksum-xxhash128": 24,
}

// stream sends the body through newChunked, which makes its chunks anew.
func (out *outbound) stream(p *seks.Plan, v *seks.View, in *inbound) *refusal {
	value, many := header(v, "x-amz-decoded-content-length")
	length, err := strconv.ParseUint(value, 10, 62)
	if many != 1 || err != nil {
		return noLength // of the data, in x-amz-decoded-content-length
	}
	names, refused := trailers(v)
	if refused != nil {
		return refused
	}
	s := chunked{
		signed: in.payload != unsignedTrailer, trailing: in.payload != signedChunks, left: int64(length), trailers: names,
		in:       sigv4.Chain{Time: in.request.Time, Scope: in.auth.Scope},
		out:      sigv4.Chain{Time: out.request.Time, Scope: out.scope},
		previous: in.auth.Signature,
	}
	if !s.trailing && len(names) > 0 {
		return otherTrailer // x-amz-content-sha256 says that there is none
	}
	p.TransformBody().Sized(s.size()).With(s.context())
	return nil
}

// trailers are the names that x-amz-trailer announces.
func trailers(v *seks.View) (names []string, refused *refusal) {
	for _, h := range v.Headers {
		if !strings.EqualFold(h.Name, "x-amz-trailer") {
			continue
		}
		for name := range strings.SplitSeq(strings.ToLower(h.Value), ",") {
			name = strings.TrimSpace(name)
			if checksums[name] == 0 || slices.Contains(names, name) {
				return nil, no("bad_request", "x-amz-trailer names a trailer twice, or one that is none of S3's checksums")
			}
			names = append(names, name)
		}
	}
	return names, nil
}

// size is the length of the whole body as it goes upstream.
func (s *chunked) size() uint64 {
	full, rest := s.left/outChunk, s.left%outChunk
	size := full*s.chunkSize(outChunk) + s.chunkSize(0) - 2
	if rest > 0 {
		size += s.chunkSize(rest)
	}
	for _, name := range s.trailers {
		size += int64(len(name) + 1 + checksums[name] + 2)
	}
	if s.signed && s.trailing {
		size += int64(len(trailerSignature)) + 64 + 2
	}
	return uint64(size + 2)
}

// chunkSize is that of a chunk with so much data, its head and line breaks too.
func (s *chunked) chunkSize(data int64) int64 {
	size := int64(len(strconv.FormatInt(data, 16))) + 2 + data + 2
	if s.signed {
		size += int64(len(chunkSignature)) + 64
	}
	return size
}

// context is what the body's calls know of the plan, as lines.
func (s *chunked) context() []byte {
	return []byte(strings.Join([]string{
		strconv.FormatBool(s.signed), strconv.FormatBool(s.trailing), strconv.FormatInt(s.left, 10), strings.Join(s.trailers, ","), s.previous,
		s.in.Time, s.in.Scope.Date, s.in.Scope.Region, s.in.Scope.Service, s.out.Time, s.out.Scope.Date, s.out.Scope.Region, s.out.Scope.Service,
	}, "\n"))
}

// newChunked begins a body in chunks.
func newChunked(context []byte) seks.Body {
	f := strings.Split(string(context), "\n")
	if len(f) != 13 { // not as context has written it: no plan of ours
		return func([]byte, bool) *seks.BodyResult {
			return new(seks.BodyResult).CheckElse("bad_request", seks.Lit(""), seks.Lit("a context"))
		}
	}
	left, _ := strconv.ParseInt(f[2], 10, 64)
	s := &chunked{
		signed: f[0] == "true", trailing: f[1] == "true", left: left, previous: f[4],
		in:  sigv4.Chain{Key: seks.Load(keyIn), Time: f[5], Scope: sigv4.Scope{Date: f[6], Region: f[7], Service: f[8]}},
		out: sigv4.Chain{Time: f[9], Scope: sigv4.Scope{Date: f[10], Region: f[11], Service: f[12]}},
	}
	s.out.Key = sigv4.Key(seks.Field("secret_access_key"), s.out.Scope)
	if f[3] != "" {
		s.trailers = strings.Split(f[3], ",")
	}
	return s.take
}
