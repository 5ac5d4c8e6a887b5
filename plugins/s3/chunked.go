package main

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

const (
	chunkSignature   = ";chunk-signature="
	trailerSignature = "x-amz-trailer-signature:"

	maxLine  = 1024
	minChunk = 8 << 10 // of data, for a chunk that is not the last: S3's own rule
)

// Running digests of a body whose chunks are signed.
const (
	digestIn = iota
	digestOut
)

// state is what comes next of the client's body.
type state int

const (
	inHead    state = iota // the line before a chunk's data
	inData                 // chunk bytes of data
	inBreak                // the line break behind it
	inTrailer              // a trailer, or the empty line that ends all
	ended
)

// chunked is a body in aws-chunked coding on its way through: its chunks are
// checked as they come, and made anew.
type chunked struct {
	signed, trailing bool
	in, out          sigv4.Chain
	trailers         []string // that are to come; none once they have

	state    state
	line     []byte // of a line that has not ended
	left     int64  // data that is still to come
	chunk    int64  // … of the chunk that is on its way
	short    bool   // the last chunk was so short that it must be the last
	over     bool   // the chunk that is on its way has more data than is to come
	claimed  string // signature of the chunk that is on its way
	previous string // signature of the chunk before, which has held, or is checked with this piece
	trailer  string // the trailers, as their signature covers them
	proven   bool   // their signature has come

	result  *seks.BodyResult
	pending int64  // data of the chunk to be sent: first held, then parts
	held    []byte // of the pieces before
	spare   []byte // held's memory, in turn
	parts   []part // of this piece
	broken  bool
}

// part is a stretch of the piece.
type part struct{ at, size int }

// take is a seks.Body. Checks hold before anything is sent, so what a piece ends
// has been checked when it leaves.
func (s *chunked) take(piece []byte, last bool) *seks.BodyResult {
	s.result = new(seks.BodyResult)
	data := part{} // of the chunk that this piece does not end
	for at := 0; at < len(piece) && !s.broken; {
		switch s.state {
		case inData:
			data = part{at, int(min(s.chunk, int64(len(piece)-at)))}
			s.send(piece, data)
			at += data.size
			if s.chunk -= int64(data.size); s.chunk == 0 {
				s.check(data)
				s.state, data = inBreak, part{}
			}
		case ended:
			s.refuse(incomplete)
		default:
			at += s.read(piece[at:])
		}
	}
	if s.signed && data.size > 0 {
		s.result.Value(seks.Slice(data.at, data.size).Absorb(digestIn, seks.SHA256))
	}
	if last && s.state != ended && !s.broken {
		s.refuse(incomplete)
	}
	if last && !s.broken {
		s.finish()
	} else {
		s.keep(piece)
	}
	return s.result
}

// refuse ends the body here, for what it is no such body: nothing is stored.
func (s *chunked) refuse(why *refusal) {
	s.broken = true
	s.result.CheckAs(why.code, why.word, why.message, seks.Lit("a body in chunks"), seks.Lit("something else"))
}

// hold checks a signature.
func (s *chunked) hold(a seks.Expr, signature string) {
	s.result.CheckAs(otherSignature.code, otherSignature.word, otherSignature.message, a, seks.Lit(signature))
}

// read reads up to the end of a line, and acts on it.
func (s *chunked) read(b []byte) int {
	end := bytes.IndexByte(b, '\n')
	n := end + 1
	if end < 0 {
		n = len(b)
	}
	if len(s.line)+n > maxLine {
		s.refuse(incomplete)
		return n
	}
	s.line = append(s.line, b[:n]...)
	if end < 0 {
		return n
	}
	text, whole := strings.CutSuffix(string(s.line), "\r\n")
	s.line = s.line[:0]
	switch {
	case s.state == inTrailer:
		s.readTrailer(strings.TrimRight(text, "\n"))
	case s.over && text != "":
		s.refuse(otherLength)
	case !whole, s.over, s.state == inBreak && text != "":
		s.refuse(incomplete)
	case s.state == inBreak:
		s.state = inHead
	default:
		s.readHead(text)
	}
	return n
}

func (s *chunked) readHead(text string) {
	size, signature, signed := strings.Cut(text, chunkSignature)
	n, err := strconv.ParseUint(size, 16, 62)
	switch {
	case err != nil, signed != s.signed, signed && !isDigest(signature):
		s.refuse(incomplete)
		return
	case n > 0 && s.short:
		s.refuse(smallChunk)
		return
	case s.signed && int64(n) > s.left, n == 0 && s.left > 0:
		s.refuse(otherLength)
		return
	}
	s.over = int64(n) > s.left // S3 looks at what follows, to tell which length is wrong
	s.claimed, s.chunk, s.short = signature, min(int64(n), s.left), n < minChunk
	s.left -= s.chunk
	s.state = inData
	if n == 0 {
		s.check(part{})
		s.state = inTrailer
	}
}

