package needle

import (
	"encoding/binary"
	"math/bits"
)

// reference decodes a character reference of HTML.
func (u *unescaper) reference(i int) (rune, int) {
	c, j := rune('&'), i+1
	if j < len(u.b) && u.b[j] != '#' && (u.b[j]|0x20 < 'a' || u.b[j]|0x20 > 'z') {
		return c, j
	}
	for c == '&' {
		v, next := u.referenceBody(j, i+maxToken)
		if v < 0 {
			break
		}
		c, j, u.kind = v, next, HTML
	}
	return c, j
}

// referenceBody decodes what follows an "&", which ends before limit: -1 where it
// is no reference.
func (u *unescaper) referenceBody(j, limit int) (v rune, next int) {
	if j+9 < min(limit, len(u.b)) { // nearly all are told by the next few bytes
		word, end := binary.LittleEndian.Uint64(u.b[j:]), j
		switch {
		case byte(word) != '#':
			v, next = nameIn(word)
		case byte(word>>8)|0x20 == 'x':
			end += len("#x")
			v, next = hexIn(binary.LittleEndian.Uint64(u.b[end:]))
		default:
			end += len("#")
			v, next = decimalIn(binary.LittleEndian.Uint64(u.b[end:]))
		}
		if next += end; v >= 0 && u.b[next] == ';' {
			next++
		}
		if v != unknown {
			return v, next
		}
	}
	end := j
	for ; end < limit; end++ {
		if end == len(u.b) {
			u.cut = !u.whole
			break
		}
		c := u.b[end]
		if c == '#' && end == j {
			return u.number(end+1, limit)
		}
		if unhex[c] > 9 && (c|0x20 < 'a' || c|0x20 > 'z') || end-j == 12 { // VerticalLine
			break
		}
	}
	if end == limit || end == len(u.b) || u.b[end] != ';' {
		return -1, j
	}
	if v, ok := entities[string(u.b[j:end])]; ok {
		return v, end + 1
	}
	return -1, j
}

// number decodes what follows an "&#". Browsers do so without a ";", too.
func (u *unescaper) number(i, limit int) (rune, int) {
	base := byte(10)
	if i < min(limit, len(u.b)) && u.b[i]|0x20 == 'x' {
		base = 16
		i++
	}
	v, j := rune(0), i
	for ; j < limit && j < len(u.b) && unhex[u.b[j]] < base; j++ {
		if v = min(v*rune(base)+rune(unhex[u.b[j]]), 0x110000); v == 0x110000 && limit <= len(u.b) {
			return -1, i // wherever its digits end
		}
	}
	switch {
	case j == limit:
		return -1, i
	case j == len(u.b):
		u.cut = !u.whole
	case u.b[j] == ';' && j > i && v < 0x110000:
		return v, j + 1
	}
	if j == i || v == 0x110000 {
		return -1, i
	}
	return v, j
}

// entities are the names that HTML has for ASCII.
var entities = map[string]rune{
	"Tab": '\t', "NewLine": '\n', "excl": '!', "quot": '"', "QUOT": '"', "num": '#', "dollar": '$', "percnt": '%', "amp": '&',
	"AMP": '&', "apos": '\'', "lpar": '(', "rpar": ')', "ast": '*', "midast": '*', "plus": '+', "comma": ',', "period": '.',
	"sol": '/', "colon": ':', "semi": ';', "lt": '<', "LT": '<', "equals": '=', "gt": '>', "GT": '>', "quest": '?',
	"commat": '@', "lsqb": '[', "lbrack": '[', "bsol": '\\', "rsqb": ']', "rbrack": ']', "Hat": '^', "lowbar": '_',
	"UnderBar": '_', "grave": '`', "lcub": '{', "lbrace": '{', "verbar": '|', "vert": '|', "VerticalLine": '|', "rcub": '}',
	"rbrace": '}', "dash": '-', "hyphen": '-',
}

// A character reference that is told by eight bytes, as nearly all are, is taken apart
// with no loop over them. unknown is the value of what they do not tell.
const unknown = -2

// eight is a word of that byte.
func eight(c byte) uint64 { return 0x0101010101010101 * uint64(c) }

// decimalIn is the number that a word begins with, and how many digits it has: -1 where it
// is none, or no character. (The sum of eight digits is Lemire's, "Quickly parsing
// eight digits", 2018.)
func decimalIn(word uint64) (v rune, n int) {
	digits := word ^ eight('0')
	n = bits.TrailingZeros64((digits+eight(6)|digits)&eight(0xf0)) / 8
	switch n {
	case 0:
		return -1, 0
	case 8:
		return unknown, 0
	}
	const mask = 0x000000ff000000ff
	digits <<= 64 - 8*n // zeros in front
	digits = digits*10 + digits>>8
	return character((digits&mask*(100+1000000<<32) + digits>>16&mask*(1+10000<<32)) >> 32), n
}

// hexIn is so with a hex number.
func hexIn(word uint64) (v rune, n int) {
	var x uint64
	for ; unhex[byte(word)] < 16; word >>= 8 {
		if n++; n == 8 {
			return unknown, 0
		}
		x = x<<4 | uint64(unhex[byte(word)])
	}
	if n == 0 {
		return -1, 0
	}
	return character(x), n
}

// character is a number as a character, -1 where there is no such one.
func character(x uint64) rune {
	if x >= 0x110000 {
		return -1
	}
	return rune(x)
}

// nameIn is what the name stands for that a word begins with, up to a semicolon.
func nameIn(word uint64) (v rune, n int) {
	others := word ^ eight(';')
	if n = bits.TrailingZeros64((others-eight(1))&^others&eight(0x80)) / 8; n == 8 {
		return unknown, 0
	}
	word &= ^uint64(0) >> (56 - 8*n) // with the semicolon, which ends it
	for at := nameHash(word); ; at++ {
		if name := &names[at]; name.word == word || name.word == 0 {
			return name.value, n
		}
	}
}

func nameHash(word uint64) uint8 { return uint8(word * 0x9e3779b97f4a7c15 >> 56) }

// names are those of entities that are shorter than a word, by their hash.
var names = func() (table [256]struct {
	word  uint64
	value rune
}) {
	for at := range table {
		table[at].value = -1
	}
	for name, value := range entities {
		if len(name) >= 8 {
			continue
		}
		word := wordAt([]byte(name+";"), 0)
		at := nameHash(word)
		for table[at].word != 0 {
			at++
		}
		table[at].word, table[at].value = word, value
	}
	return table
}()
