package strictjson

import (
	"strconv"
	"unicode/utf8"
)

// parser reads text, which is valid UTF-8. Where a Value is given it is filled
// in; without one the text is only checked.
type parser struct {
	text []byte
	at   int
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end: no value begins with that.
func (p *parser) peek() byte {
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// take says whether c came next, and passes it.
func (p *parser) take(c byte) bool {
	if p.peek() != c || p.at == len(p.text) {
		return false
	}
	p.at++
	return true
}

func (p *parser) value(v *Value, depth int) error {
	start := p.at
	kind, err := p.one(v, depth)
	if v != nil && err == nil {
		v.kind, v.raw, v.offset = kind, p.text[start:p.at:p.at], start
	}
	return err
}

func (p *parser) one(v *Value, depth int) (Kind, error) {
	switch c := p.peek(); {
	case (c == '{' || c == '[') && depth == MaxDepth:
		return Missing, errSyntax
	case c == '{':
		return Object, p.object(v, depth)
	case c == '[':
		return Array, p.array(v, depth)
	case c == '"':
		text, err := p.str()
		if v != nil {
			v.text = text
		}
		return String, err
	case c == '-' || c >= '0' && c <= '9':
		return Number, p.number()
	case c == 't':
		return Bool, p.word("true")
	case c == 'f':
		return Bool, p.word("false")
	case c == 'n':
		return Null, p.word("null")
	}
	return Missing, errSyntax
}

func (p *parser) word(w string) error {
	if len(p.text)-p.at < len(w) || string(p.text[p.at:p.at+len(w)]) != w {
		return errSyntax
	}
	p.at += len(w)
	return nil
}

func (p *parser) array(v *Value, depth int) error {
	p.at++
	if p.space(); p.take(']') {
		return nil
	}
	for {
		var item *Value
		if v != nil {
			item = new(Value)
			v.items = append(v.items, item)
		}
		p.space()
		if err := p.value(item, depth+1); err != nil {
			return err
		}
		if p.space(); p.take(']') {
			return nil
		}
		if !p.take(',') {
			return errSyntax
		}
	}
}

func (p *parser) object(v *Value, depth int) error {
	p.at++
	if p.space(); p.take('}') {
		return nil
	}
	var seen names
	for {
		p.space()
		if p.peek() != '"' {
			return errSyntax
		}
		name, err := p.str()
		if err != nil {
			return err
		}
		if !seen.add(name) {
			return ErrTwice
		}
		if p.space(); !p.take(':') {
			return errSyntax
		}
		var member *Value
		if v != nil {
			member = new(Value)
			v.members = append(v.members, Member{name, member})
		}
		p.space()
		if err := p.value(member, depth+1); err != nil {
			return err
		}
		if p.space(); p.take('}') {
			return nil
		}
		if !p.take(',') {
			return errSyntax
		}
	}
}

// names are those of one object so far: few objects have more than some.
type names struct {
	few  []string
	many map[string]bool
}

const few = 16

func (n *names) add(name string) bool {
	if n.many == nil && len(n.few) < few {
		for _, other := range n.few {
			if other == name {
				return false
			}
		}
		n.few = append(n.few, name)
		return true
	}
	if n.many == nil {
		n.many = make(map[string]bool, 4*few)
		for _, other := range n.few {
			n.many[other] = true
		}
	}
	if n.many[name] {
		return false
	}
	n.many[name] = true
	return true
}

// number reads RFC 8259 §6: no leading zeros, digits around the point.
func (p *parser) number() error {
	p.take('-')
	if !p.take('0') && !p.digits() {
		return errSyntax
	}
	if p.take('.') && !p.digits() {
		return errSyntax
	}
	if p.take('e') || p.take('E') {
		if !p.take('+') {
			p.take('-')
		}
		if !p.digits() {
			return errSyntax
		}
	}
	return nil
}

func (p *parser) digits() bool {
	start := p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	return p.at > start
}

// str reads a string and decodes it.
func (p *parser) str() (string, error) {
	p.at++
	start := p.at
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return string(p.text[start : p.at-1]), nil
		case c == '\\':
			return p.escaped(append([]byte(nil), p.text[start:p.at]...))
		case c < ' ':
			return "", errSyntax
		}
	}
	return "", errSyntax
}

// escaped goes on behind what was read without an escape.
func (p *parser) escaped(out []byte) (string, error) {
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == '"':
			return string(out), nil
		case c < ' ':
			return "", errSyntax
		case c != '\\':
			out = append(out, c)
			continue
		}
		c = p.peek()
		p.at++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := p.unicode()
			if !ok {
				return "", errSyntax
			}
			out = utf8.AppendRune(out, r)
		default:
			return "", errSyntax
		}
	}
	return "", errSyntax
}

// unicode reads what follows \u, and the second half of a pair. A surrogate by
// itself is no character: parsers make different things of it.
func (p *parser) unicode() (rune, bool) {
	high, ok := p.hex4()
	switch {
	case !ok || high >= 0xdc00 && high < 0xe000:
		return 0, false
	case high < 0xd800 || high >= 0xe000:
		return high, true
	}
	if !p.take('\\') || !p.take('u') {
		return 0, false
	}
	low, ok := p.hex4()
	if !ok || low < 0xdc00 || low >= 0xe000 {
		return 0, false
	}
	return (high-0xd800)<<10 + (low - 0xdc00) + 0x10000, true
}

func (p *parser) hex4() (rune, bool) {
	if len(p.text)-p.at < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.text[p.at:p.at+4]), 16, 16)
	p.at += 4
	return rune(n), err == nil
}