// check holds the signature of a chunk, whose rest is this part of the piece.
func (s *chunked) check(rest part) {
	if !s.signed {
		return
	}
	before := seks.Lit(s.previous)
	if rest.size > 0 {
		before = seks.Concat(seks.Slice(rest.at, rest.size).Absorb(digestIn, seks.SHA256), before)
	}
	s.hold(s.in.Chunk(before, seks.Total(digestIn, seks.SHA256)), s.claimed)
	s.previous = s.claimed
}

// readTrailer takes the trailers that were announced, each once, and then their
// signature. Some clients write an empty line before that.
func (s *chunked) readTrailer(text string) {
	signature, signs := strings.CutPrefix(text, trailerSignature)
	switch {
	case text == "" && len(s.trailers) == 0 && (s.proven || !s.signed || !s.trailing):
		s.state = ended
	case text == "" && len(s.trailers) == 0 && s.trailer != "":
	case signs && s.signed && s.trailing && !s.proven && len(s.trailers) == 0 && isDigest(signature):
		s.proven = true
		s.hold(s.in.Trailer(seks.Lit(s.previous), s.trailer), signature)
	default:
		s.announced(text)
	}
}

func (s *chunked) announced(text string) {
	name, value, _ := strings.Cut(text, ":")
	name, value = strings.ToLower(name), strings.TrimSpace(value)
	i := slices.Index(s.trailers, name)
	switch {
	case !printable(text), i < 0 && s.trailer != "":
		s.refuse(incomplete)
	case i < 0:
		s.refuse(otherTrailer)
	case len(value) != checksums[name]:
		s.refuse(otherChecksum(name))
	default:
		s.trailers = slices.Delete(s.trailers, i, i+1)
		s.trailer += name + ":" + value + "\n"
	}
}

// send adds data to the chunk that goes upstream, and sends it where it is full.
func (s *chunked) send(piece []byte, data part) {
	for data.size > 0 {
		n := min(data.size, outChunk-int(s.pending))
		if s.signed {
			s.result.Value(seks.Slice(data.at, n).Absorb(digestOut, seks.SHA256))
		}
		if n < 256 { // many small parts are one held
			s.keep(piece)
			s.held = append(s.held, piece[data.at:data.at+n]...)
		} else {
			s.parts = append(s.parts, part{data.at, n})
		}
		s.pending += int64(n)
		data.at, data.size = data.at+n, data.size-n
		if s.pending == outChunk {
			s.cut()
		}
	}
}

// keep holds back what is not sent with this piece.
func (s *chunked) keep(piece []byte) {
	for _, p := range s.parts {
		s.held = append(s.held, piece[p.at:p.at+p.size]...)
	}
	s.parts = s.parts[:0]
}

// cut sends the pending data as a chunk.
func (s *chunked) cut() {
	s.head(s.pending)
	if len(s.held) > 0 {
		s.result.Text(s.held)
	}
	for _, p := range s.parts {
		s.result.Slice(p.at, p.size)
	}
	s.result.Text([]byte("\r\n"))
	// The result has held until it is encoded; the two take turns, since no piece
	// fills more than one chunk.
	s.held, s.spare = s.spare[:0], s.held
	s.pending, s.parts = 0, s.parts[:0]
}

// head is the line before a chunk's data.
func (s *chunked) head(size int64) {
	text := strconv.FormatInt(size, 16)
	if s.signed {
		s.result.Text([]byte(text + chunkSignature)).Value(s.out.Chunk(seks.Load(lastOut), seks.Total(digestOut, seks.SHA256)).Store(lastOut))
		text = ""
	}
	s.result.Text([]byte(text + "\r\n"))
}

// finish sends the rest, and the end: all of the client's has been checked, or is
// with this piece.
func (s *chunked) finish() {
	if s.pending > 0 {
		s.cut()
	}
	s.head(0)
	if s.trailing {
		s.result.Text([]byte(strings.ReplaceAll(s.trailer, "\n", "\r\n")))
	}
	if s.trailing && s.signed {
		s.result.Text([]byte(trailerSignature)).Value(s.out.Trailer(seks.Load(lastOut), s.trailer)).Text([]byte("\r\n"))
	}
	s.result.Text([]byte("\r\n"))
}
