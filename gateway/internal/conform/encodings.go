package conform

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// encodings: the plan for a view does not depend on how the view is written.
// Later hosts add fields, and other codecs write numbers and fields otherwise;
// ABI.md §3 has a reader take them all.
func (t *tester) encodings(*Result) (string, error) {
	views := t.samples.views(sampled / 2)
	for _, v := range views {
		raw := v.Marshal()
		want, err := t.call(raw)
		if err != nil {
			return "", fmt.Errorf("%s: %w", describe(v), err)
		}
		for _, how := range rewritings {
			got, err := t.call(how.write(raw, viewHeaders))
			if err != nil {
				return "", fmt.Errorf("%s, written with %s: %w: a reader must take it (ABI.md §3)", describe(v), how.with, err)
			}
			if !bytes.Equal(got, want) {
				return "", fmt.Errorf("%s, written with %s: the plan was another: a reader must take it as the same (ABI.md §3)", describe(v), how.with)
			}
		}
	}
	return fmt.Sprintf("%d requests, each written in %d other ways", len(views), len(rewritings)), nil
}

// viewHeaders and headHeaders are the fields of a View and an AnswerHead that
// are messages themselves.
const (
	viewHeaders = 8
	headHeaders = 2
)

// rewritings write a message otherwise without changing what it says. nested is
// the number of the one field that is a message.
var rewritings = []struct {
	with  string
	write func(raw []byte, nested uint64) []byte
}{
	{"unknown fields", func(raw []byte, nested uint64) []byte { return rewrite(raw, nested, withUnknown) }},
	{"its fields in another order", func(raw []byte, nested uint64) []byte { return rewrite(raw, nested, reordered) }},
	{"longer numbers", func(raw []byte, nested uint64) []byte { return rewrite(raw, nested, withLongNumbers) }},
	{"its defaults written out", writeDefaults},
}

// part is one field of a message: its number, and its content with the length
// taken off where it has one.
type part struct {
	number uint64
	bytes  []byte // nil for a number
	value  uint64
}

// split takes apart a message that the codec has written.
func split(raw []byte) (parts []part) {
	for len(raw) > 0 {
		tag, n := binary.Uvarint(raw)
		raw = raw[n:]
		value, n := binary.Uvarint(raw)
		raw = raw[n:]
		p := part{number: tag >> 3, value: value}
		if tag&7 == 2 {
			p.bytes = append([]byte{}, raw[:value]...)
			raw = raw[value:]
		}
		parts = append(parts, p)
	}
	return parts
}

// rewrite writes a message, and those in its nested field, in some other way.
func rewrite(raw []byte, nested uint64, write func([]part) []byte) []byte {
	parts := split(raw)
	for i := range parts {
		if p := &parts[i]; p.number == nested {
			p.bytes = append([]byte{}, write(split(p.bytes))...) // never nil: it is no number
		}
	}
	return write(parts)
}

func (p part) append(b []byte, number func([]byte, uint64) []byte) []byte {
	if p.bytes == nil {
		return number(number(b, p.number<<3), p.value)
	}
	b = number(number(b, p.number<<3|2), uint64(len(p.bytes)))
	return append(b, p.bytes...)
}

// unknown are fields of each wire type that a reader must skip, with numbers that
// no version has yet: one that takes a byte less than most, and the highest.
var unknown = []byte("\xa0\x3f\x01" + // 1012, a number
	"\xa1\x3f\x01\x02\x03\x04\x05\x06\x07\x08" + // 1012, eight bytes
	"\xa2\x3f\x05\x0a\x03new" + // 1012, what looks like a message
	"\xa5\x3f\x01\x02\x03\x04" + // 1012, four bytes
	"\xfa\xff\xff\xff\x0f\x00") // 2²⁹−1, empty

func withUnknown(parts []part) []byte {
	b := bytes.Clone(unknown)
	for _, p := range parts {
		b = append(p.append(b, binary.AppendUvarint), unknown...)
	}
	return b
}

// reordered writes the fields from the last number to the first; entries of one
// number stay in their order.
func reordered(parts []part) (b []byte) {
	for end := len(parts); end > 0; {
		begin := end - 1
		for begin > 0 && parts[begin-1].number == parts[end-1].number {
			begin--
		}
		for _, p := range parts[begin:end] {
			b = p.append(b, binary.AppendUvarint)
		}
		end = begin
	}
	return b
}

func withLongNumbers(parts []part) (b []byte) {
	for _, p := range parts {
		b = p.append(b, appendLong)
	}
	return b
}

// appendLong writes a number in one byte more than it needs.
func appendLong(b []byte, v uint64) []byte {
	b = binary.AppendUvarint(b, v)
	b[len(b)-1] |= 0x80
	return append(b, 0)
}

// writeDefaults adds the fields that the message leaves out, with nothing in them.
func writeDefaults(raw []byte, nested uint64) []byte {
	there := map[uint64]bool{}
	for _, p := range split(raw) {
		there[p.number] = true
	}
	b := bytes.Clone(raw)
	for _, f := range viewFields[nested] {
		if !there[f.number] {
			b = f.append(b, binary.AppendUvarint)
		}
	}
	return b
}

// viewFields are the singular fields of a View and of an AnswerHead.
var viewFields = map[uint64][]part{
	viewHeaders: append(empty(1, 2, 3, 4, 5, 6, 7, 9, 10, 13, 14), part{number: 11}, part{number: 12}),
	headHeaders: append(empty(3, 4, 5, 6), part{number: 1}),
}

func empty(numbers ...uint64) (parts []part) {
	for _, n := range numbers {
		parts = append(parts, part{number: n, bytes: []byte{}})
	}
	return parts
}

// scrub: whatever head an upstream sends, the guest adds to the scrubbing or
// does not, and says the same each time.
func (t *tester) scrub(*Result) (string, error) {
	heads := t.samples.heads()
	for _, h := range heads {
		raw := h.head.Marshal()
		var want []byte
		for i, in := range append([][]byte{raw, raw}, others(raw)...) {
			if i == 1 {
				if _, err := t.trial.Fresh(); err != nil {
					return "", err
				}
			}
			out, _, err := t.trial.Call(abi.ExportScrub, in)
			if err == nil {
				err = t.judgeScrub(out)
			}
			if err != nil {
				return "", fmt.Errorf("an answer with %s: %w", h.what, err)
			}
			if i == 0 {
				want = out
			}
			if !bytes.Equal(out, want) {
				return "", fmt.Errorf("an answer with %s: the scrub plan was another, the second time or with its head written otherwise", h.what)
			}
		}
	}
	return fmt.Sprintf("%d heads of answers", len(heads)), nil
}

func others(raw []byte) (list [][]byte) {
	for _, how := range rewritings {
		list = append(list, how.write(raw, headHeaders))
	}
	return list
}
