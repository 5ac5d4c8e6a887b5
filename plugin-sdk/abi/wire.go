package abi

import (
	"errors"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// Messages are in the Protocol Buffers wire format, cut down to two of its wire
// types (https://protobuf.dev/programming-guides/encoding/).
const (
	wireVarint  = 0
	wireFixed64 = 1 // only in fields that we don't know: skipped
	wireBytes   = 2
	wireFixed32 = 5 // likewise
)

// MaxEntries bounds how often one repeated field may stand in one message, so
// that a short input cannot become a long list of empty ones.
const MaxEntries = 4096

var (
	errCut      = errors.New("the message is cut short")
	errVarint   = errors.New("a number does not fit into 64 bits")
	errTag      = errors.New("a field has a number or wire type that there isn't")
	errType     = errors.New("has another wire type than the contract gives it")
	errTwice    = errors.New("stands twice")
	errBool     = errors.New("is neither 0 nor 1")
	errEnum     = errors.New("does not fit into 31 bits")
	errUTF8     = errors.New("is not UTF-8")
	errEntries  = errors.New("stands more than " + strconv.Itoa(MaxEntries) + " times")
	errTooShort = errors.New("has a length that its message has no room for")
)

// fieldError says which field of a message is wrong, as in "field 4.2".
type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string { return "field " + e.path + " " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

func inField(num uint64, err error) error {
	path := strconv.FormatUint(num, 10)
	if inner, ok := err.(*fieldError); ok {
		return &fieldError{path + "." + inner.path, inner.err}
	}
	return &fieldError{path, err}
}

// reader walks the fields of one message. Its methods return a zero value once
// err is set, so that a decoder is one switch and one check at the end.
type reader struct {
	b    []byte
	err  error
	num  uint64 // of the current field
	typ  byte
	seen uint64 // singular fields that have been, by number; all are below 64
}

// next moves to the next field; false at the end or at an error.
func (r *reader) next() bool {
	if r.err != nil || len(r.b) == 0 {
		return false
	}
	if c := r.b[0]; c < 0x80 && c >= 1<<3 { // fields 1 to 15
		r.num, r.typ, r.b = uint64(c>>3), c&7, r.b[1:]
		return true
	}
	tag := r.varint()
	if r.err != nil {
		return false
	}
	r.num, r.typ = tag>>3, byte(tag&7)
	if r.num == 0 || r.num >= 1<<29 {
		r.err = errTag
	}
	return r.err == nil
}

func (r *reader) varint() uint64 {
	var n uint64
	for i, c := range r.b {
		if i == 9 && c > 1 {
			r.err = errVarint
			return 0
		}
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.b = r.b[i+1:]
			return n
		}
	}
	r.err = errCut
	return 0
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = inField(r.num, err)
	}
}

// once refuses a singular field's second occurrence: a parser that takes the
// first and one that takes the last would read two messages.
func (r *reader) once(typ byte) bool {
	if r.typ != typ {
		r.fail(errType)
		return false
	}
	bit := uint64(1) << r.num
	if r.seen&bit != 0 {
		r.fail(errTwice)
		return false
	}
	r.seen |= bit
	return true
}

// piece is the content of a length-delimited field, a part of the input. Its
// capacity ends with it, so that appending to it can't reach the next field.
func (r *reader) piece() []byte {
	n := r.varint()
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.b)) {
		r.fail(errTooShort)
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

// bytes reads a short field, as nearly all are, in this one function: inside a
// WebAssembly guest each further call costs more than the work itself.
func (r *reader) bytes() []byte {
	if bit := uint64(1) << r.num; r.typ == wireBytes && r.seen&bit == 0 && len(r.b) > 0 {
		if n := int(r.b[0]); 0 < n && n < 0x80 && n < len(r.b) {
			p := r.b[1 : 1+n : 1+n]
			r.b, r.seen = r.b[1+n:], r.seen|bit
			return p
		}
	}
	if !r.once(wireBytes) {
		return nil
	}
	if p := r.piece(); len(p) > 0 {
		return p
	}
	return nil
}

// raw is a field that the schema calls bytes and Go calls a string: text as it
// was received, in no particular encoding.
func (r *reader) raw() string { return asString(r.bytes()) }

// text is a field that the schema calls a string: it must be UTF-8.
func (r *reader) text() string { return r.utf8(r.bytes()) }

func (r *reader) utf8(p []byte) string {
	if !utf8.Valid(p) {
		r.fail(errUTF8)
		return ""
	}
	return asString(p)
}

func (r *reader) uint() uint64 {
	if !r.once(wireVarint) {
		return 0
	}
	return r.varint()
}

// enum refuses what a protobuf library would cut to 32 bits, and so read as
// another value than we do.
func (r *reader) enum() uint64 {
	n := r.uint()
	if n > 1<<31-1 {
		r.fail(errEnum)
		return 0
	}
	return n
}

func (r *reader) bool() bool {
	n := r.uint()
	if n > 1 {
		r.fail(errBool)
	}
	return n == 1
}

// item is one entry of a repeated field that has count entries so far.
func (r *reader) item(count int) ([]byte, bool) {
	if r.typ != wireBytes {
		r.fail(errType)
		return nil, false
	}
	if count == MaxEntries {
		r.fail(errEntries)
		return nil, false
	}
	p := r.piece()
	return p, r.err == nil
}

func (r *reader) texts(list []string) []string {
	if p, ok := r.item(len(list)); ok {
		list = append(list, r.utf8(p))
	}
	return list
}

// skip passes over a field that this version does not know. Groups are refused:
// they nest without a length, and no message has any.
func (r *reader) skip() {
	n := 0
	switch r.typ {
	case wireVarint:
		r.varint()
	case wireBytes:
		r.piece()
	case wireFixed64:
		n = 8
	case wireFixed32:
		n = 4
	default:
		r.err = errTag
	}
	if n > len(r.b) {
		r.err = errCut
	} else {
		r.b = r.b[n:]
	}
}

// asString shares p's memory. That is safe because p is a part of the private
// copy that Unmarshal made, and no []byte of a message overlaps a string of it.
func asString(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

// message is what the generic code below needs of a message type.
type message[T any] interface {
	*T
	appendTo(b []byte) []byte
	read(r *reader)
}

// messages reads one more entry of a repeated message field.
func messages[T any, P message[T]](r *reader, list []T) []T {
	p, ok := r.item(len(list))
	if !ok {
		return list
	}
	list = append(list, *new(T))
	within(r, P(&list[len(list)-1]), p)
	return list
}

// within reads a nested message with the same reader, which so is allocated
// once, and puts the field's number before its errors.
func within[T any, P message[T]](r *reader, m P, p []byte) {
	outer := *r
	if outer.err != nil {
		return
	}
	*r = reader{b: p}
	m.read(r)
	err := r.err
	*r = outer
	if err != nil {
		r.fail(err)
	}
}

// unmarshal reads a whole message out of a copy of b. Strings and bytes point
// into that one copy, so a message costs one allocation and its lists, and
// stays true when b is used again.
func unmarshal[T any, P message[T]](m P, b []byte) error {
	*m = *new(T)
	r := reader{b: append([]byte(nil), b...)}
	m.read(&r)
	if r.err != nil {
		*m = *new(T)
	}
	return r.err
}
