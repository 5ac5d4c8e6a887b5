package sigv4

import seks "github.com/seksbot/seks-broker/plugin-sdk"

// Bodies that are signed chunk by chunk. Sources: "Transferring Payload in Multiple
// Chunks" and "… with trailing headers", Amazon S3 API Reference
// (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
// sigv4-streaming-trailers.html).

const (
	chunkAlgorithm   = Algorithm + "-PAYLOAD"
	trailerAlgorithm = Algorithm + "-TRAILER"
	emptyDigest      = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// Chain is what the signatures of one body have in common.
type Chain struct {
	Key   seks.Expr // as Key makes it, or loaded from where it was stored
	Time  string    // x-amz-date
	Scope Scope
}

// Chunk is the signature of a chunk, in hex. previous is that of the chunk before,
// or the request's; digest is the SHA-256 of the chunk's data, raw.
func (c Chain) Chunk(previous, digest seks.Expr) seks.Expr {
	return sign(c.Key, seks.Concat(seks.Lit(chunkAlgorithm+"\n"+c.Time+"\n"+c.Scope.String()+"\n"), previous, seks.Lit("\n"+emptyDigest+"\n"), digest.Hex())).Hex()
}

// Trailer is the signature of the trailing headers, in hex: each is
// "name:value\n", the name in lower case.
func (c Chain) Trailer(previous seks.Expr, headers string) seks.Expr {
	return sign(c.Key, seks.Concat(seks.Lit(trailerAlgorithm+"\n"+c.Time+"\n"+c.Scope.String()+"\n"), previous, seks.Lit("\n"), seks.Hash(seks.SHA256, seks.Lit(headers)).Hex())).Hex()
}

// Shapes are the signatures that a manifest declares for a field which signs
// requests, and bodies in chunks with trailers.
func Shapes(field string) [][]byte {
	return [][]byte{shape(field, Algorithm), shape(field, chunkAlgorithm), shape(field, trailerAlgorithm)}
}
