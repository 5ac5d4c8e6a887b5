package scrub

import (
	"bytes"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
)

// Header masks a header's value, a status text, or a text of the broker's own.
// The result is as long as the value, and is value itself where there are no hits.
func Header(set *needle.Set, value []byte) (masked []byte, hits []Hit) {
	found := set.Find(value, 0, needle.Whole, nil)
	if len(found) == 0 {
		return value, nil
	}
	var ms masks
	ms.add(found, 0)
	masked = bytes.Clone(value)
	for i := range ms {
		name := set.Name(ms[i].needle)
		ms[i].lay(masked, 0, name)
		hits = append(hits, Hit{Offset: ms[i].start, Form: ms[i].form, Needle: ms[i].needle, Name: name})
	}
	return masked, hits
}

// Contains says whether Header would mask anything in b. It is for what can't
// be masked, as a header's name, and must be dropped instead.
func Contains(set *needle.Set, b []byte) bool {
	return len(set.Find(b, 0, needle.Whole, nil)) > 0
}

// LinesContain is Contains for several texts, each on a line of its own. No form
// goes over from one to the next.
func LinesContain(set *needle.Set, lines []byte) bool {
	return len(set.Find(lines, 0, needle.Whole|needle.Lined, nil)) > 0
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
