package upstream

import "strings"

// verbatim are whole answers that no strict reader accepts, or whose body none
// can read to its end: sent as they stand, then the connection closes.
var verbatim = map[string]string{
	// Framing (RFC 9112 section 6.3).
	"length-and-chunks": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(Own) + "0\r\n\r\n",
	"two-lengths":       "HTTP/1.1 200 OK\r\nContent-Length: 29\r\nContent-Length: 30\r\n\r\n" + Own + Own,
	"length-list":       "HTTP/1.1 200 OK\r\nContent-Length: 29, 29\r\n\r\n" + Own,
	"length-signed":     "HTTP/1.1 200 OK\r\nContent-Length: +29\r\n\r\n" + Own,
	"length-negative":   "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + Own,
	"length-huge":       "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n" + Own,
	"coding-list":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + chunk(Own) + "0\r\n\r\n",
	"coding-other":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n" + Own,
	"coding-twice":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(Own) + "0\r\n\r\n",
	"coding-in-1.0":     "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(Own) + "0\r\n\r\n",

	// Chunks (section 7.1): the head is good.
	"chunk-size-bad":      chunkedHead + "zz\r\n" + Own + "\r\n0\r\n\r\n",
	"chunk-size-none":     chunkedHead + "\r\n" + Own + "\r\n0\r\n\r\n",
	"chunk-size-signed":   chunkedHead + "+1d\r\n" + Own + "\r\n0\r\n\r\n",
	"chunk-size-0x":       chunkedHead + "0x1d\r\n" + Own + "\r\n0\r\n\r\n",
	"chunk-size-huge":     chunkedHead + "fffffffffffffffff\r\n" + Own + "\r\n0\r\n\r\n",
	"chunk-size-line":     chunkedHead + "1d;" + fill(64<<10) + "\r\n" + Own + "\r\n0\r\n\r\n",
	"chunk-longer":        chunkedHead + "5\r\n" + Own + "\r\n0\r\n\r\n",
	"chunk-shorter":       chunkedHead + "100\r\n" + Own + "\r\n0\r\n\r\n",
	"chunk-bare-lf":       chunkedHead + "1d\n" + Own + "\n0\n\n",
	"trailer-bad":         chunkedHead + chunk(Own) + "0\r\nno colon here\r\n\r\n",
	"trailer-smuggles":    chunkedHead + chunk(Own) + "0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nX-Seks-Error: bad_request\r\n\r\n",
	"chunk-then-nothing":  chunkedHead + chunk(Own) + "0\r\n",
	"chunks-then-garbage": chunkedHead + chunk(Own) + "0\r\n\r\n" + Stray,

	// Lines (sections 2.2, 3 and 5).
	"bare-lf":       "HTTP/1.1 200 OK\nContent-Length: 29\n\n" + Own,
	"one-bare-lf":   "HTTP/1.1 200 OK\r\nX-A: b\nContent-Length: 29\r\n\r\n" + Own,
	"bare-cr":       "HTTP/1.1 200 OK\r\nX-A: b\rX-C: d\r\nContent-Length: 29\r\n\r\n" + Own,
	"folded":        "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 29\r\n\r\n" + Own,
	"colon-space":   "HTTP/1.1 200 OK\r\nContent-Length : 29\r\n\r\n" + Own,
	"no-colon":      "HTTP/1.1 200 OK\r\nwhat is this\r\nContent-Length: 29\r\n\r\n" + Own,
	"no-name":       "HTTP/1.1 200 OK\r\n: nameless\r\nContent-Length: 29\r\n\r\n" + Own,
	"name-8bit":     "HTTP/1.1 200 OK\r\nX-\xff: b\r\nContent-Length: 29\r\n\r\n" + Own,
	"control-bytes": "HTTP/1.1 200 OK\r\nX-A: b\x00c\x07\r\nContent-Length: 29\r\n\r\n" + Own,
	"empty-first":   "\r\nHTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n" + Own,
	"long-line":     "HTTP/1.1 200 OK\r\nX-Long: " + fill(100<<10) + "\r\nContent-Length: 29\r\n\r\n" + Own,
	"many-headers":  "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Many: 1\r\n", 1000) + "Content-Length: 29\r\n\r\n" + Own,

	// Status lines (section 4).
	"version-unknown": "HTTP/3.7 200 OK\r\nContent-Length: 29\r\n\r\n" + Own,
	"version-0.9":     Own + "\r\n\r\n",
	"version-case":    "http/1.1 200 OK\r\nContent-Length: 29\r\n\r\n" + Own,
	"status-none":     "HTTP/1.1\r\nContent-Length: 29\r\n\r\n" + Own,
	"status-long":     "HTTP/1.1 2000 OK\r\nContent-Length: 29\r\n\r\n" + Own,
	"status-zero":     "HTTP/1.1 000 Nothing\r\nContent-Length: 29\r\n\r\n" + Own,
	"status-text-bad": "HTTP/1.1 200 O\x1b[31mK\r\nContent-Length: 29\r\n\r\n" + Own,
	"switching":       "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: what-nobody-asked-for\r\n\r\n" + Stray,
	"nothing":         "",
}
