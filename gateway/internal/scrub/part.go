package scrub

import (
	"errors"
	"io"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// Margin is how much more than what an agent asks for has to be asked of the API,
// on both sides of a range, so that no form of a secret is cut by the range's ends:
// an agent that asks byte by byte gets no byte of one.
const Margin = needle.MaxForm

// Part is what an agent gets of an answer to a widened range.
type Part struct {
	request.ContentRange       // of what leaves; nothing where Last is before First
	skip                 int64 // bytes in front of it
	from                 int64 // where in the whole the answer begins
}

// Length is the number of bytes that leave.
func (p Part) Length() int64 { return p.Last - p.First + 1 }

var (
	errPart     = errors.New("the answer has another part than was asked for")
	errContents = errors.New("the answer to a range is in a content coding, and a part of it can't be searched")
)

// PartOf works out what of an answer 206 with that Content-Range, to a range that
// was asked for with Margin on both sides, may leave: of what was asked, all that is
// searched together with what stands around it. length is of the body, -1 where it
// isn't known. The error is a *fault.Fault, upstream_protocol.
func PartOf(asked request.Range, contentRange string, length int64) (Part, error) {
	got, ok := request.ParseContentRange(contentRange)
	bad := func() (Part, error) { return Part{}, fault.New(fault.UpstreamProtocol).Because(errPart) }
	if !ok || length >= 0 && length != got.Last-got.First+1 {
		return bad()
	}
	p := Part{ContentRange: request.ContentRange{Total: got.Total}, from: got.First}
	atEnd := got.Last == got.Total-1
	p.First, p.Last = asked.First, asked.Last
	switch {
	case asked.First < 0 && !atEnd:
		return bad()
	case asked.First < 0:
		p.First, p.Last = max(0, got.Total-asked.Last), got.Last
	case asked.Last < 0:
		p.Last = got.Last
		if !atEnd && got.Total >= 0 {
			p.Last -= Margin // the API gives less than was asked for, and stops in the midst
		}
	case atEnd:
		p.Last = min(asked.Last, got.Last)
	default:
		p.Last = min(asked.Last, got.Last-Margin)
	}
	p.skip = p.First - got.First
	switch {
	case got.First > max(0, p.First-Margin):
		return bad()
	case p.Last < p.First && (!atEnd || p.First < got.Total):
		return bad() // not because the whole is that short
	}
	return p, nil
}

// Refuses says why a body can't be searched as a part: it is coded.
func (p Part) Refuses(coding string) error {
	if list, err := parseCodings(coding); err != nil || len(list) == 0 {
		return err
	}
	return fault.Newf(fault.UpstreamProtocol, "the API answered a range in a content coding, of which the broker can't search a part: ask for the whole, or with Accept-Encoding: identity").Because(errContents)
}

// Reader is r without what was asked for on both sides.
func (p Part) Reader(r io.Reader) io.Reader {
	return &partReader{r: r, skip: p.skip, left: p.Length()}
}

type partReader struct {
	r          io.Reader
	skip, left int64
}

// Read's error is io.ErrUnexpectedEOF where the body is shorter than its part.
func (p *partReader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for p.skip > 0 {
		n, err := p.r.Read(b[:min(int64(len(b)), p.skip)])
		p.skip -= int64(n)
		if err != nil {
			return 0, cut(err)
		}
	}
	if p.left <= 0 {
		return 0, io.EOF
	}
	n, err := p.r.Read(b[:min(int64(len(b)), p.left)])
	if p.left -= int64(n); p.left > 0 {
		err = cut(err)
	}
	return n, err
}
