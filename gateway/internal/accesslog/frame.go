package accesslog

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	maxPacked = 8 << 20 // bytes of a frame; the log's own are below 2 MiB
	maxPlain  = 8 << 20 // bytes that a frame may decode to; the same

	blockHeader = 3 // bytes
	blockRLE    = 1
	blockNone   = 3 // reserved
	checksum    = 4 // bytes
)

var (
	errTorn     = errors.New("the file ends inside a frame")
	errNotFrame = errors.New("not a zstd frame of this log")
)

// frames walks the zstd frames of a file by their headers (RFC 8878 section
// 3.1.1) without decoding them: so a frame that was cut is known before any
// line of it is delivered.
type frames struct {
	r      *bufio.Reader
	offset int64 // of the next frame
	size   int64 // what the last frame decodes to, where it says so; else its own length
	raw    []byte
}

func newFrames(r io.Reader, offset int64) *frames {
	return &frames{r: bufio.NewReaderSize(r, 256<<10), offset: offset}
}

// next gives one whole frame, good until the next call. The error is io.EOF at
// the end, errTorn or errNotFrame (then offset is where that begins), or one of
// the file's own.
func (f *frames) next() ([]byte, error) {
	head, err := f.r.Peek(zstd.HeaderMaxSize)
	if err != nil && (err != io.EOF || len(head) == 0) {
		return nil, err
	}
	var h zstd.Header
	if err := h.Decode(head); err == io.ErrUnexpectedEOF {
		return nil, errTorn
	} else if err != nil || h.Skippable {
		return nil, errNotFrame
	}
	f.raw = f.raw[:0]
	if _, err := f.take(h.HeaderSize); err != nil {
		return nil, err
	}
	if err := f.takeBlocks(); err != nil {
		return nil, err
	}
	if h.HasCheckSum {
		if _, err := f.take(checksum); err != nil {
			return nil, err
		}
	}
	f.offset += int64(len(f.raw))
	f.size = int64(len(f.raw))
	if h.HasFCS && h.FrameContentSize <= maxPlain {
		f.size = int64(h.FrameContentSize)
	}
	return f.raw, nil
}

func (f *frames) takeBlocks() error {
	for last := false; !last; {
		head, err := f.take(blockHeader)
		if err != nil {
			return err
		}
		v := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
		last = v&1 == 1
		size := v >> 3
		switch v >> 1 & 3 {
		case blockRLE:
			size = 1
		case blockNone:
			return errNotFrame
		}
		if _, err := f.take(size); err != nil {
			return err
		}
	}
	return nil
}

// take reads n more bytes of the frame.
func (f *frames) take(n int) ([]byte, error) {
	start := len(f.raw)
	if start+n > maxPacked {
		return nil, errNotFrame
	}
	f.raw = append(f.raw, make([]byte, n)...)
	_, err := io.ReadFull(f.r, f.raw[start:])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errTorn
	}
	return f.raw[start:], err
}

// newDecoder makes a decoder for frames, one at a time, of bounded memory.
func newDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPlain), zstd.WithDecoderMaxWindow(maxPlain))
}
