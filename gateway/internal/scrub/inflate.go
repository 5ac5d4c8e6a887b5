package scrub

import (
	"bufio"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// The decoders read through a bufio.Reader, which takes what one read gives and
// from which they take no byte more than their coding has; so what follows the
// coding is seen, and an event does not wait for the one behind it.
var (
	inputs   = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}
	gunzips  = sync.Pool{New: func() any { return new(gzip.Reader) }}
	errAfter = errors.New("bytes follow the end of the compressed body")
)

func getInput(r io.Reader) *bufio.Reader {
	in := inputs.Get().(*bufio.Reader)
	in.Reset(r)
	return in
}

func putInput(in *bufio.Reader) {
	in.Reset(nil)
	inputs.Put(in)
}

// gunzip undoes gzip (RFC 1952): one member, or several one after the other.
// Anything else behind a member is an error.
//
// The decompressor's window stays in the pool with what it last held; the next
// body can't read it from there, since a distance that reaches before a
// stream's first byte is an error of the format.
type gunzip struct {
	in     *bufio.Reader
	zr     *gzip.Reader
	member bool // inside of one
}

func newGunzip(r io.Reader) *gunzip {
	return &gunzip{in: getInput(r), zr: gunzips.Get().(*gzip.Reader)}
}

func (g *gunzip) Read(p []byte) (int, error) {
	for {
		if !g.member {
			if ok, err := more(g.in); err != nil {
				return 0, err
			} else if !ok {
				return 0, io.EOF
			}
			if err := g.zr.Reset(g.in); err != nil {
				return 0, cut(err)
			}
			g.zr.Multistream(false) // or it would wait for a next member before it gives the last bytes of this
			g.member = true
		}
		n, err := g.zr.Read(p)
		if err == io.EOF {
			g.member, err = false, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (g *gunzip) release() {
	putInput(g.in)
	gunzips.Put(g.zr)
	g.in, g.zr = nil, nil
}

// inflate undoes "deflate": zlib (RFC 1950), as the name means, or the bare
// deflate (RFC 1951) that many servers send for it.
type inflate struct {
	in   *bufio.Reader
	zr   io.ReadCloser // nil before the first byte
	done bool
}

func newInflate(r io.Reader) *inflate { return &inflate{in: getInput(r)} }

func (f *inflate) Read(p []byte) (int, error) {
	if f.zr == nil {
		if ok, err := more(f.in); err != nil {
			return 0, err
		} else if !ok {
			return 0, io.EOF
		}
		if err := f.begin(); err != nil {
			return 0, cut(err)
		}
	}
	for !f.done {
		n, err := f.zr.Read(p)
		if err == io.EOF {
			f.done, err = true, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	if ok, err := more(f.in); err != nil {
		return 0, err
	} else if ok {
		return 0, errAfter
	}
	return 0, io.EOF
}

// begin tells the two apart by the first two bytes. What looks like the head of
// zlib would be, as bare deflate, a stored block whose unused bits are not
// zero, which no encoder writes.
func (f *inflate) begin() error {
	head, err := f.in.Peek(2)
	if err != nil {
		return err
	}
	if head[0]&0x0f == 8 && head[0]>>4 <= 7 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		f.zr, err = zlib.NewReader(f.in)
		return err
	}
	f.zr = flate.NewReader(f.in)
	return nil
}

func (f *inflate) release() {
	putInput(f.in)
	f.in = nil
}
