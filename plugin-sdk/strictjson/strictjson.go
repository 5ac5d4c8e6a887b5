// Package strictjson reads JSON that can be read in one way only: RFC 8259 to
// the letter, valid UTF-8, no lone surrogate, and no name twice in one object,
// at any depth. What two parsers may take for two things is an error here, so
// that what a plugin has judged is what the API will do.
//
// It is for plugins too, and so imports next to nothing: encoding/json brings
// in WASI calls that no plugin gets.
package strictjson

import (
	"errors"
	"unicode/utf8"
)

// Kind is what a value is.
type Kind byte

// The kinds. A nil Value is Missing.
const (
	Missing Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// ErrTwice is a name that stands twice in one object.
var ErrTwice = errors.New("strictjson: a name stands twice in one object")

// errSyntax is everything else that is wrong.
var errSyntax = errors.New("strictjson: this is not JSON (RFC 8259)")

// MaxDepth bounds how deep values may be nested.
const MaxDepth = 128

// Value is one value of a document. Its methods take a nil Value for one that
// is missing.
type Value struct {
	kind    Kind
	raw     []byte // as it stands in the document,
	offset  int    // from there on
	text    string // of a string, decoded
	members []Member
	items   []*Value
}

// Member is one name of an object, decoded, and its value.
type Member struct {
	Name  string
	Value *Value
}

// Parse reads a document: one value, with white space around it.
func Parse(text []byte) (*Value, error) {
	v := new(Value)
	return v, document(text, v)
}

// Check says what Parse would, and builds nothing.
func Check(text []byte) error { return document(text, nil) }

func document(text []byte, v *Value) error {
	if !utf8.Valid(text) {
		return errSyntax
	}
	p := parser{text: text}
	p.space()
	if err := p.value(v, 0); err != nil {
		return err
	}
	if p.space(); p.at < len(text) {
		return errSyntax
	}
	return nil
}

// Kind is what the value is.
func (v *Value) Kind() Kind {
	if v == nil {
		return Missing
	}
	return v.kind
}

// Raw is the value as it stands in the document: a part of it.
func (v *Value) Raw() []byte {
	if v == nil {
		return nil
	}
	return v.raw
}

// Offset is where in the document Raw begins.
func (v *Value) Offset() int {
	if v == nil {
		return 0
	}
	return v.offset
}

// Text is a string's text. ok is false for anything else.
func (v *Value) Text() (text string, ok bool) {
	if v.Kind() != String {
		return "", false
	}
	return v.text, true
}

// True says that the value is true.
func (v *Value) True() bool { return v.Kind() == Bool && v.raw[0] == 't' }

// Get follows names into objects; nil where there is nothing of that name.
func (v *Value) Get(names ...string) *Value {
	for _, name := range names {
		if v = v.member(name); v == nil {
			return nil
		}
	}
	return v
}

func (v *Value) member(name string) *Value {
	if v == nil {
		return nil
	}
	for i := range v.members {
		if v.members[i].Name == name {
			return v.members[i].Value
		}
	}
	return nil
}

// Members are an object's, in their order.
func (v *Value) Members() []Member {
	if v == nil {
		return nil
	}
	return v.members
}

// Items are an array's.
func (v *Value) Items() []*Value {
	if v == nil {
		return nil
	}
	return v.items
}
