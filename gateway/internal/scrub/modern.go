package scrub

import (
	"bufio"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest window that a sender of zstd may ask for: RFC 9659
// says that no more than 8 MiB may be expected of a receiver.
const maxWindow = 8 << 20

var (
	zstds   = sync.Pool{New: func() any { return newZstd() }}
	brotlis = sync.Pool{New: func() any { return new(brotli.Reader) }}
)

func newZstd() *zstd.Decoder {
	// One at a time decodes where Read is called, so that a block leaves before the
	// next has come; and it starts no goroutine that a pool would leak.
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
}

// unzstd undoes zstd (RFC 8878): one frame, or several one after the other.
type unzstd struct {
	in *bufio.Reader
	d  *zstd.Decoder
	on bool
}

func newUnzstd(r io.Reader) *unzstd {
	return &unzstd{in: getInput(r), d: zstds.Get().(*zstd.Decoder)}
}

func (z *unzstd) Read(p []byte) (int, error) {
	if !z.on {
		if ok, err := more(z.in); err != nil {
			return 0, err
		} else if !ok {
			return 0, io.EOF
		}
		if err := z.d.Reset(z.in); err != nil {
			return 0, cut(err)
		}
		z.on = true
	}
	return z.d.Read(p)
}

func (z *unzstd) release() {
	putInput(z.in)
	_ = z.d.Reset(nil) // lets go of the reader; it has no other error than "closed"
	zstds.Put(z.d)
	z.in, z.d = nil, nil
}

// unbrotli undoes Brotli (RFC 7932). Its window, of up to 16 MiB, is taken as the
// body grows, and goes with the body unless it is a small one.
type unbrotli struct {
	in *bufio.Reader
	d  *brotli.Reader
	on bool
}

func newUnbrotli(r io.Reader) *unbrotli {
	return &unbrotli{in: getInput(r), d: brotlis.Get().(*brotli.Reader)}
}

func (b *unbrotli) Read(p []byte) (int, error) {
	if !b.on {
		if ok, err := more(b.in); err != nil {
			return 0, err
		} else if !ok {
			return 0, io.EOF
		}
		if err := b.d.Reset(b.in); err != nil {
			return 0, err
		}
		b.on = true
	}
	for range maxEmptyReads {
		if n, err := b.d.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func (b *unbrotli) release() {
	putInput(b.in)
	_ = b.d.Reset(nil) // always nil
	brotlis.Put(b.d)
	b.in, b.d = nil, nil
}
