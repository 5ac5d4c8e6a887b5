package load

import (
	"bytes"
	"fmt"
	"time"
)

const block = 256 << 10 // of bulk: read or written at once

// Download sends a request and reads its answer to the end; it gives the bytes
// of its body, and the time from the first byte sent to the last received.
func Download(address string, request []byte) (size int64, took time.Duration, err error) {
	s, err := dial(address)
	if err != nil {
		return 0, 0, err
	}
	defer s.close()
	begin := time.Now()
	if err := s.write(request); err != nil {
		return 0, 0, err
	}
	size, err = s.answer()
	return size, time.Since(begin), err
}

// Upload sends a head and size bytes of content behind it, and reads the answer.
func Upload(address string, head []byte, size int64, content []byte) (took time.Duration, err error) {
	s, err := dial(address)
	if err != nil {
		return 0, err
	}
	defer s.close()
	many := bytes.Repeat(content, block/len(content)+1)
	begin := time.Now()
	if err := s.write(head); err != nil {
		return 0, err
	}
	for left := size; left > 0; {
		n := min(left, int64(len(many)))
		if err := s.write(many[:n]); err != nil {
			return 0, fmt.Errorf("upload: %w", err)
		}
		left -= n
	}
	_, err = s.answer()
	return time.Since(begin), err
}

// answer reads one answer and gives the size of its body.
func (s socket) answer() (int64, error) {
	buf := make([]byte, block)
	var h head
	n := 0
	for h.size == 0 {
		got, err := s.read(buf[n:])
		if err != nil {
			return 0, err
		}
		if got == 0 {
			return 0, errCut
		}
		n += got
		if h, err = readHead(buf[:n]); err != nil {
			return 0, err
		}
	}
	if h.length < 0 {
		return s.chunks(buf[h.size:n])
	}
	size := int64(n - h.size)
	for size < h.length {
		got, err := s.read(buf)
		if err != nil {
			return 0, err
		}
		if got == 0 {
			return 0, errCut
		}
		size += int64(got)
	}
	return size, nil
}

func (s socket) chunks(first []byte) (size int64, err error) {
	var d dechunker
	data, buf := make([]byte, 0, block), make([]byte, block)
	for p := first; ; {
		if data, err = d.feed(data[:0], p); err != nil {
			return 0, err
		}
		size += int64(len(data))
		if d.done {
			return size, nil
		}
		n, err := s.read(buf)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return 0, errCut
		}
		p = buf[:n]
	}
}
