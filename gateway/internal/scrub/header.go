package scrub

import (
	"bytes"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
)

// Header masks a header's value, a status text, or a text of the broker's own.
// It looks at the value as it is and, since a Location and its like carry
// percent-encoding, at the value with each %XX decoded once; where a secret
// stands in either, those bytes are masked. The result is as long as the
// value, and is value itself where hits, the number of places masked, is 0.
func Header(set *needle.Set, value []byte) (masked []byte, hits int) {
	var ms masks
	if found := set.Find(value, 0, nil); len(found) > 0 {
		ms.add(found, 0)
	}
	if decoded, at := unescape(value); decoded != nil {
		found := set.Find(decoded, 0, nil)
		for i := range found {
			found[i].Start, found[i].End = at[found[i].Start], at[found[i].End]
		}
		if len(found) > 0 {
			ms.add(found, 0)
		}
	}
	if len(ms) == 0 {
		return value, 0
	}
	masked = bytes.Clone(value)
	for i := range ms {
		ms[i].lay(masked, 0, set.Name(ms[i].needle))
	}
	return masked, len(ms)
}

// Contains says whether Header would mask anything in b. It is for what can't
// be masked, as a header's name, and must be dropped instead.
func Contains(set *needle.Set, b []byte) bool {
	if len(set.Find(b, 0, nil)) > 0 {
		return true
	}
	decoded, _ := unescape(b)
	return decoded != nil && len(set.Find(decoded, 0, nil)) > 0
}

// unescape decodes each %XX once. decoded[i] comes from b[at[i]:at[i+1]].
// It is nil where there is none to decode.
func unescape(b []byte) (decoded []byte, at []int) {
	if bytes.IndexByte(b, '%') < 0 {
		return nil, nil
	}
	decoded = make([]byte, 0, len(b))
	at = make([]int, 0, len(b)+1)
	for i := 0; i < len(b); {
		at = append(at, i)
		if b[i] == '%' && i+2 < len(b) {
			high, low := unhex(b[i+1]), unhex(b[i+2])
			if high < 16 && low < 16 {
				decoded = append(decoded, high<<4|low)
				i += 3
				continue
			}
		}
		decoded = append(decoded, b[i])
		i++
	}
	return decoded, append(at, len(b))
}

// unhex is the value of a hex digit, 16 or more where c is none.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}

// dropped are headers by which an upstream leaves something with the client
// for a whole origin. The origin that the client sees is the broker's, which
// other providers share.
var dropped = map[string]bool{
	"set-cookie":                          true,
	"set-cookie2":                         true,
	"alt-svc":                             true,
	"clear-site-data":                     true,
	"strict-transport-security":           true,
	"public-key-pins":                     true,
	"public-key-pins-report-only":         true,
	"expect-ct":                           true,
	"nel":                                 true,
	"report-to":                           true,
	"reporting-endpoints":                 true,
	"content-security-policy-report-only": true,
	"accept-ch":                           true,
	"critical-ch":                         true,
	"service-worker-allowed":              true,
	"origin-agent-cluster":                true,
}

// ownPrefix begins the names of the headers that the broker speaks with.
const ownPrefix = "x-seks-"

// DroppedByDefault says whether an answer's header of that name, in any case,
// goes no further unless a plugin keeps it. The broker's own headers are among
// them, so that no upstream can speak for the broker.
func DroppedByDefault(name string) bool {
	var buf [40]byte // longer than every name above
	n := min(len(name), len(buf))
	for i := range n {
		buf[i] = name[i]
		if 'A' <= buf[i] && buf[i] <= 'Z' {
			buf[i] += 'a' - 'A'
		}
	}
	if n >= len(ownPrefix) && string(buf[:len(ownPrefix)]) == ownPrefix {
		return true
	}
	return n == len(name) && dropped[string(buf[:n])]
}
