package body

import (
	"bytes"
	"errors"
	"net/url"
	"unicode/utf8"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/strictjson"
)

// Fits says whether a body of kind k, as a whole, can take edits of that kind.
func (k Kind) Fits(e abi.EditKind) bool {
	return e == abi.SetJSON && k == JSON || e == abi.SetForm && k == Form
}

var (
	errObject = errors.New("the request's body is no JSON object")
	errText   = errors.New("the name or the value of a JSON field is not UTF-8")
)

// Set makes one edit of a whole body that Judge had no doubt of: SetJSON gives a
// top-level member of an object a string, SetForm gives a form's field a value.
// All other bytes stay as they are. b itself is not changed.
func Set(b []byte, kind abi.EditKind, name string, value []byte) ([]byte, error) {
	if kind == abi.SetForm {
		return setForm(b, name, value)
	}
	return setJSON(b, name, value)
}

func setJSON(b []byte, name string, value []byte) ([]byte, error) {
	if !utf8.ValidString(name) || !utf8.Valid(value) {
		return nil, errText
	}
	v, err := strictjson.Parse(b)
	if err != nil || v.Kind() != strictjson.Object {
		return nil, errObject
	}
	quoted := strictjson.AppendString(nil, string(value))
	if old := v.Get(name); old != nil {
		return splice(b, old.Offset(), old.Offset()+len(old.Raw()), quoted), nil
	}
	member := append(append(strictjson.AppendString(nil, name), ':'), quoted...)
	if len(v.Members()) > 0 {
		member = append(member, ',')
	}
	at := bytes.IndexByte(b, '{') + 1
	return splice(b, at, at, member), nil
}

func setForm(b []byte, name string, value []byte) ([]byte, error) {
	list, err := fields(b)
	if err != nil {
		return nil, err
	}
	text := url.QueryEscape(name) + "=" + url.QueryEscape(string(value))
	for _, p := range list {
		if p.name == name {
			return splice(b, p.start, p.end, []byte(text)), nil
		}
	}
	if len(b) > 0 && b[len(b)-1] != '&' {
		text = "&" + text
	}
	return splice(b, len(b), len(b), []byte(text)), nil
}

func splice(b []byte, from, to int, text []byte) []byte {
	out := make([]byte, 0, len(b)-(to-from)+len(text))
	out = append(out, b[:from]...)
	out = append(out, text...)
	return append(out, b[to:]...)
}
