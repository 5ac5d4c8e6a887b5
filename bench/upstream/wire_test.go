package upstream

import (
	"fmt"
	"slices"
	"testing"
)

const (
	plainGet = "GET /a%2Fb//c HTTP/1.1\r\nhOsT: x\r\nX-A: 1\r\nx-a:2\r\n\r\n"
	sized    = "POST /p HTTP/1.1\r\nHost: x\r\ncontent-length: 9\r\n\r\n"
	chunked  = "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
)

var wireCases = []struct {
	in    string
	heads []string
	lost  bool
}{
	{"", nil, false},
	{plainGet, []string{plainGet}, false},
	{plainGet + plainGet, []string{plainGet, plainGet}, false},
	{sized + "GET /\r\n\r\n" + plainGet, []string{sized, plainGet}, false}, // the body looks like a head
	{chunked + "5\r\nGET /\r\n9;x=y\r\n12\r\n\r\n345\r\n0\r\n\r\n" + plainGet, []string{chunked, plainGet}, false},
	{chunked + "0\r\nTrailer: t\r\n\r\n" + plainGet, []string{chunked, plainGet}, false},
	{chunked + "a\n0123456789\n0\n\n" + plainGet, []string{chunked, plainGet}, false},
	{"GET / HTTP/1.1\n\n" + plainGet, []string{"GET / HTTP/1.1\n\n", plainGet}, false},
	{plainGet[:20], nil, false},
	{chunked + "zz\r\n" + plainGet, []string{chunked}, true},
	{chunked + "-5\r\n" + plainGet, []string{chunked}, true},
	{"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n" + plainGet, []string{"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n"}, true},
}

// headsOf feeds in in pieces of the given size.
func headsOf(in string, size int) (heads []string, lostIt bool) {
	var p wire
	for piece := range slices.Chunk([]byte(in), size) {
		p.feed(piece)
	}
	for h := p.next(); h != nil; h = p.next() {
		heads = append(heads, string(h))
	}
	return heads, p.state == lost
}

func TestWireCutsOutHeads(t *testing.T) {
	for _, c := range wireCases {
		for _, size := range []int{1, 2, 3, 7, 1 << 20} {
			if heads, lostIt := headsOf(c.in, size); !slices.Equal(heads, c.heads) || lostIt != c.lost {
				t.Errorf("%q in pieces of %d: %q, lost %v; want %q, %v", c.in, size, heads, lostIt, c.heads, c.lost)
			}
		}
	}
}

func TestHeaderLinesKeepOrderAndCase(t *testing.T) {
	if got := fmt.Sprint(headerLines([]byte(plainGet))); got != "[[hOsT x] [X-A 1] [x-a 2]]" {
		t.Error(got)
	}
}

func FuzzWire(f *testing.F) {
	for _, c := range wireCases {
		f.Add(c.in, 3)
	}
	f.Fuzz(func(t *testing.T, in string, size int) {
		whole, lostWhole := headsOf(in, len(in)+1)
		pieces, lostPieces := headsOf(in, max(size, 1))
		if !slices.Equal(whole, pieces) || lostWhole != lostPieces {
			t.Errorf("%q whole, %q in pieces of %d", whole, pieces, size)
		}
	})
}
