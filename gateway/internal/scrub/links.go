package scrub

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"

	"github.com/seksbot/seks-broker/plugin-sdk/strictjson"
)

// Links is a JSON or XML body on its way to the agent in which links to the API
// name the broker instead, so that a client that follows them comes the same way. A
// link is a string that begins with a base of the API's, and is the value of a
// member, or the text of an element, of one of the given names. All else passes as
// it came, JSON or XML or not.
//
// No parser is needed: in JSON a quote that stands in a text is escaped, so
// `"url":"https://…` can only be a member and its value. In XML an angle bracket
// is, so `<Location>https://…` can only be an element and its text; what a comment
// or a CDATA section has of such is taken for one.
type Links struct {
	body  io.Reader
	xml   bool
	names []string
	bases [][]byte // each with the quote, or the tag's end, before it
	to    []byte   // likewise
	hold  int      // bytes at the end that may be the beginning of a base

	seen []byte // behind what has left, for looking back; then what is still to be looked at
	at   int    // where the latter begins
	out  []byte // what may leave
	err  error
}

// maxLookBack is how far before a value its member's name begins at most, in bytes.
const maxLookBack = 256

// NewLinks is body with the links below bases, such as "https://api.example.com/v1",
// made to begin with to. A name is that of a member, "*_url" for all that end so.
func NewLinks(body io.Reader, names, bases []string, to string) *Links {
	l := &Links{body: body, names: names, to: strictjson.AppendString(nil, to+"/")}
	l.to = l.to[:len(l.to)-1]
	for _, base := range bases {
		for _, text := range []string{base + "/", strings.ReplaceAll(base+"/", "/", `\/`)} {
			l.bases = append(l.bases, []byte(`"`+text))
			l.hold = max(l.hold, len(text))
		}
	}
	return l
}

// NewXMLLinks is NewLinks for a body in XML.
func NewXMLLinks(body io.Reader, names, bases []string, to string) *Links {
	l := &Links{body: body, xml: true, names: names}
	for _, base := range bases {
		l.bases = append(l.bases, inElement(base))
		l.hold = max(l.hold, len(l.bases[len(l.bases)-1])-1)
	}
	l.to = inElement(to)
	return l
}

// inElement is the beginning of an element's text, with the end of its tag.
func inElement(base string) []byte {
	b := bytes.NewBufferString(">")
	_ = xml.EscapeText(b, []byte(base+"/")) // a bytes.Buffer always writes
	return b.Bytes()
}

func (l *Links) Read(p []byte) (int, error) {
	for len(l.out) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		l.next(len(p))
	}
	n := copy(p, l.out)
	l.out = l.out[n:]
	return n, nil
}

// next reads a piece, and makes of what it has seen what may leave.
func (l *Links) next(size int) {
	if back := l.at - maxLookBack; back > 0 {
		l.seen, l.at = append(l.seen[:0], l.seen[back:]...), maxLookBack
	}
	from := len(l.seen)
	l.seen = append(l.seen, make([]byte, max(size, 512))...)
	n, err := l.body.Read(l.seen[from:])
	l.seen, l.err = l.seen[:from+n], err
	l.out = l.out[:0]
	for {
		i, base := l.first()
		if i < 0 {
			break
		}
		l.out = append(l.out, l.seen[l.at:i]...)
		if l.isLink(l.seen[:i]) {
			l.out = append(l.out, l.to...)
		} else {
			l.out = append(l.out, base...)
		}
		l.at = i + len(base)
	}
	end := len(l.seen)
	if err == nil {
		end = max(l.at, end-l.hold)
	}
	l.out = append(l.out, l.seen[l.at:end]...)
	l.at = end
}

// first is where the next base stands, -1 for nowhere.
func (l *Links) first() (at int, base []byte) {
	at = -1
	for _, b := range l.bases {
		if i := bytes.Index(l.seen[l.at:], b); i >= 0 && (at < 0 || l.at+i < at || l.at+i == at && len(b) > len(base)) {
			at, base = l.at+i, b
		}
	}
	return at, base
}

// isLink says whether what stands before a value is a member, or an element's
// start, of the given names.
func (l *Links) isLink(before []byte) bool {
	before = before[max(0, len(before)-maxLookBack):] // as much as there always is
	if l.xml {
		start := bytes.LastIndexByte(before, '<')
		return start >= 0 && l.named(before[start+1:])
	}
	before, ok := bytes.CutSuffix(bytes.TrimRight(before, " \t\r\n"), []byte(":"))
	if before = bytes.TrimRight(before, " \t\r\n"); !ok || len(before) < 2 || before[len(before)-1] != '"' {
		return false
	}
	before = before[:len(before)-1]
	return l.named(before[bytes.LastIndexByte(before, '"')+1:])
}

func (l *Links) named(b []byte) bool {
	name := string(b)
	for _, want := range l.names {
		if end, any := strings.CutPrefix(want, "*"); name == want || any && strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
