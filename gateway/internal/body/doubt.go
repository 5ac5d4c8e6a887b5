// Package body is what the broker does with a small request body by itself: it
// holds it back until the plan is made, says whether it can be read in one way
// only, and puts a credential into a field of it. It streams nothing.
package body

import (
	"bytes"
	"errors"
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/strictjson"
)

// Kind is how a body is written, by its Content-Type.
type Kind byte

// The kinds. Doubtful is one that two readers may take for two.
const (
	Other Kind = iota
	JSON
	Form
	Doubtful
)

// KindOf reads the headers of a request. A body that is coded, or says twice
// what it is, is Doubtful, and so is every multipart one: what its parsers make
// of a part's headers differs too much.
func KindOf(headers []request.Header) Kind {
	contentType, types := "", 0
	for _, h := range headers {
		switch {
		case strings.EqualFold(h.Name, "Content-Encoding") && !strings.EqualFold(h.Value, "identity"):
			return Doubtful
		case strings.EqualFold(h.Name, "Content-Type"):
			contentType = h.Value
			types++
		}
	}
	if types == 0 {
		return Other
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset, ok := params["charset"]
	switch {
	case types > 1, err != nil, ok && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii"):
		return Doubtful
	case media == "application/json", media == "text/json", strings.HasSuffix(media, "+json"):
		return JSON
	case media == "application/x-www-form-urlencoded":
		return Form
	case strings.HasPrefix(media, "multipart/"):
		return Doubtful
	}
	return Other
}

// Judge says how a whole body of that kind is shown to a plugin: as it is, with
// proxy tokens cut out, or as unknown, where it can be read in two ways.
func Judge(k Kind, b []byte) (abi.BodyState, []byte) {
	if k == Doubtful || doubtful(k, b) || hidesToken(k, b) {
		return abi.BodyUnknown, nil
	}
	return abi.BodyWhole, token.Without(b)
}

func doubtful(k Kind, b []byte) bool {
	switch k {
	case JSON:
		return strictjson.Check(b) != nil
	case Form:
		_, err := fields(b)
		return err != nil
	}
	// APIs exist that read JSON whatever its type says.
	return looksLikeJSON(b) && errors.Is(strictjson.Check(b), strictjson.ErrTwice)
}

func looksLikeJSON(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n\ufeff")
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}

// hidesToken says whether a reader would find a proxy token that the bytes as
// they stand do not show.
func hidesToken(k Kind, b []byte) bool {
	switch {
	case k == Form:
		pairs, _ := fields(b)
		for _, p := range pairs {
			if p.escaped && (token.Holds(p.name) || token.Holds(p.value)) {
				return true
			}
		}
	case bytes.Contains(b, []byte(`\u`)):
		v, err := strictjson.Parse(b)
		return err == nil && deepToken(v)
	}
	return false
}

func deepToken(v *strictjson.Value) bool {
	if text, ok := v.Text(); ok {
		return token.Holds(text) && !token.Holds(string(v.Raw()))
	}
	for _, item := range v.Items() {
		if deepToken(item) {
			return true
		}
	}
	for _, m := range v.Members() {
		if token.Holds(m.Name) || deepToken(m.Value) {
			return true
		}
	}
	return false
}

// pair is one field of a form, decoded, and where it stands.
type pair struct {
	name, value string
	start, end  int
	escaped     bool
}

var (
	errTwice = errors.New("a field stands twice")
	errForm  = errors.New("this is not a form that can be read in one way")
)

// fields takes a form apart (WHATWG URL, application/x-www-form-urlencoded). A
// field may stand twice only if its name ends in "[]", which says so; ";" was
// once a separator too.
func fields(b []byte) ([]pair, error) {
	var list []pair
	seen := map[string]bool{}
	for at := 0; at < len(b); {
		end := bytes.IndexByte(b[at:], '&')
		if end < 0 {
			end = len(b) - at
		}
		p, err := field(string(b[at : at+end]))
		if err != nil {
			return nil, err
		}
		if seen[p.name] && !strings.HasSuffix(p.name, "[]") {
			return nil, errTwice
		}
		seen[p.name] = true
		p.start, p.end = at, at+end
		list = append(list, p)
		at += end + 1
	}
	return list, nil
}

func field(s string) (p pair, err error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" || strings.ContainsAny(s, ";\r\n\x00") {
		return p, errForm
	}
	if p.name, err = url.QueryUnescape(name); err != nil {
		return p, errForm
	}
	if p.value, err = url.QueryUnescape(value); err != nil || !utf8.ValidString(p.name) || !utf8.ValidString(p.value) {
		return p, errForm
	}
	p.escaped = strings.IndexByte(s, '%') >= 0
	return p, nil
}
