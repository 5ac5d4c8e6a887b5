package scrub

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// maxCodings is how many codings may lie over one another. One is what servers
// send; two happens where a proxy compresses again.
const maxCodings = 2

// A body is cut when it has grown to more than freeSize bytes and to more than
// maxRatio times what was sent. Deflate makes at most 1032 bytes of one, and
// comes near only on bytes that are all the same; text that repeats itself
// reaches some hundred. Memory is constant whatever the ratio: the limit is on
// the work that an upstream can have for nothing, above all by two codings.
const (
	freeSize = 64 << 20
	maxRatio = 1000
)

type coding uint8

const (
	gzipCoding coding = iota
	deflateCoding
	brotliCoding
	zstdCoding
)

// parseCodings reads a Content-Encoding: what to undo, in the order in which
// it is undone.
func parseCodings(value string) ([]coding, error) {
	var list []coding
	for _, name := range strings.Split(value, ",") {
		switch strings.ToLower(strings.Trim(name, " \t")) {
		case "", "identity":
		case "gzip", "x-gzip":
			list = append([]coding{gzipCoding}, list...)
		case "deflate":
			list = append([]coding{deflateCoding}, list...)
		case "br":
			list = append([]coding{brotliCoding}, list...)
		case "zstd":
			list = append([]coding{zstdCoding}, list...)
		default: // the name is the upstream's word, and is not repeated
			return nil, fault.Newf(fault.UpstreamProtocol, "the API answered in a content coding that the broker can't search "+
				"(it asks for gzip, deflate, br, zstd or identity), and so the answer is refused")
		}
	}
	if len(list) > maxCodings {
		return nil, fault.Newf(fault.UpstreamProtocol, "the API answered in more than %d content codings over one another", maxCodings)
	}
	return list, nil
}

// Decodes says whether a body with that Content-Encoding leaves decoded, so
// that Content-Encoding and Content-Length are to be dropped. It is false
// where there is nothing to decode, and where NewReader refuses. An answer
// that has no body (to HEAD, 304) keeps both: they are of the body it stands for.
func Decodes(contentEncoding string) bool {
	list, err := parseCodings(contentEncoding)
	return err == nil && len(list) > 0
}

// errRatio is the cause when a body grows out of all proportion.
var errRatio = errors.New("the body grew to more than a thousand times what was sent")

// decoder undoes the codings of a body. A body without a byte is one without a
// byte in any coding.
type decoder struct {
	from   *source
	layers []layer
	out    int64
}

// layer is one coding being undone. Read gives what was decoded as soon as the
// coding lets it: at each flush of the sender, at the latest.
type layer interface {
	io.Reader
	release()
}

func newDecoder(body io.Reader, codings []coding) *decoder {
	d := &decoder{from: &source{r: body}}
	var r io.Reader = d.from
	for _, c := range codings {
		var l layer
		switch c {
		case gzipCoding:
			l = newGunzip(r)
		case deflateCoding:
			l = newInflate(r)
		case brotliCoding:
			l = newUnbrotli(r)
		case zstdCoding:
			l = newUnzstd(r)
		}
		d.layers = append(d.layers, l)
		r = l
	}
	return d
}

// Read's error is a *fault.Fault where the coding is broken, and the
// upstream's own where reading from it failed.
func (d *decoder) Read(p []byte) (int, error) {
	n, err := d.layers[len(d.layers)-1].Read(p)
	d.out += int64(n)
	switch {
	case d.out > freeSize && d.out/maxRatio > d.from.n:
		return 0, fault.New(fault.UpstreamProtocol).Because(errRatio)
	case err == nil || err == io.EOF:
		return n, err
	case d.from.err != nil:
		return n, d.from.err
	}
	return n, fault.New(fault.UpstreamProtocol).Because(err)
}

func (d *decoder) release() {
	for _, l := range d.layers {
		l.release()
	}
	d.layers = nil
}

// source counts what the upstream sent, and keeps its error apart from those
// of the decoders above it.
type source struct {
	r   io.Reader
	n   int64
	err error // not nil, not io.EOF
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// more says whether r has another byte; err is nil or the upstream's.
func more(r *bufio.Reader) (bool, error) {
	_, err := r.Peek(1)
	if err == io.EOF {
		return false, nil
	}
	return err == nil, err
}

// cut is err, but for an io.EOF, which is no good end in the middle of a coding.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
